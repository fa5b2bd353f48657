import pytest
from django.core.management import CommandError, call_command

from crm.models import ApiKey, User
from customers.models import Source

pytestmark = pytest.mark.django_db


def test_create_api_key_prints_the_key_alone_and_it_works(client, capsys):
    call_command("create_api_key", "Warehouse")
    key = capsys.readouterr().out.strip()
    stored = ApiKey.objects.get()
    assert stored.digest == ApiKey.hash(key)
    assert stored.scopes == ["read", "write"]
    assert stored.user.role == "ops"
    assert not stored.user.has_usable_password()
    assert "\n" not in key


def test_create_api_key_takes_scopes_and_refuses_unknown_ones(capsys):
    call_command("create_api_key", "Reader", "--scopes", "read", "read:accounts,write:events")
    assert ApiKey.objects.get().scopes == ["read", "read:accounts", "write:events"]
    with pytest.raises(CommandError, match="Unknown scope 'everything'"):
        call_command("create_api_key", "Other", "--scopes", "everything")


def test_createsuperuser_asks_for_e_mail_and_password_and_makes_an_administrator(client, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "first@tenure.example")
    monkeypatch.setattr("getpass.getpass", lambda prompt="Password: ": asked.append(prompt) or "a long Phrase 77")
    terminal = type("Terminal", (), {"isatty": lambda self: True})()
    call_command("createsuperuser", stdin=terminal, verbosity=0)
    assert asked == ["E-mail: ", "Password: ", "Password (again): "]
    made = User.objects.get()
    assert (made.username, made.role, made.is_staff, made.is_superuser) == ("first@tenure.example", "admin", True, True)
    client.post("/login/", {"login": "First@tenure.example", "password": "a long Phrase 77"})
    assert client.get("/admin/").status_code == 200


def test_createsuperuser_without_questions_takes_the_password_from_the_environment(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long Phrase 77")
    call_command("createsuperuser", "--noinput", "--email", "first@tenure.example", verbosity=0)
    made = User.objects.get()
    assert (made.username, made.role, made.check_password("a long Phrase 77")) == (made.email, "admin", True)
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", "--noinput", "--email", "first@tenure.example", verbosity=0)


def test_people_are_made_by_e_mail():
    made = User.objects.create_user("Ada@TENURE.example", "a long Phrase 77", first_name="Ada")
    assert (made.email, made.username, made.role, made.is_staff) == ("Ada@tenure.example", "Ada@tenure.example", "csm", False)
    assert not User.objects.create_user("bob@tenure.example").has_usable_password()
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("")


def test_create_source_prints_the_write_key_alone(capsys):
    call_command("create_source", "Web App", "--kind", "segment")
    source = Source.objects.get()
    assert capsys.readouterr().out == f"{source.write_key}\n"
    assert (source.key, source.kind, len(source.write_key)) == ("web-app", "segment", 48)
    with pytest.raises(CommandError, match="already"):
        call_command("create_source", "Web app")
    with pytest.raises(CommandError, match="letter or digit"):
        call_command("create_source", "…")
