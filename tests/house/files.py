"""The files of the repository, as the tests about it see them."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("crm", "customers", "billing", "playbooks")


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control, or about to be; without git (an unpacked archive) all files beside the state."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not {".venv", ".tenure", "__pycache__"} & set(path.parts)]
    return tuple(path for path in found if path.is_file())


def texts(*patterns: str, below: tuple[str, ...] = ("",)) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of tracked files whose name matches one of the patterns, below one of the folders."""
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if name.startswith(below) and any(path.match(pattern) for pattern in patterns):
            yield name, path.read_text(errors="replace")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Our Python modules without tests and migrations, parsed."""
    for name, text in texts("*.py", below=tuple(f"{app}/" for app in APPS)):
        if "/migrations/" not in name:
            yield name, ast.parse(text)


def lines_with(pattern: str, texts: Iterator[tuple[str, str]]) -> list[str]:
    """`path:line: text` of every line in which the pattern is found."""
    found = re.compile(pattern)
    return [f"{name}:{n}: {line.strip()}" for name, text in texts for n, line in enumerate(text.splitlines(), 1) if found.search(line)]
