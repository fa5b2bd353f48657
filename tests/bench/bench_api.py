"""Speed of the REST API: a list of 50 accounts, making a task (with event) and an account (with history), 1,000 events a request.

    python -m tests.bench.bench_api --database postgres://user@host/anything [--accounts 10000] [--requests 200]

Makes and drops a database `tenure_bench_api` on that server. The limit is bare DRF (tests/bench/bare_api.py), asked in turn with
ours in one process through the same middleware. Prints one JSON line a figure: milliseconds at the median and at 95 %.
"""

import argparse
import os
import time
from collections.abc import Callable
from itertools import count
from statistics import median, quantiles
from typing import Any

import django

from tests.bench.harness import database, emit

NAME = "tenure_bench_api"
WARM = 20


def fill(accounts: int) -> tuple[str, int]:
    """Make accounts, each with an owner and a tag. Returns (key of the API, id of an account)."""
    from crm.models import ApiKey, User
    from customers.accounts import create_accounts
    from customers.traits import TraitFact, set_traits_batch
    from tests.factories import NOW

    user = User.objects.create(username="a@b.example", email="a@b.example", first_name="Ada", role="admin")
    made = create_accounts([f"Account {i}" for i in range(accounts)], at=NOW)
    values = {"owner": user.pk, "tag.vip": True, "plan": "pro", "arr": {"minor": 120_000, "currency": "USD"}}
    facts = [TraitFact(a.pk, path, value, NOW) for a in made for path, value in values.items()]
    set_traits_batch(facts, at=NOW, writer="billing")
    key, prefix, digest = ApiKey.generate()
    ApiKey.objects.create(name="bench", prefix=prefix, digest=digest, scopes=["admin"], user=user, created_at=NOW)
    return key, made[0].pk


def in_turn(ours: Callable[[], Any], bare: Callable[[], Any], requests: int) -> tuple[list[float], list[float]]:
    """Milliseconds of both, asked in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    for i in range(requests + WARM):
        for place, ask in enumerate((ours, bare)):
            start = time.perf_counter()
            response = ask()
            spent = (time.perf_counter() - start) * 1000
            if response.status_code not in {200, 201}:
                raise SystemExit(f"answered {response.status_code}: {response.content[:500]!r}")
            if i >= WARM:
                taken[place].append(spent)
    return taken


def say(figure: str, ours: list[float], bare: list[float], goal: float) -> None:
    values = {
        "bench": figure,
        "p50_ms": round(median(ours), 2),
        "p95_ms": round(quantiles(ours, n=20)[-1], 2),
        "limit_p50_ms": round(median(bare), 2),
        "ratio": round(median(ours) / median(bare), 2),
        "goal": goal,
        "met": median(ours) <= goal * median(bare),
    }
    emit(**values)


def measure(key: str, account: int, requests: int) -> None:
    from django.test import Client

    client, numbers = Client(headers={"Authorization": f"Bearer {key}"}), count()

    def post(url: str, body: Any) -> Callable[[], Any]:
        return lambda: client.post(url, body() if callable(body) else body, content_type="application/json")

    task = {"account": account, "title": "Call", "created_at": "2026-11-20T12:00:00Z"}
    bare_create = post("/api/bare/tasks/", task)
    lists = in_turn(lambda: client.get("/api/v1/accounts/"), lambda: client.get("/api/bare/states/"), requests)
    say("REST list of 50 accounts", *lists, goal=2)
    filtered = in_turn(lambda: client.get("/api/v1/accounts/?plan=pro&tag=vip"), lambda: client.get("/api/bare/states/"), requests)
    say("REST list of 50 accounts, filtered", *filtered, goal=3)
    made = in_turn(post("/api/v1/tasks/", {"account": account, "title": "Call"}), bare_create, requests)
    say("REST create of a task, with event", *made, goal=3)
    named = in_turn(post("/api/v1/accounts/", lambda: {"name": f"New {next(numbers)}", "domain": "new.example"}), bare_create, requests)
    say("REST create of an account, with history", *named, goal=3)
    event = {"name": "login", "occurred_at": "2026-11-20T12:00:00Z", "account": {"id": account}}
    start, rounds = time.perf_counter(), 5
    for _ in range(rounds):
        post("/api/v1/events/", [{**event, "key": f"k{next(numbers)}"} for _ in range(1000)])()
    emit(bench="REST events, 1,000 a request", events_per_s=round(1000 * rounds / (time.perf_counter() - start)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL", ""), required="DATABASE_URL" not in os.environ)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args()
    with database(options.database, NAME) as url:
        os.environ.update(
            DATABASE_URL=url, DJANGO_SETTINGS_MODULE="crm.settings", ALLOWED_HOSTS="testserver", API_CALLS_PER_MINUTE="1000000"
        )
        os.environ["STATICFILES_BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        settings.ROOT_URLCONF = "tests.bench.bare_api"
        call_command("migrate", verbosity=0)
        key, account = fill(options.accounts)
        connection.cursor().execute("analyze")
        measure(key, account, options.requests)
        connection.close()


if __name__ == "__main__":
    main()
