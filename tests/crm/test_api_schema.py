"""Random requests made from the schema: no answer is a fault, and every answer is as the schema says."""

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.checks import FailureGroup, not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from crm.wsgi import application
from customers.inbox import create_task
from tests.customers.api.conftest import make_key
from tests.factories import NOW, make_account, make_contact, make_source, make_user

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def key(db: None) -> str:
    """A key that may all, in an installation that holds a little of everything."""
    user = make_user("Root Admin", role="admin", is_superuser=True)
    account = make_account("Acme", owner=user, **{"tag.vip": True})
    make_contact("Jo", "jo@acme.example")
    make_source()
    create_task(account=account, title="Call", at=NOW)
    return make_key(user, "admin")


EXAMPLES = 12


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The server closes its connection around requests; the test's transaction must live on."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    yield
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


def tried(operation: APIOperation, key: str) -> list[str]:
    """What is wrong with the answers to some random requests of one operation."""
    wrong: list[str] = []

    @settings(max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @seed(1)
    @given(case=operation.as_strategy())
    def one(case: Case) -> None:
        with transaction.atomic():
            try:
                case.call_and_validate(headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}, checks=CHECKS)
            except FailureGroup as failures:
                wrong.extend(f"{operation.label}: {failure}" for failure in failures.exceptions)
            transaction.set_rollback(True)

    one()
    return wrong[:1]


def test_no_random_request_finds_a_fault_or_an_answer_beside_the_schema(key, settings, one_connection):
    settings.API_CALLS_PER_MINUTE = 10**9
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application, headers={"Accept": "application/vnd.oai.openapi+json"})
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 40
    assert [fault for operation in operations for fault in tried(operation, key)] == []
