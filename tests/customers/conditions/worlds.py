"""Small worlds of a few accounts: drawn at random, kept as plain facts, and stored in the database as the doors would."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from hypothesis import strategies as st

from crm.models import ExchangeRate
from customers import counting
from customers.conditions.durations import day_start, local_day
from customers.conditions.facts import AccountFacts, Change, EventFact, Setting
from customers.models import Account, AccountState

TICK = timedelta(microseconds=1)
PLACES = [
    ("UTC", "2023-05-03T06:00:00"),
    ("Europe/Berlin", "2023-03-26T01:00:00"),
    ("Europe/Berlin", "2023-03-27T06:00:00"),
    ("Europe/Berlin", "2022-10-30T00:30:00"),
    ("Europe/Berlin", "2022-10-30T01:30:00"),
    ("America/New_York", "2023-03-13T04:00:00"),
    ("Pacific/Kiritimati", "2023-01-01T09:59:59.999999"),
    ("Pacific/Pago_Pago", "2023-07-01T11:00:00"),
    ("Asia/Kathmandu", "2020-02-29T12:00:00"),
    ("UTC", "2021-02-28T23:59:59"),
    ("America/Sao_Paulo", "2018-11-05T02:30:00"),
]
EXACT = [0, 90, 180, 360, 36 * 60, 48 * 60, 168 * 60, 336 * 60, 720 * 60]
AGO = [0, 1, 2, 3, 7, 8, 14, 15, 30, 31, 60, 61, 90, 120, 365, 366, 395]
PERIODS = [date(2023, 4, 20), date(2022, 10, 1), date(2018, 11, 1), date(2020, 2, 29), date(2023, 3, 26)]
NAMES = ["login", "api_call"]
PROPS = [
    {},
    {"plan": "pro"},
    {"plan": "free", "n": 3},
    {"n": 10.5, "tags": ["a", "b"]},
    {"plan": None, "paid": True},
    {"n": "3", "paid": 1},
]
MONEY = [
    {"minor": 120000, "currency": "USD"},
    {"minor": 100000, "currency": "EUR"},
    {"minor": 1000, "currency": "JPY"},
    {"minor": 1, "currency": "GBP"},
]
DATES = ["2023-05-03", "2023-02-29", "2022-10-30", "2023-03-27T00:30:00+01:00", "2020-02-29", "soon", "2023-03-26"]
VALUES = {
    "arr": [1000, 1200.5, *MONEY, "1000", True, None, {"minor": "x", "currency": "USD"}],
    "health": ["red", "green", "", 3, None, False, ["red"]],
    "seats": [0, 5, -2.5, True, "5", None],
    "renewal_date": [*DATES, 20230503, None],
    "period_start": ["2023-04-20", "2022-10-01", "2018-11-01", "2020-02-29", "2023-03-26", "2024-01-01", "never", None],
    "period_end": ["2023-05-20", "2022-11-01", "2018-12-01", "2023-06-30", "soon", None],
    "plan.allowance.api_call": [10, 100, 0, "many", None],
    "tag.vip": [True, False, None],
}


@dataclass(frozen=True)
class World:
    """Accounts with their facts, seen from one instant."""

    at: datetime
    accounts: tuple[AccountFacts, ...]
    setting: Setting


def when(draw: st.DrawFn, at: datetime, zone: str) -> datetime:
    """An instant near something that matters: now, a day's border, the windows' borders, last year."""
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return at - timedelta(minutes=draw(st.integers(-30, 4000)))
    if kind == 1:
        return at - timedelta(minutes=draw(st.sampled_from(EXACT)))
    border = draw(st.sampled_from(PERIODS)) if kind == 2 else local_day(at, zone) - timedelta(days=draw(st.sampled_from(AGO)))
    if kind in (2, 3, 4):
        return day_start(border, zone) + TICK * draw(st.integers(-1, 1))
    return day_start(border, zone) + timedelta(minutes=draw(st.integers(0, 1439)))


def learned(draw: st.DrawFn, occurred: datetime, at: datetime) -> datetime:
    """When a fact became known: at once, a little later, days later, or after `at`."""
    delay = draw(st.sampled_from([0, 0, 0, 1, 90, 1440, 4000, 60000]))
    return (
        max(occurred, at + timedelta(minutes=draw(st.integers(-5, 5))))
        if draw(st.integers(0, 9)) == 0
        else occurred + timedelta(minutes=delay)
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone, text = draw(st.sampled_from(PLACES))
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    today = local_day(at, zone)
    rates = {
        "EUR": ((today - timedelta(days=400), Decimal("1.25")), (today - timedelta(days=10), Decimal("1.1"))),
        "JPY": ((today - timedelta(days=5), Decimal("0.007")),),
    }
    since = draw(st.sampled_from([None, None, None, at - timedelta(days=20)]))
    setting = Setting(zone, "USD", rates, since)
    accounts = [draw(account(at, setting, number)) for number in range(1, 4)]
    return World(at, tuple(accounts), setting)


@st.composite
def account(draw: st.DrawFn, at: datetime, setting: Setting, number: int) -> AccountFacts:
    zone = setting.zone
    old = at - timedelta(days=800)
    started = draw(st.sampled_from([old, old, old, at - timedelta(days=60), "near", "near", None]))
    started = when(draw, at, zone) if started == "near" else started
    events = [draw_event(draw, at, zone, number * 1000 + index) for index in range(draw(st.integers(0, 14)))]
    changes = {path: draw_changes(draw, at, zone, values) for path, values in VALUES.items() if draw(st.integers(0, 3))}
    return AccountFacts(number, started, changes, tuple(unique(events)), {}, setting)


def unique(events: list[EventFact]) -> Iterable[EventFact]:
    """Without two events of one name at one instant, whose order is not defined."""
    return {(event.name, event.occurred_at): event for event in events}.values()


def draw_event(draw: st.DrawFn, at: datetime, zone: str, number: int) -> EventFact:
    occurred = when(draw, at, zone)
    known = learned(draw, occurred, at)
    moved = known + timedelta(hours=draw(st.integers(0, 50))) if draw(st.integers(0, 7)) == 0 else None
    quantity = Decimal(draw(st.sampled_from(["1", "1", "2", "0", "10", "0.5", "-1"])))
    props, contact = draw(st.sampled_from(PROPS)), draw(st.integers(0, 3))
    return EventFact(draw(st.sampled_from(NAMES)), occurred, known, quantity, props, contact, moved, str(UUID(int=number)))


def draw_changes(draw: st.DrawFn, at: datetime, zone: str, values: list[object]) -> tuple[Change, ...]:
    found = []
    for index in range(draw(st.integers(1, 3))):
        occurred = when(draw, at, zone)
        key = draw(st.sampled_from(["", "a", "B"]))
        found.append(Change(draw(st.sampled_from(values)), occurred, learned(draw, occurred, at), key, index + 1))
    return tuple(found)


def store(world: World) -> None:
    """Writes the world into the empty tables."""
    facts, zone = world.accounts, world.setting.zone
    Account.objects.bulk_create([Account(id=each.account_id, name="A", folded="a", created_at=world.at) for each in facts])
    AccountState.objects.bulk_create([AccountState(account_id=each.account_id, started_at=each.started_at) for each in facts])
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(currency=code, day=day, rate=rate) for code, rows in world.setting.rates.items() for day, rate in rows]
    )
    store_events(facts, zone)
    store_changes(facts)


def store_events(facts: tuple[AccountFacts, ...], zone: str) -> None:
    rows = [(each.account_id, event) for each in facts for event in each.events]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers_event (account_id, occurred_at, id, contact_id, name, quantity, props, received_at, known_at, attributed_at, late)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    account_id,
                    event.occurred_at,
                    event.id,
                    event.contact_id,
                    event.name,
                    event.quantity,
                    json.dumps(event.props),
                    event.known_at,
                    event.known_at,
                    event.attributed_at,
                    is_late(event, zone),
                )
                for account_id, event in rows
            ],
        )
    counting.recount({(account_id, event.name, local_day(event.occurred_at, zone)) for account_id, event in rows}, zone)


def is_late(event: EventFact, zone: str) -> bool:
    return event.attributed_at is not None or local_day(event.known_at, zone) > local_day(event.occurred_at, zone)


def store_changes(facts: tuple[AccountFacts, ...]) -> None:
    rows = [(each.account_id, path, change) for each in facts for path, changes in each.changes.items() for change in changes]
    newest = {
        (account_id, path): max(each.changes[path], key=lambda c: (c.occurred_at, c.key, c.id))
        for account_id, path, _ in rows
        for each in facts
        if each.account_id == account_id
    }
    ids = {id(change): index for index, (_, _, change) in enumerate(rows)}
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers_traitchange (account_id, id, path, new, type, occurred_at, received_at, known_at, key, actor)"
            " values (%s, %s, %s, %s, 'text', %s, %s, %s, %s, '{}')",
            [(a, ids[id(c)] + 1, path, json.dumps(c.value), c.occurred_at, c.known_at, c.known_at, c.key) for a, path, c in rows],
        )
        cursor.executemany(
            "insert into customers_trait (account_id, contact_id, path, value, type, occurred_at, known_at, confirmed_at, key, source_id)"
            " values (%s, 0, %s, %s, 'text', %s, %s, %s, %s, 0)",
            [(a, path, json.dumps(c.value), c.occurred_at, c.known_at, c.occurred_at, c.key) for (a, path), c in newest.items()],
        )


# Documents of the language


DURATIONS = ["1d", "2d", "7d", "30d", "2w", "60d", "3bd", "48h", "720h", "90m"]
ROLLING = ["1d", "7d", "30d", "6h", "168h", "90m"]
FIXED = ["calendar_month", "calendar_quarter", "calendar_month_to_date"]
OPEN = ["billing_period", "lifetime"]
numbers = st.sampled_from([0, 1, 2, 3, 4, 10, 0.5, -1, 60, 100])


@st.composite
def cmps(draw: st.DrawFn) -> dict:
    op = draw(st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "between"]))
    found = {op: sorted([draw(numbers), draw(numbers)]) if op == "between" else draw(numbers)}
    return found | ({"gte": draw(numbers)} if draw(st.integers(0, 4)) == 0 else {})


WHERES = [
    {"plan": "pro"},
    {"plan": {"ne": "pro"}},
    {"plan": None},
    {"plan": {"in": ["pro", "free"]}},
    {"plan": {"not_in": ["pro"]}},
    {"plan": {"starts_with": "f", "contains": "re"}},
    {"n": {"gte": 3}},
    {"n": {"in": [3, 10.5]}},
    {"n": "3"},
    {"paid": True},
    {"paid": {"eq": 1}},
    {"paid": {"exists": False}, "n": {"exists": True}},
    {"tags": {"contains": "a"}},
]


def optional(draw: st.DrawFn, **choices: st.SearchStrategy) -> dict:
    """Some of the optional keys."""
    return {key.rstrip("_"): draw(strategy) for key, strategy in choices.items() if draw(st.integers(0, 2)) == 0}


events = st.sampled_from(NAMES)
wheres = st.sampled_from(WHERES)
durations = st.sampled_from(DURATIONS)
aggs = st.sampled_from(["sum", "count", "min", "max", "avg", "last", "active_days", "distinct"])


@st.composite
def quantities(draw: st.DrawFn) -> dict:
    window = draw(st.sampled_from([*ROLLING, *FIXED, *OPEN]))
    extra = {} if window in OPEN else optional(draw, offset=st.sampled_from(["1d", "7d", "36h", "1w"]))
    return {"metric": draw(events), "window": window, **extra, **optional(draw, agg=aggs, where=wheres, missing=st.just("unknown"))}


@st.composite
def contrasts(draw: st.DrawFn) -> dict:
    to = draw(st.sampled_from(["previous", "same_period_last_year", "average_of_previous_3"]))
    window = draw(st.sampled_from([*ROLLING, *FIXED]))
    return {"metric": draw(events), "window": window, "to": to, **optional(draw, agg=aggs, min_history=durations)}


@st.composite
def compares(draw: st.DrawFn) -> dict:
    limits = optional(draw, current=cmps(), rise_pct=cmps(), change_abs=cmps(), drop_pct=cmps(), baseline=cmps())
    return {"compare": {**draw(contrasts()), "baseline": draw(cmps()), **limits}}


@st.composite
def usages(draw: st.DrawFn) -> dict:
    forecast = {"forecast": "period_end_linear", "window": draw(st.sampled_from(["billing_period", "calendar_month_to_date"]))}
    window = {"window": draw(st.sampled_from(["billing_period", "30d", "calendar_month_to_date"]))}
    return {"metric": draw(events), "allowance": "plan.allowance.api_call", **(forecast if draw(st.booleans()) else window)}


LIMITS = {
    "arr": [
        {"gte": 1000},
        {"lt": 1250, "currency": "EUR"},
        {"in": [1200, 1000]},
        {"eq": "1000"},
        {"exists": True},
        {"ne": 1250},
        {"gt": 7, "currency": "JPY"},
    ],
    "health": [
        {"eq": "red"},
        {"ne": "red"},
        {"in": ["red", "green"]},
        {"not_in": ["red"]},
        {"contains": "e"},
        {"exists": False},
        {"eq": False},
    ],
    "seats": [{"eq": 5}, {"gte": 0, "lt": 5}, {"eq": True}, {"not_in": [0, 1]}],
    "renewal_date": [{"gte": "2023-03-27"}, {"lt": "2023-03-27"}, {"eq": "2023-05-03"}, {"exists": True}],
}


@st.composite
def fields(draw: st.DrawFn) -> dict:
    path = draw(st.sampled_from(sorted(LIMITS)))
    return {"field": path, **draw(st.sampled_from(LIMITS[path]))}


@st.composite
def leaves(draw: st.DrawFn) -> dict:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(fields())
    if kind in (1, 2):
        return {**draw(quantities()), "is": draw(cmps())}
    if kind in (3, 4):
        return draw(compares())
    if kind == 5:
        return {"usage_of": {**draw(usages()), "pct": draw(cmps())}}
    if kind == 6:
        never = st.sampled_from(["counts_from_start", "matches", "unknown"])
        return {"absent": draw(events), "for": draw(durations), **optional(draw, where=wheres, never=never, grace=durations)}
    if kind == 7:
        window = draw(st.sampled_from([*ROLLING, *FIXED, *OPEN]))
        return {"happened": draw(events), "window": window, **optional(draw, where=wheres, count=cmps())}
    if kind == 8:
        path, side = draw(st.sampled_from(["renewal_date", "period_end"])), draw(st.sampled_from(["within", "overdue"]))
        return {"date": path, side: draw(st.sampled_from(["1d", "30d", "3bd", "1w"]))}
    run = {"event": draw(events), **optional(draw, where=wheres, count=cmps())}
    return draw(st.sampled_from([{"tag": "vip"}, {"since_run_start": run}]))


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=4,
)


@st.composite
def measures(draw: st.DrawFn) -> dict:
    kind = draw(st.integers(0, 7))
    if kind == 0:
        return {"field": draw(st.sampled_from(["arr", "seats", "health"]))}
    if kind in (1, 2):
        return draw(quantities())
    if kind == 3:
        return {"change_pct": {**draw(contrasts()), **optional(draw, baseline=cmps())}}
    if kind == 4:
        return {"usage_of": draw(usages())}
    if kind == 5:
        return {"days_since": draw(events), **optional(draw, where=wheres, never=st.sampled_from(["counts_from_start", "unknown"]))}
    if kind == 6:
        return {"condition": draw(leaves().filter(lambda doc: "since_run_start" not in doc))}
    return draw(st.sampled_from([{"age_days": True}, {"days_until": "renewal_date"}]))


def day(text: str) -> date:
    return date.fromisoformat(text)
