"""Which text of a playbook runs: checking, keeping versions, activating with a baseline, pausing, archiving.

Activation and its baseline are one transaction, so a broken text or a crash leaves the active version going on.
"""

import pathlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from crm.lib.refused import Refused
from crm.models import User
from customers.models import FactLog
from customers.readings import setting_at
from playbooks.active import of_version
from playbooks.dsl.document import Document
from playbooks.dsl.reading import read
from playbooks.models import Playbook, PlaybookChange, PlaybookVersion
from playbooks.sweep import baseline

LIBRARY = pathlib.Path(__file__).parent / "library"
SYSTEM = {"kind": "system", "name": "Tenure"}


class NoVersion(Refused):
    code = "no_version"
    status = 409


class Archived(Refused):
    code = "archived"
    status = 409


@dataclass(frozen=True)
class Activation:
    """What an activation did: `is_new` for a version made by it, `baseline` for the states it took as given."""

    playbook: Playbook
    version: PlaybookVersion
    is_new: bool
    baseline: int


def library() -> dict[str, pathlib.Path]:
    """The shipped playbooks by key."""
    return {path.stem: path for path in sorted(LIBRARY.glob("*.yaml"))}


def activate(text: str | bytes, *, at: datetime, actor: dict[str, Any] | None = None, by: User | None = None) -> Activation:
    """Make `text` the active version of its playbook from `at` on.

    A new version is made when the text changed. With a changed trigger, or when it did not run until now, what holds
    already is taken as given and starts nobody. Raises DocumentError with every problem; nothing changes then.
    """
    document = read(text)
    text = text if isinstance(text, str) else text.decode("utf-8-sig")
    with transaction.atomic():
        playbook = locked(document, at)
        version, is_new = keep(playbook, text, document, at, by)
        return start(playbook, version, at=at, actor=actor or actor_of(by), is_new=is_new)


def resume(playbook: Playbook, *, at: datetime, actor: dict[str, Any] | None = None, by: User | None = None) -> Activation:
    """Let the newest version run (again). Raises NoVersion when it has none."""
    with transaction.atomic():
        playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
        version = playbook.versions.order_by("-n").first()
        if version is None:
            raise NoVersion(f"{playbook.key} has no version yet.")
        return start(playbook, version, at=at, actor=actor or actor_of(by), is_new=False)


def pause(playbook: Playbook, *, at: datetime, actor: dict[str, Any] | None = None, by: User | None = None) -> Playbook:
    """Stop admission and steps. Running runs stand still until it is resumed. Raises Archived."""
    return move(playbook, Playbook.Status.PAUSED, at=at, actor=actor or actor_of(by))


def archive(playbook: Playbook, *, at: datetime, actor: dict[str, Any] | None = None, by: User | None = None) -> Playbook:
    """Start nothing more; runs that are under way are finished."""
    return move(playbook, Playbook.Status.ARCHIVED, at=at, actor=actor or actor_of(by))


def install_library(*, at: datetime) -> list[Playbook]:
    """Activate the shipped playbooks, those whose keys are not there yet. Safe to call again. `at`: from when they run."""
    known = set(Playbook.objects.values_list("key", flat=True))
    texts = [path.read_text() for key, path in library().items() if key not in known]
    return [activate(text, at=at).playbook for text in texts]


def locked(document: Document, at: datetime) -> Playbook:
    """The playbook of this key, made when there is none, its row locked."""
    named = {"name": document.name, "description": document.description}
    Playbook.objects.get_or_create(key=document.key, defaults={**named, "created_at": at})
    playbook = Playbook.objects.select_for_update().get(key=document.key)
    playbook.name, playbook.description = document.name, document.description
    return playbook


def keep(playbook: Playbook, text: str, document: Document, at: datetime, by: User | None) -> tuple[PlaybookVersion, bool]:
    """The newest version when its text is the same, else a new one; and whether it is new."""
    newest = playbook.versions.order_by("-n").first()
    if newest and newest.text == text:
        return newest, False
    n = newest.n + 1 if newest else 1
    row = {"n": n, "text": text, "doc": document.data, "trigger_hash": document.trigger_hash, "created_at": at, "created_by": by}
    return playbook.versions.create(**row), True


def start(playbook: Playbook, version: PlaybookVersion, *, at: datetime, actor: dict[str, Any], is_new: bool) -> Activation:
    """Make `version` the one that runs. The row is locked."""
    running = playbook.active_version if playbook.status == Playbook.Status.ACTIVE else None
    taken = 0
    if running is None or running.trigger_hash != version.trigger_hash:
        playbook.activated_at = at
        playbook.listens_after = FactLog.objects.aggregate(last=Max("id"))["last"] or 0
        taken = baseline(of_version(playbook, version, setting_at(at)), at=at)
    if running != version:
        note_change(playbook, Playbook.Status.ACTIVE, version, at, actor)
    playbook.status, playbook.active_version, playbook.failures, playbook.error = Playbook.Status.ACTIVE, version, 0, ""
    playbook.save()
    return Activation(playbook, version, is_new, taken)


@transaction.atomic
def move(playbook: Playbook, status: str, *, at: datetime, actor: dict[str, Any]) -> Playbook:
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    if playbook.status == Playbook.Status.ARCHIVED and status == Playbook.Status.PAUSED:
        raise Archived(f"{playbook.key} is archived.")
    if playbook.status != status:
        note_change(playbook, status, playbook.active_version, at, actor)
        playbook.status = status
        playbook.save(update_fields=["status"])
    return playbook


def note_change(playbook: Playbook, new: str, version: PlaybookVersion | None, at: datetime, actor: dict[str, Any]) -> None:
    PlaybookChange.objects.create(playbook=playbook, at=at, actor=actor, old=playbook.status, new=new, version=version)


def actor_of(by: User | None) -> dict[str, Any]:
    return {"kind": "person", "id": by.pk, "name": by.name} if by else SYSTEM
