"""Plays the story: one day after the other through the public doors, the clock given, resumable at any day.

A day is: store what the customers' systems send, apply it, let our people act (one transaction, with the mark of progress), tick.
Everything is repeatable, so a fill that was killed goes on with the day it was in.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import plans
from crm import schedules
from crm.demo import people
from crm.demo.cast import DAYS, Company, companies, first_day
from crm.demo.names import DOMAIN, PASSWORD, STAFF
from crm.demo.story import ALLOWANCE, Day, product_messages, status_messages
from crm.models import ExchangeRate, Installation, Team, TeamMember, User
from customers import sources
from customers.ingest import apply, receive
from customers.models import Account, Identifier, ScorecardVersion, Source
from playbooks.models import Playbook, PlaybookChange, PlaybookVersion

EVENING = time(20, 0)
RATE = Decimal("1.08")
PRICES = {"starter": (9_900, 99_000), "growth": (49_000, 490_000), "scale": (6_500, 65_000)}
NAMES = {"starter": "Starter", "growth": "Growth", "scale": "Scale"}


@dataclass
class Stage:
    """What a day needs at hand."""

    cast: list[Company]
    staff: dict[str, User]
    product: Source
    status: Source
    accounts: dict[str, Account]
    seed: int


def prepare(*, seed: int, at: datetime) -> None:
    """Make the installation's people, plans and sources, so that somebody can sign in at once. Does nothing the second time."""
    installation = Installation.load()
    if installation.demo:
        return
    start = first_day(at.date())
    with transaction.atomic():
        make_staff()
        make_plans()
        begin(datetime.combine(start, time(0), UTC))
        product, status = (sources.create_source(name, at=at) for name in ("Product", "Status"))
        Source.objects.filter(pk=status.pk).update(shares_ids_with=product.pk)
        ExchangeRate.objects.get_or_create(currency="EUR", day=start - timedelta(days=1000), defaults={"rate": RATE})
        Installation.objects.filter(pk=1).update(
            name="Quayside", currency="USD", demo={"state": "filling", "seed": seed, "first": start.isoformat(), "n": 0, "share": 0}
        )


def begin(at: datetime) -> None:
    """In the story the shipped scorecard and playbooks run from its first day on, so that "why" answers for every day of it."""
    Playbook.objects.update(created_at=at, activated_at=at)
    PlaybookVersion.objects.update(created_at=at)
    PlaybookChange.objects.update(at=at)
    ScorecardVersion.objects.update(created_at=at)


def make_staff() -> None:
    team = Team.objects.create(name="Customer success", key="csm")
    for name, role in STAFF:
        first, _, last = name.partition(" ")
        email = f"{first.lower()}@{DOMAIN}"
        admin = role == "admin"
        user = User(
            username=email, email=email, first_name=first, last_name=last, role=role, is_staff=admin or role == "ops", is_superuser=admin
        )
        user.set_password(PASSWORD)
        user.save()
        if role == "csm":
            TeamMember.objects.create(team=team, user=user)


def make_plans() -> None:
    for rank, key in enumerate(PRICES, start=1):
        plan = plans.create_plan(key=key, name=NAMES[key], rank=rank, is_top=key == "scale", allowances={"api_call": ALLOWANCE[key]})
        model = "unit" if key == "scale" else "flat"
        for currency in ("USD", "EUR"):
            for interval, amount in zip(("month", "year"), PRICES[key], strict=True):
                plans.add_price(plan, model=model, currency=currency, unit_amount=amount, interval=interval)


def fill(*, at: datetime, report: Callable[[int, int, date], None]) -> None:
    """Play every day that is left, up to `at`. `report(day, days, date)` is called after each."""
    stage = set_stage()
    progress = Installation.load().demo
    start = date.fromisoformat(progress["first"])
    for n in range(progress["n"], DAYS):
        play(stage, Day(n, start + timedelta(days=n), stage.seed), at)
        report(n + 1, DAYS, start + timedelta(days=n))
    Installation.objects.filter(pk=1).update(demo={**Installation.load().demo, "state": "full"})


def set_stage() -> Stage:
    progress = Installation.load().demo
    staff = {u.name: u for u in User.objects.filter(email__endswith=f"@{DOMAIN}")}
    product, status = Source.objects.get(key="product"), Source.objects.get(key="status")
    return Stage(companies(progress["seed"]), staff, product, status, known_accounts(product), progress["seed"])


def known_accounts(product: Source) -> dict[str, Account]:
    found = Identifier.objects.filter(scope=product.pk, kind="group_id", account__isnull=False).select_related("account")
    return {i.value: i.account for i in found}


def play(stage: Stage, day: Day, until: datetime) -> None:
    at = min(datetime.combine(day.date, EVENING, UTC), until)
    send(stage.product, product_messages(stage.cast, day), at)
    send(stage.status, status_messages(stage.cast, day), at)
    apply.apply_pending(at=at)
    if any(c.joins == day.n for c in stage.cast):
        stage.accounts = known_accounts(stage.product)
    act(stage, day, at)
    schedules.tick(at=at)


def send(source: Source, messages: list[dict[str, Any]], at: datetime) -> None:
    """One batch of the tracking API, as a library would send it; what lies after `at` has not happened yet."""
    stamp = at.isoformat().replace("+00:00", "Z")
    due = [m for m in messages if m["timestamp"] <= stamp]
    for i in range(0, len(due), 1000):
        body = json.dumps({"batch": due[i : i + 1000], "sentAt": stamp}).encode()
        receive.store(source, body, at=at, path="/v1/batch")


def act(stage: Stage, day: Day, at: datetime) -> None:
    """Our people's part of the day and the mark of progress, together or not at all."""
    by_account = {account.pk: c for c in stage.cast if (account := stage.accounts.get(c.group_id))}
    with transaction.atomic():
        progress = Installation.objects.select_for_update().get(pk=1).demo
        if progress["n"] > day.n:
            return
        people.welcome(stage.cast, stage.accounts, stage.staff, day, at)
        people.introduce(stage.cast, stage.accounts, stage.staff, day, at)
        people.change_minds(stage.cast, stage.accounts, stage.staff, day, at)
        people.pay(by_account, stage.staff, day, at)
        people.call(stage.cast, stage.accounts, stage.staff, day, at)
        people.work_tasks(by_account, day, at)
        mark = {**progress, "n": day.n + 1, "day": f"{day.date:%-d %B %Y}", "share": round((day.n + 1) / DAYS, 3)}
        Installation.objects.filter(pk=1).update(demo=mark)
