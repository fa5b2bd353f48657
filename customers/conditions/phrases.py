"""The small words of the English sentences: names, numbers, comparisons, windows, tests on properties."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction

from customers.conditions.durations import Duration
from customers.conditions.nodes import Cmp, Limit, PropTest, ValueTest
from customers.conditions.values import half_up
from customers.conditions.windows import Window

Labels = Mapping[str, str]
PLAIN = re.compile(r"[a-z][a-z_]*")
DAY = re.compile(r"\d{4}-\d\d-\d\d(T|$)")
ALLOWANCE = "plan.allowance."
WORDS = {"eq": "exactly {}", "lt": "less than {}", "lte": "at most {}", "gt": "more than {}", "gte": "at least {}", "ne": "not {}"}
AFTER = {"eq": "exactly {}", "lt": "less than {}", "lte": "{} or less", "gt": "more than {}", "gte": "{} or more", "ne": "anything but {}"}
TESTS = {
    "eq": "is {}",
    "ne": "is not {}",
    "lt": "is less than {}",
    "lte": "is at most {}",
    "gt": "is more than {}",
    "gte": "is at least {}",
}
DATES = {"lt": "is before {}", "lte": "is {} or before", "gt": "is after {}", "gte": "is {} or later"}
NAMED = {
    "billing_period": "this billing period",
    "calendar_month": "last month",
    "calendar_month_to_date": "this month",
    "calendar_quarter": "last quarter",
    "lifetime": "ever",
}
BEFORE = {
    "calendar_month": "the month before",
    "calendar_month_to_date": "the same days of the month before",
    "calendar_quarter": "the quarter before",
}


def one(event: str, labels: Labels) -> str:
    """A single event: `login`, `api call`, `"Report Exported" event`."""
    known = labels.get(event)
    if known or PLAIN.fullmatch(event):
        return known or event.replace("_", " ")
    return f"{event} event" if "." in event and " " not in event else f"“{event}” event"


def many(event: str, labels: Labels) -> str:
    """Several events: `logins`, `queries`, `invoice.paid events`."""
    word = one(event, labels)
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"


def field_name(path: str, labels: Labels) -> str:
    """A trait in words: `renewal date`, `the plan's api calls`; any other dotted path stays as it is."""
    if path.startswith(ALLOWANCE) and path not in labels:
        return f"the plan's {many(path.removeprefix(ALLOWANCE), labels)}"
    return labels.get(path) or (path if "." in path else path.replace("_", " "))


def readable(day: object) -> str:
    """A day, also as ISO text, for people: `18 Feb 2027`. What is no day stays as it is."""
    if isinstance(day, str) and DAY.match(day):
        with suppress(ValueError):  # 31 February
            day = date.fromisoformat(day[:10])
    return f"{day:%-d %b %Y}" if isinstance(day, date) else str(day)


def figure(value: Decimal | Fraction | int) -> str:
    """A number for people: `1,000`, `2.5`."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(value)
    text = f"{half_up(exact, 2):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def limits(cmp: Cmp, unit: str = "", words: Mapping[str, str] = WORDS) -> str:
    """`at least 8`, `60 % or more`, `between 2 and 5`."""
    return " and ".join(_limit(op, each, unit, words) for op, each in cmp.tests)


def _limit(op: str, each: tuple[Decimal, ...], unit: str, words: Mapping[str, str]) -> str:
    if op == "between":
        return f"between {figure(each[0])} and {figure(each[1])}{unit}"
    return words[op].format(f"{figure(each[0])}{unit}")


def over(window: Window) -> str:
    """`over 30 days`, `last month`."""
    return f"over {window.length.words}" if window.length else NAMED[window.name]


def during(window: Window) -> str:
    """`in the last 30 days`, `this month`."""
    return f"in the last {window.length.words}" if window.length else NAMED[window.name]


def against(to: str, window: Window) -> str:
    """`against the 30 days before`."""
    if to == "same_period_last_year":
        return "against the same time last year"
    before = f"the {window.length.words} before" if window.length else BEFORE[window.name]
    if to == "previous":
        return f"against {before}"
    return (
        f"against the average of the three periods before ({window.length.words} each)"
        if window.length
        else "against the average of the three before"
    )


def earlier(offset: Duration | None) -> str:
    """`, seen 7 days earlier`."""
    return f", seen {offset.words} earlier" if offset else ""


def where(tests: tuple[PropTest, ...]) -> str:
    """` whose severity is sev1 or sev2 and minutes is at least 30`, empty without tests."""
    said = [f"{each.prop.replace('_', ' ')} {in_words(each.test)}" for each in tests]
    return f" whose {' and '.join(said)}" if said else ""


def in_words(test: ValueTest, currency: str = "") -> str:
    """`is at least 1,000`, `is trial or customer`, `is known`."""
    if test.op == "exists":
        return "is known" if test.limits[0].value else "is not known"
    shown = [limit_words(limit, currency) for limit in test.limits]
    if test.op in ("in", "not_in"):
        return f"is {'not ' if test.op == 'not_in' else ''}{' or '.join(shown)}"
    if test.op in ("contains", "starts_with"):
        return f"{test.op.replace('_', ' ')} {shown[0]}"
    words = DATES if test.limits[0].kind == "date" else TESTS
    return words[test.op].format(shown[0])


def limit_words(limit: Limit, currency: str = "") -> str:
    """A limit in words: `yes`, `nothing`, `1,000 EUR`."""
    if isinstance(limit.value, Decimal):
        return f"{figure(limit.value)} {currency}".strip()
    if isinstance(limit.value, bool):
        return "yes" if limit.value else "no"
    if limit.kind == "date":
        return readable(limit.value)
    return "nothing" if limit.value is None else str(limit.value)
