"""Numbers about one account as of an instant, exact: the insides of conditions and all measures."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from customers.conditions.asof import AsOf
from customers.conditions.durations import day_start, local_day
from customers.conditions.nodes import AgeDays, ChangePct, Contrast, DaysSince, DaysUntil, FieldValue, Quantity, Usage
from customers.conditions.spans import LIFETIME, baseline_spans, current_span, needs_events, required_start
from customers.conditions.values import Known, Unknown, as_day, as_number, holds, kind_of
from customers.conditions.windows import Span, span

Number = Known[Fraction] | Unknown


def quantity(of: Quantity, asof: AsOf) -> Number:
    """An aggregate over its window."""
    if of.missing == "unknown" and not _ever(of, asof):
        return Unknown("no_value")
    return _over(of, current_span(of, asof.clock), asof)


def _ever(of: Quantity, asof: AsOf) -> bool:
    return bool(asof.read(of.event, span(LIFETIME, asof.anchor, asof.zone)).count)


def _over(of: Quantity, covered: Span, asof: AsOf) -> Number:
    raw = needs_events(of)
    if asof.gone(covered, raw=raw):
        return Unknown("beyond_retention")
    value = asof.read(of.event, covered, of.where, raw=raw).value(of.agg)
    return Unknown("no_value") if value is None else Known(value)


@dataclass(frozen=True, slots=True)
class Found:
    """A current value beside its baseline; each may be unknown."""

    current: Number
    baseline: Number

    @property
    def change(self) -> Number:
        if isinstance(self.current, Unknown) or isinstance(self.baseline, Unknown):
            return self.current if isinstance(self.current, Unknown) else self.baseline
        return Known(self.current.value - self.baseline.value)

    @property
    def rise_pct(self) -> Number:
        """(current - baseline) * 100 / baseline."""
        change = self.change
        if isinstance(change, Unknown) or isinstance(self.baseline, Unknown):
            return change
        if not self.baseline.value:
            return Unknown("zero_baseline")
        return Known(change.value * 100 / self.baseline.value)

    @property
    def drop_pct(self) -> Number:
        rise = self.rise_pct
        return rise if isinstance(rise, Unknown) else Known(-rise.value)

    def values(self) -> dict[str, object]:
        """What is known, for explanations."""
        found = {"current": self.current, "baseline": self.baseline, "change_pct": self.rise_pct}
        return {name: number.value for name, number in found.items() if isinstance(number, Known)}


def contrast(of: Contrast, asof: AsOf) -> Found | Unknown:
    """The current value and its baseline, unknown for an account that is too young."""
    if not asof.started_by(required_start(of, asof.clock)):
        return Unknown("short_history")
    past = [_over(of.of, each, asof) for each in baseline_spans(of, asof.clock)]
    return Found(_over(of.of, current_span(of.of, asof.clock), asof), _mean(past))


def _mean(numbers: list[Number]) -> Number:
    values = [number.value for number in numbers if isinstance(number, Known)]
    if len(values) < len(numbers):
        return next(number for number in numbers if isinstance(number, Unknown))
    return Known(sum(values, Fraction(0)) / len(values))


@dataclass(frozen=True, slots=True)
class Used:
    """An amount used of an allowance."""

    used: Fraction
    allowance: Fraction
    pct: Fraction


def usage(of: Usage, asof: AsOf) -> Used | Unknown:
    """Percent of the allowance used, or forecast for the period's end."""
    allowance = _allowance(of.allowance, asof)
    if isinstance(allowance, Unknown):
        return allowance
    used = quantity(Quantity(of.event, of.window), asof)
    if isinstance(used, Unknown):
        return used
    factor = forecast_factor(of, asof) if of.forecast else Known(Fraction(1))
    if isinstance(factor, Unknown):
        return factor
    amount = used.value * factor.value
    return Used(amount, allowance.value, amount * 100 / allowance.value)


def _allowance(path: str, asof: AsOf) -> Number:
    found = asof.trait(path)
    if isinstance(found, Unknown):
        return Unknown("no_allowance")
    value = as_number(found.value.value)
    if value is None:
        return Unknown("wrong_type")
    return Known(value) if value > 0 else Unknown("no_allowance")


def forecast_factor(of: Usage, asof: AsOf) -> Number:
    """Whole period / elapsed part of it; unknown in the first tenth."""
    monthly = of.window.name == "calendar_month_to_date"
    month = asof.anchor.day.replace(day=1)
    start = day_start(month if monthly else asof.period_start(), asof.zone)
    end = asof.month_end() if monthly else asof.period_end()
    if isinstance(end, Unknown):
        return end
    elapsed, whole = Fraction(_micros(asof.at, start)), Fraction(_micros(end.value, start))
    if elapsed * 10 < whole or elapsed <= 0:
        return Unknown("short_history")
    return Known(max(whole / elapsed, Fraction(1)))


def _micros(later: datetime, earlier: datetime) -> int:
    passed = later - earlier
    return (passed.days * 86400 + passed.seconds) * 10**6 + passed.microseconds


def field_number(of: FieldValue, asof: AsOf) -> Number:
    """A trait as a number."""
    found = asof.trait(of.path)
    if isinstance(found, Unknown):
        return found
    value = found.value.value
    if kind_of(value) == "money":
        amount = asof.money(found.value, asof.setting.currency)
        return Unknown("no_rate") if amount is None else Known(amount)
    number = Fraction(int(value)) if isinstance(value, bool) else as_number(value)
    return Unknown("wrong_type") if number is None else Known(number)


def change_pct(of: ChangePct, asof: AsOf) -> Number:
    """Signed change in percent."""
    found = contrast(of.of, asof)
    if isinstance(found, Unknown):
        return found
    if of.baseline and isinstance(found.baseline, Known) and not holds(of.baseline, found.baseline.value):
        return Unknown("low_baseline")
    return found.rise_pct


def days_since(of: DaysSince, asof: AsOf) -> Number:
    """Local days since the last matching event."""
    covered = span(LIFETIME, asof.anchor, asof.zone)
    if asof.gone(covered, raw=bool(of.where)):
        return Unknown("beyond_retention")
    last = asof.read(of.event, covered, of.where).last_at
    if last is not None:
        return Known(Fraction((asof.anchor.day - local_day(last, asof.zone)).days))
    return Unknown("no_value") if of.never == "unknown" else age_days(AgeDays(), asof)


def age_days(_: AgeDays, asof: AsOf) -> Number:
    """Local days since the account's start."""
    start = asof.facts.started_at
    if start is None or start > asof.at:
        return Unknown("short_history")
    return Known(Fraction((asof.anchor.day - local_day(start, asof.zone)).days))


def days_until(of: DaysUntil, asof: AsOf) -> Number:
    """Local days until a date."""
    found = asof.trait(of.path)
    if isinstance(found, Unknown):
        return found
    day = as_day(found.value.value, asof.dates_zone)
    return Unknown("wrong_type") if day is None else Known(Fraction((day - asof.clock.date).days))
