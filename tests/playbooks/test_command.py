"""`bin/manage playbook …` from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from playbooks.models import Playbook
from tests.factories import make_account
from tests.playbooks.test_runner import SEATS

pytestmark = pytest.mark.django_db


def said(*args: str) -> str:
    out = StringIO()
    call_command("playbook", *args, stdout=out)
    return out.getvalue()


def failing(*args: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("playbook", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(SEATS.replace("becomes_true:", "becomes_tru:").replace("title:", "titel:"))
    return path


def test_check_prints_file_line_column_code_message_and_hint(broken):
    assert failing("check", "playbooks/library/renewal-90.yaml", str(broken)).splitlines() == [
        f"{broken}:7:3 unknown_key `becomes_tru` is not known here (did you mean `becomes_true`?)",
        f"{broken}:9:23 unknown_key `titel` is not known here (did you mean `title`?)",
    ]


def test_sound_files_say_nothing():
    assert said("check", "playbooks/library/renewal-90.yaml", "playbooks/library/login-drop-save.yaml") == ""


def test_activate_takes_a_file_a_shipped_key_and_a_stored_key(tmp_path):
    path = tmp_path / "seats.yaml"
    path.write_text(SEATS)
    assert said("activate", str(path)) == "few-seats runs in new version 1; taken as given: 0\n"
    assert said("activate", "renewal-90") == "renewal-90 runs in new version 1; taken as given: 0\n"
    said("pause", "few-seats")
    assert Playbook.objects.get(key="few-seats").status == "paused"
    assert said("activate", "few-seats") == "few-seats runs in version 1; taken as given: 0\n"
    assert "few-seats" in said("list")


def test_a_broken_file_is_refused_with_its_problems(broken):
    assert f"{broken}:7:3 unknown_key" in failing("activate", str(broken))
    assert not Playbook.objects.exists()


def test_explain_prints_a_sentence_and_the_conditions(tmp_path):
    path = tmp_path / "seats.yaml"
    path.write_text(SEATS)
    said("activate", str(path), "--at", "2026-11-01")
    acme = make_account("Acme", seats=5)
    answer = said("explain", "few-seats", str(acme.pk), "--at", "2026-11-21T00:00:00Z").splitlines()
    assert answer[0].startswith("Did not start on 21 November 2026: seats is 5")
    assert [line.strip().split(":")[0] for line in answer[1:]] == ["for accounts", "yes", "trigger low", "no"]
    assert '"reason": "condition_false"' in said("explain", "few-seats", str(acme.pk), "--at", "2026-11-21", "--json")


@pytest.mark.parametrize("args", [("explain", "none", "1"), ("activate", "no-such"), ("check", "/no/such/file"), ("pause", "none")])
def test_what_is_not_there_is_said(args):
    failing(*args)
