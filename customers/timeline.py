"""The relationship history that people read: writing entries, while customers.stream reads them merged with folded days."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from customers.models import EventType, TimelineEntry

KINDS = {
    "note.written": "note",
    "call.held": "call",
    "meeting.held": "meeting",
    "conversation.held": "meeting",
    "email.logged": "email",
    "health.band_changed": "score",
    "playbook.started": "run",
    "task.closed": "task",
}
PLACE = re.compile(r"\{([\w.]+)\}")


def enter(pairs: Sequence[tuple[Any, Any]]) -> None:
    """Write entries for the events (Fact, Row) whose catalogue row says `entry`, or whose fact carries a title of its own."""
    names = {row.name for _, row in pairs}
    types = {t.name: t for t in EventType.objects.filter(name__in=names)}
    entries = [entry(fact, row, types.get(row.name)) for fact, row in pairs if row.account_id and stands_alone(fact, types.get(row.name))]
    if entries:
        TimelineEntry.objects.bulk_create(entries, ignore_conflicts=True)


def stands_alone(fact: Any, kind: EventType | None) -> bool:
    return bool(fact.title) if kind is None else kind.timeline == EventType.Timeline.ENTRY


def entry(fact: Any, row: Any, kind: EventType | None) -> TimelineEntry:
    props = fact.props if isinstance(fact.props, dict) else json.loads(fact.props)
    title = fact.title or (fill(kind.title, props) if kind and kind.title else (kind.label if kind else row.name))
    return TimelineEntry(
        account_id=row.account_id,
        at=row.occurred_at,
        id=row.id,
        known_at=row.known_at,
        kind=KINDS.get(row.name, "event"),
        name=row.name,
        title=title[:300],
        body=fact.body,
        icon=fact.icon or (kind.icon if kind else ""),
        tone=fact.tone or (kind.tone if kind else ""),
        contact_id=row.contact_id,
        user_id=fact.user_id,
        source_id=row.source_id,
        url=fact.url,
        props=props,
    )


def fill(template: str, props: dict[str, Any]) -> str:
    """`{number}` in a catalogue title becomes that property; unknown ones vanish."""
    return " ".join(PLACE.sub(lambda m: str(props.get(m[1], "")), template).split())


def touch_contact(account_id: int, *, at: datetime) -> None:
    """A person of ours was in touch with the account at `at`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update customers_accountstate set last_contact_at = greatest(last_contact_at, %s) where account_id = %s", [at, account_id]
        )
