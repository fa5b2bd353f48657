"""The contracts of `.importlinter` hold, and a wrong import is seen."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.files import APPS, ROOT

LINT = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for app in APPS:
        shutil.copytree(ROOT / app, folder / app, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


@pytest.mark.parametrize(
    ("file", "wrong"),
    [
        ("customers/events.py", "import billing.models"),
        ("billing/engine/money_check.py", "import django.db"),
        ("customers/models/account.py", "import customers.events"),
        ("crm/lib/clock.py", "import crm.models"),
    ],
)
def test_a_wrong_import_is_refused(copy, file, wrong):
    path = copy / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{wrong}\n")
    done = lint(copy)
    path.unlink() if before is None else path.write_text(before)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def test_the_contracts_hold(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout
