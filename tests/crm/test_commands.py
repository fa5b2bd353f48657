import pytest
from django.core.management import CommandError, call_command

from crm.models import ApiKey
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


def test_create_source_prints_the_write_key_alone(capsys):
    call_command("create_source", "Web App", "--kind", "segment")
    source = Source.objects.get()
    assert capsys.readouterr().out == f"{source.write_key}\n"
    assert (source.key, source.kind, len(source.write_key)) == ("web-app", "segment", 48)
    with pytest.raises(CommandError, match="already"):
        call_command("create_source", "Web app")
    with pytest.raises(CommandError, match="letter or digit"):
        call_command("create_source", "…")
