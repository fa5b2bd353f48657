"""Rules of STYLE.md that ruff cannot see."""

import ast
import re

from tests.house.files import APPS, lines_with, modules, texts

APP_FOLDERS = tuple(f"{app}/" for app in APPS)


def python():
    return ((name, text) for name, text in texts("*.py", below=APP_FOLDERS) if "/migrations/" not in name)


def test_only_the_clock_asks_the_time():
    asking = r"\b(datetime|date)\.(now|today|utcnow)\(|timezone\.now\(|time\.time\("
    assert [line for line in lines_with(asking, python()) if not line.startswith("crm/lib/clock.py")] == []


def test_only_doors_read_the_clock():
    doors = re.compile(
        r"/(views|api|management|admin|ingest|demo|templatetags|dashboards)/|/(jobs|views|admin|doors|health|schedules|auth|api|middleware|idempotency|installation|supervisor|guide|filters)\.py"
    )
    asking = lines_with(r"clock\.now\(\)", python())
    assert [line for line in asking if not doors.search(line.split(":")[0])] == []


def test_every_module_says_what_lives_in_it():
    silent = [name for name, tree in modules() if tree.body and not ast.get_docstring(tree)]
    assert [name for name in silent if not name.endswith(("__init__.py", "apps.py"))] == []


def test_no_ordering_in_meta_no_signals_no_relative_or_star_imports():
    metas = [(name, node) for name, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "Meta"]
    assert [name for name, meta in metas if "ordering" in ast.unparse(meta)] == []
    assert lines_with(r"@receiver\(|post_save|pre_save", python()) == []
    assert lines_with(r"^from \.|import \*", python()) == []


def test_no_module_is_named_for_nothing():
    vague = re.compile(r"/(utils?|helpers?|services?|managers?|misc|common)\.py$")
    assert [name for name, _ in python() if vague.search(name)] == []


def test_no_class_based_views_beside_the_api():
    assert lines_with(r"from django\.views\.generic", python()) == []
