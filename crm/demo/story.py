"""What the customers do each day, as messages of the tracking API. Pure: (company, day, seed) in, messages out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from crm.demo.cast import DAYS, SEASON, Company, Person
from crm.demo.names import OUTAGES, TICKETS

NAMESPACE = UUID("7a3f3c2e-0d5e-5b9e-a2d7-71756179736d")
CALLS_A_LOGIN = {"starter": 60, "growth": 700, "scale": 4200}
LAST_OUTAGE = DAYS - 5
ALLOWANCE = {"starter": 2_000, "growth": 30_000, "scale": 250_000}


@dataclass(frozen=True)
class Day:
    """One day of the story: its number, its date and the first day's date."""

    n: int
    date: date
    seed: int

    def at(self, minute: int) -> datetime:
        return datetime.combine(self.date, time(0), UTC) + timedelta(minutes=minute)

    def rng(self, *parts: object) -> Random:
        return Random(f"{self.seed}:{self.n}:{':'.join(map(str, parts))}")  # noqa: S311 a story, not a secret


def product_messages(cast: list[Company], day: Day) -> list[dict[str, Any]]:
    """What the product's own tracking sends on this day: sign-ups, logins, reports, API use. In order of time."""
    found = [m for c in cast if c.active(day.n) for m in (*arrivals(c, day), *usage(c, day))]
    return sorted(found, key=lambda m: (m["timestamp"], m["messageId"]))


def arrivals(c: Company, day: Day) -> Iterator[dict[str, Any]]:
    if day.n != c.joins:
        return
    created = day.at(500) - timedelta(days=c.older)
    traits = {"name": c.name, "domain": c.domain, "industry": c.trade, "employees": c.seats * 12, "createdAt": created.isoformat()}
    yield message("group", day, 500, c.people[0], f"g{c.n}", groupId=c.group_id, traits=traits)
    for i, person in enumerate(c.people):
        first, _, last = person.name.partition(" ")
        traits = {"name": person.name, "firstName": first, "lastName": last, "email": person.email, "title": person.title}
        yield message("identify", day, 501 + i, person, f"i{c.n}.{i}", traits=traits)
        yield message("group", day, 501 + i, person, f"m{c.n}.{i}", groupId=c.group_id, traits={})


def usage(c: Company, day: Day) -> Iterator[dict[str, Any]]:
    rng = day.rng("use", c.n)
    logins = logins_on(c, day, rng)
    for i in range(logins):
        person = rng.choice(c.people)
        minute = rng.randint(420, 1080)
        yield track("login", c, person, day, minute, f"l{c.n}.{i}", {})
        if rng.random() < 0.45:
            yield track("report viewed", c, person, day, minute + 3, f"r{c.n}.{i}", {"report": rng.choice(("daily", "weekly", "carrier"))})
    calls = api_calls(c, day, logins, rng)
    if calls:
        yield track("api_call", c, c.people[0], day, 1085, f"a{c.n}", {"quantity": calls})


def logins_on(c: Company, day: Day, rng: Random) -> int:
    """Logins of a day: weekends are quiet, seasons move, who fades comes less and less."""
    if day.date.weekday() >= 5 and rng.random() < 0.9:
        return 0
    rate = c.pace * season(c, day) * phase(c, day.n) * holidays(day)
    return min(int(rate) + (rng.random() < rate % 1), 6)


def season(c: Company, day: Day) -> float:
    return SEASON.get(c.trade, (1.0,) * 12)[day.date.month - 1]


def holidays(day: Day) -> float:
    return 0.25 if (day.date.month, day.date.day) >= (12, 23) or (day.date.month, day.date.day) <= (1, 2) else 1.0


def phase(c: Company, n: int) -> float:
    """1 in good times; towards 0.1 within six weeks of fading; growth over a year; nothing after leaving."""
    if c.leaves is not None and n >= c.leaves:
        return 0.0
    if c.recovers is not None and n >= c.recovers:
        return 1.0
    if c.fades is not None and n >= c.fades:
        return max(0.1, 1 - (n - c.fades) / 22)
    if c.temper == "growing":
        return 1.0 + min((n - c.joins) / 260, 1.2)
    return min(1.0, 0.5 + (n - c.joins) / 30) if not c.older else 1.0


def api_calls(c: Company, day: Day, logins: int, rng: Random) -> int:
    plan = plan_on(c, day.n)
    return int(logins * CALLS_A_LOGIN[plan] * (0.7 if c.temper != "growing" else 1.9) * rng.uniform(0.6, 1.4)) if logins else 0


def plan_on(c: Company, n: int) -> str:
    upgraded = c.upgrades is not None and n > c.upgrades
    return {"starter": "growth", "growth": "scale"}.get(c.plan, c.plan) if upgraded else c.plan


def status_messages(cast: list[Company], day: Day) -> list[dict[str, Any]]:
    """What the status page and the help desk send: an outage about every three weeks, tickets, more of them after an outage."""
    rng = day.rng("status")
    out = [m for c in cast if c.active(day.n) and c.joins < day.n for m in tickets(c, day)]
    if rng.random() < 0.045 or day.n == LAST_OUTAGE:
        out += outage(cast, day, rng)
    return sorted(out, key=lambda m: (m["timestamp"], m["messageId"]))


def outage(cast: list[Company], day: Day, rng: Random) -> Iterator[dict[str, Any]]:
    title, severity, minutes = rng.choice(OUTAGES), rng.choice(("sev1", "sev2", "sev2", "sev3")), rng.randint(12, 160)
    if day.n == LAST_OUTAGE:
        severity, minutes = "sev1", 94
    props = {"incident_id": f"inc-{day.n}", "title": title, "severity": severity, "downtime_minutes": minutes}
    start = rng.randint(480, 800)
    for c in cast:
        if c.active(day.n) and c.joins < day.n and day.rng("hit", c.n).random() < 0.12:
            yield track("incident.resolved", c, c.people[0], day, start + minutes, f"o{c.n}", props)


def tickets(c: Company, day: Day) -> Iterator[dict[str, Any]]:
    rng = day.rng("ticket", c.n)
    if day.date.weekday() < 5 and rng.random() < (0.035 if c.temper == "fading" else 0.014):
        person, subject = rng.choice(c.people), rng.choice(TICKETS)
        props = {"ticket_id": f"t{c.n}-{day.n}", "subject": subject, "priority": rng.choice(("normal", "normal", "high"))}
        minute = rng.randint(480, 900)
        yield track("ticket.opened", c, person, day, minute, f"t{c.n}", props)
        if rng.random() < 0.8:
            yield track("ticket.solved", c, person, day, minute + rng.randint(20, 160), f"s{c.n}", props)


def track(event: str, c: Company, person: Person, day: Day, minute: int, key: str, props: dict[str, Any]) -> dict[str, Any]:
    return message("track", day, minute, person, key, event=event, properties=props, context={"groupId": c.group_id})


def message(kind: str, day: Day, minute: int, person: Person, key: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "messageId": str(uuid5(NAMESPACE, f"{day.seed}:{day.n}:{key}")),
        "timestamp": day.at(minute).isoformat().replace("+00:00", "Z"),
        "userId": person.user_id,
        **more,
    }
