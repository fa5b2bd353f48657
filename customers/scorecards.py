"""Scorecards and their versions: loading text, publishing, and which one is active. A version is never changed.

The language is customers.scorecard_text, the arithmetic customers.scoring, scoring accounts customers.health.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.cache import caches
from django.db import transaction

from crm.lib.refused import Refused
from crm.lib.yaml_marks import DocumentError, Problem
from crm.models import User
from customers import scorecard_text
from customers.models import Scorecard, ScorecardVersion
from customers.scoring import Card

LIBRARY = Path(__file__).parent / "library"
DEFAULT = "default"
BANDS_KEPT = 10


class BadScorecard(Refused):
    """The text is no sound scorecard. `problems` holds every reason with line, column and hint, in the order of the text."""

    code = "bad_scorecard"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(text: str | bytes) -> tuple[Card, dict[str, Any]]:
    """The scorecard in `text` and its plain document. Raises BadScorecard."""
    try:
        return scorecard_text.read(text)
    except DocumentError as error:
        raise BadScorecard(error.problems) from error


def check(text: str | bytes) -> list[Problem]:
    """Everything that is wrong with `text`, in its order; empty when it may be published."""
    try:
        load(text)
    except BadScorecard as error:
        return error.problems
    return []


@transaction.atomic
def publish(text: str, *, at: datetime, by: User | None = None, note: str = "") -> ScorecardVersion:
    """Make `text` the active version of the scorecard that it names. Raises BadScorecard; then the active version goes on.

    The same text as the active version makes no new one. All accounts are scored anew by the next health.score_due.
    """
    card, doc = load(text)
    scorecard, _ = (
        Scorecard.objects.select_for_update(of=["self"]).select_related("active").get_or_create(key=card.key, defaults={"name": card.name})
    )
    if scorecard.active and scorecard.active.text == text:
        return scorecard.active
    n = scorecard.versions.count() + 1
    version = scorecard.versions.create(n=n, text=text, doc=doc, note=note[:300], created_by=by, created_at=at)
    scorecard.name, scorecard.active = card.name, version
    scorecard.save(update_fields=["name", "active"])
    caches["local"].delete("scorecard-bands")
    return version


def restore(version: ScorecardVersion, *, at: datetime, by: User | None = None, note: str = "") -> ScorecardVersion:
    """Publish the text of an earlier version again."""
    return publish(version.text, at=at, by=by, note=note or f"Version {version.n} again")


def install_default(*, at: datetime) -> ScorecardVersion:
    """Publish the scorecard that ships, unless one is active already."""
    return active() or publish(default_text(), at=at, note="Ships with Tenure")


def default_text() -> str:
    return (LIBRARY / f"{DEFAULT}.yaml").read_text()


def active() -> ScorecardVersion | None:
    """The version by which accounts are scored: that of the scorecard `default`, else of the first one. One query."""
    with_active = ScorecardVersion.objects.filter(pk__in=Scorecard.objects.exclude(active=None).values("active"))
    found = list(with_active.select_related("scorecard").order_by("scorecard_id"))
    return next((version for version in found if version.scorecard.key == DEFAULT), found[0] if found else None)


def bands() -> tuple[int, int]:
    """From how many points on an account is good, and is to be watched; asked of the database every few seconds and process."""
    return caches["local"].get_or_set("scorecard-bands", _bands, BANDS_KEPT)


def _bands() -> tuple[int, int]:
    version = active()
    card = card_of(version) if version else parsed(default_text())
    return card.good, card.watch


def card_of(version: ScorecardVersion) -> Card:
    """The parsed scorecard of a version. Raises BadScorecard when the language no longer knows its text."""
    return parsed(version.text)


@lru_cache(maxsize=64)
def parsed(text: str) -> Card:
    return load(text)[0]
