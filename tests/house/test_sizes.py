"""Everything is small. The limits are those of STYLE.md."""

import ast
from statistics import median

from tests.house.files import modules, texts

FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES = 400, 600, 50
MEDIAN_FUNCTION, MEDIAN_FILE = 10, 100


def functions():
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}:{node.name}", node.end_lineno - node.lineno + 1


def files():
    return [(name, text.count("\n")) for name, text in texts("*.py", "*.css", "*.js") if "/migrations/" not in name and ".min." not in name]


def test_no_function_is_long():
    assert [(name, lines) for name, lines in functions() if lines > FUNCTION_LINES] == []


def test_no_file_is_long():
    assert [(name, lines) for name, lines in files() if lines > (TEST_FILE_LINES if name.startswith("tests/") else FILE_LINES)] == []


def test_the_typical_one_is_short():
    assert median(lines for _, lines in functions()) <= MEDIAN_FUNCTION
    assert median(lines for _, lines in files() if lines) <= MEDIAN_FILE
