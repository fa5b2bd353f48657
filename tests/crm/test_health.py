from datetime import timedelta

import pytest
from django_q.models import OrmQ

from crm.lib import clock
from crm.schedules import beat

pytestmark = pytest.mark.django_db


def test_everything_alive_is_200_without_signing_in(client):
    beat("worker")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"web": "ok", "database": "ok", "worker": "ok"}}


def test_a_worker_that_never_spoke_is_named(client):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["down"] == ["worker"]


def test_a_silent_worker_is_named_with_its_last_sign_of_life(client):
    beat("worker", at=clock.now() - timedelta(minutes=3))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "last sign of life" in answer.json()["parts"]["worker"]


def test_a_worker_in_the_middle_of_a_long_job_is_alive(client):
    beat("worker", at=clock.now() - timedelta(minutes=3))
    OrmQ.objects.create(key="tenure", payload="x", lock=clock.now() + timedelta(minutes=3))
    assert client.get("/healthz").status_code == 200
