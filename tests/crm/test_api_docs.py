"""docs/api.md: its examples run, its addresses exist."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from crm.api import routes
from customers.identifiers import Alias, claim
from customers.inbox import create_task
from tests.customers.api.conftest import api  # noqa: F401
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
TEXT = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()


def test_the_examples_of_the_docs_run_in_order(api, root):  # noqa: F811
    account = make_account("Acme", owner=root)
    claim(account, Alias("", "domain", "acme.example"), at=NOW)
    task = create_task(account=account, title="Call", at=NOW)
    client = api(root)
    examples = re.findall(r"```http\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) >= 9
    for example in examples:
        line, _, body = example.replace("{account}", str(account.pk)).replace("{task}", str(task.pk)).partition("\n")
        method, url = line.split(" ", 1)
        response = client.generic(method, url, body.strip(), content_type="application/json")
        assert response.status_code in {200, 201}, (line, response.content)


def test_the_json_of_the_docs_is_json():
    assert [json.loads(text)["code"] for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)] == ["invalid"]


def test_every_noun_stands_in_the_docs():
    assert [prefix for prefix, _, _ in routes() if "<" not in prefix and f"`{prefix}/`" not in TEXT] == []
