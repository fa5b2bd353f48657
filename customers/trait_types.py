"""Types of traits: the first writer of a path fixes it, a later value of another type is kept and flagged.

Paths that billing or health own are refused from any other writer; the value is kept as `SOURCE.path` and flagged `owned_path`,
because write keys are public and a browser must not be able to set `arr`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.models import Source, TraitType

OWNED = {
    **dict.fromkeys(
        (
            "mrr",
            "arr",
            "plan",
            "plan.is_top",
            "seats",
            "renewal_date",
            "period_start",
            "period_end",
            "auto_renew",
            "billing_mode",
            "overdue_amount",
        ),
        "billing",
    ),
    **dict.fromkeys(("health", "health_score", "health_drivers"), "health"),
    "lifecycle": "billing",
}
MAY_ALSO = {"lifecycle": {"system"}}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")


@dataclass(slots=True)
class Typed:
    fact: Any
    type: str


def typed(facts: Sequence[Any], writer: str) -> list[Typed]:
    """Each fact with its path settled, its value in JSON form and its type; new paths are declared in the catalogue."""
    scopes = source_keys({f.source_id for f in facts if f.source_id and owner_of(f.path) and not may_write(f.path, writer)})
    plain = [in_json_form(allowed(f, writer, scopes)) for f in facts]
    kinds = [kind_of(f.value) for f in plain]
    declared = declare({(f.path, subject_of(f)): kind for f, kind in zip(plain, kinds, strict=True) if kind})
    return [flagged(f, kind, declared.get((f.path, subject_of(f)), kind)) for f, kind in zip(plain, kinds, strict=True)]


def owner_of(path: str) -> str:
    return "billing" if path.startswith("plan.allowance.") else OWNED.get(path, "")


def may_write(path: str, writer: str) -> bool:
    owner = owner_of(path)
    return not owner or writer == owner or writer in MAY_ALSO.get(path, ())


def allowed(fact: Any, writer: str, scopes: dict[int, str]) -> Any:
    if fact.contact_id or may_write(fact.path, writer):
        return fact
    scope = scopes.get(fact.source_id, "other")
    return replace(fact, path=f"{scope}.{fact.path}"[:200], flags=[*(fact.flags or []), "owned_path"])


def source_keys(ids: set[int]) -> dict[int, str]:
    return dict(Source.objects.filter(pk__in=ids).values_list("pk", "key")) if ids else {}


def in_json_form(fact: Any) -> Any:
    value = fact.value
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    elif isinstance(value, (date, datetime)):
        value = value.isoformat()
    return fact if value is fact.value else replace(fact, value=value)


def kind_of(value: Any) -> str:
    """text, number, boolean, date, instant, money, list or object; "" for a removed trait."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "date" if DATE.match(value) else "instant" if INSTANT.match(value) else "text"
    if isinstance(value, dict):
        return "money" if value.keys() == {"minor", "currency"} else "object"
    return "list"


def subject_of(fact: Any) -> str:
    return "contact" if fact.contact_id else "account"


def declare(kinds: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """The declared types of these (path, subject); the first type seen is declared."""
    keys = sorted(kinds)
    if not keys:
        return {}
    paths, subjects = [k[0] for k in keys], [k[1] for k in keys]
    query = (
        "select t.path, t.subject, t.type from customers_traittype t"
        " join unnest(%s::text[], %s::text[]) as k (path, subject) using (path, subject)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [paths, subjects])
        found = {(path, subject): kind for path, subject, kind in cursor.fetchall()}
    missing = [k for k in keys if k not in found]
    if missing:
        new = [TraitType(path=p, subject=s, type=kinds[p, s], writer=owner_of(p) if s == "account" else "") for p, s in missing]
        TraitType.objects.bulk_create(new, ignore_conflicts=True)
    return {**{k: kinds[k] for k in missing}, **found}


def flagged(fact: Any, kind: str, declared: str) -> Typed:
    if kind and kind != declared and {kind, declared} != {"date", "instant"}:
        fact = replace(fact, flags=[*(fact.flags or []), "other_type"])
    return Typed(fact, kind or declared or "text")
