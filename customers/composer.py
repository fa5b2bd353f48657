"""What people write on the timeline: notes, calls, meetings and mails; editing, pinning and taking back one's own.

Each verb is one transaction. The words stand in the TimelineEntry only, not in the Event, so that deleting deletes them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction

from crm.lib.refused import Refused
from crm.models import User
from customers import inbox, notes, timeline
from customers.events import record
from customers.models import Account, Contact, Task, TimelineEntry

EVENTS = {"note": "note.written", "call": "call.held", "meeting": "meeting.held", "email": "email.logged"}
TITLES = {"note": "Note", "call": "Call", "meeting": "Meeting", "email": "E-mail"}
ICONS = {"note": "pencil", "call": "phone", "meeting": "users", "email": "mail"}
HUMAN = tuple(EVENTS)
LONGEST = 20_000
UNDO = timedelta(minutes=10)
SALT = "timeline.deleted"
KEPT = ("kind", "name", "title", "body", "icon", "tone", "contact_id", "user_id", "source_id", "url", "props", "pinned")


class NothingWritten(Refused):
    code = "nothing_written"


class NotYours(Refused):
    code = "not_yours"
    status = 403


class TooLate(Refused):
    code = "too_late"
    status = 409


@dataclass(frozen=True, slots=True)
class Written:
    """The entry's id and the tasks made from its task lines."""

    id: UUID
    tasks: list[Task]


@transaction.atomic
def write(
    account: Account,
    *,
    kind: str,
    text: str,
    by: User,
    at: datetime,
    contact: Contact | None = None,
    happened_at: datetime | None = None,
    pinned: bool = False,
) -> Written:
    """Write a note, call, meeting or e-mail that happened at `happened_at` (default now). Lines "[] …" become tasks of the writer.

    Raises NothingWritten for an empty or overlong text, an unknown kind, or an instant that lies ahead.
    """
    text, titles = notes.task_lines(text)
    then = happened_at or at
    refuse(kind, text, titles, then, at)
    tasks = [inbox.create_task(account=account, title=title, at=at, assignee=by, by=by) for title in titles]
    title = TITLES[kind] + (f" with {contact}" if contact and kind != "note" else f" on {contact}" if contact else "")
    body = text or "\n".join(f"- {task.title}" for task in tasks)
    props: dict[str, Any] = {"tasks": [task.pk for task in tasks]} if tasks else {}
    event = record(
        account=account,
        name=EVENTS[kind],
        at=then,
        received_at=at,
        contact=contact or 0,
        props=props,
        title=title,
        body=body,
        icon=ICONS[kind],
        user_id=by.pk,
    )
    if kind != "note":
        timeline.touch_contact(account.pk, at=then)
    if pinned:
        TimelineEntry.objects.filter(account_id=account.pk, at=then, id=event).update(pinned=True)
    return Written(event, tasks)


def refuse(kind: str, text: str, titles: list[str], then: datetime, at: datetime) -> None:
    if kind not in EVENTS:
        raise NothingWritten(f"Choose one of: {', '.join(EVENTS)}.")
    if not text and not titles:
        raise NothingWritten("Write what happened.")
    if len(text) > LONGEST:
        raise NothingWritten(f"Write at most {LONGEST:,} characters.")
    if then > at:
        raise NothingWritten("This lies ahead; make it a task.")


@transaction.atomic
def edit(entry: TimelineEntry, *, text: str, by: User, at: datetime) -> TimelineEntry:
    """Change the words of one's own entry. Raises NotYours, NothingWritten."""
    locked = own(entry, by)
    if not text.strip() or len(text) > LONGEST:
        raise NothingWritten("Write what happened.")
    locked.body = text.strip()
    locked.props = {**locked.props, "edited_at": at.isoformat()}
    locked.save(update_fields=["body", "props"])
    record(account=locked.account_id, name="entry.edited", at=at, props={"entry": locked.id, "kind": locked.kind}, user_id=by.pk)
    return locked


def pin(entry: TimelineEntry, *, pinned: bool) -> None:
    """Keep an entry on top of its account's timeline, or no longer."""
    same(entry).update(pinned=pinned)


@transaction.atomic
def delete(entry: TimelineEntry, *, by: User, at: datetime) -> str:
    """Take back one's own entry. Returns a token that `undo_delete` takes for ten minutes. Raises NotYours."""
    locked = own(entry, by)
    kept = {name: getattr(locked, name) for name in KEPT}
    place = [locked.account_id, locked.at.isoformat(), locked.id.hex, locked.known_at.isoformat()]
    same(locked).delete()
    record(account=locked.account_id, name="entry.deleted", at=at, props={"entry": locked.id, "kind": locked.kind}, user_id=by.pk)
    return signing.dumps({"place": place, "kept": kept, "by": by.pk, "at": at.isoformat()}, salt=SALT, compress=True)


def undo_delete(token: str, *, by: User, at: datetime) -> int:
    """Put a deleted entry back. Returns its account's id. Raises TooLate for a token that is old, broken or somebody else's."""
    try:
        data = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise TooLate("This can no longer be taken back.") from error
    if data["by"] != by.pk or at > datetime.fromisoformat(data["at"]) + UNDO:
        raise TooLate("This can no longer be taken back.")
    account, then, key, known = data["place"]
    row = TimelineEntry(
        account_id=account,
        at=datetime.fromisoformat(then).astimezone(UTC),
        id=UUID(key),
        known_at=datetime.fromisoformat(known).astimezone(UTC),
        **data["kept"],
    )
    TimelineEntry.objects.bulk_create([row], ignore_conflicts=True)
    return account


def own(entry: TimelineEntry, by: User) -> TimelineEntry:
    """The entry, locked. Raises NotYours unless this person wrote it."""
    locked = same(entry).select_for_update().get()
    if locked.kind not in HUMAN or locked.user_id != by.pk:
        raise NotYours("Only who wrote it can change it.")
    return locked


def same(entry: TimelineEntry) -> Any:
    return TimelineEntry.objects.filter(account_id=entry.account_id, at=entry.at, id=entry.id)
