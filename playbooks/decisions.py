"""Why a playbook started or did not: one row per account and trigger, written only when the outcome or its reason changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playbooks.models import Decision, Playbook


@dataclass(frozen=True)
class Verdict:
    """What was decided about one account. `until`: when the reason ends at the earliest."""

    account_id: int
    trigger: str
    outcome: str
    reason: str = ""
    until: datetime | None = None
    key: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, str]:
        return self.account_id, self.trigger


def note(playbook: Playbook, verdicts: Sequence[Verdict], *, at: datetime) -> int:
    """Store the verdicts that say something new; returns how many. Two queries."""
    if not verdicts:
        return 0
    last = latest(playbook, {verdict.account_id for verdict in verdicts})
    rows = []
    for verdict in verdicts:
        said = (verdict.outcome, verdict.reason, verdict.key)
        if last.get(verdict.place) != said:
            last[verdict.place] = said
            rows.append(row(playbook, verdict, at))
    Decision.objects.bulk_create(rows)
    return len(rows)


def latest(playbook: Playbook, account_ids: set[int]) -> dict[tuple[int, str], tuple[str, str, str]]:
    """(account id, trigger) to the (outcome, reason, key) said last."""
    rows = Decision.objects.filter(playbook=playbook, account_id__in=account_ids)
    newest = rows.order_by("account_id", "trigger", "-at", "-id").distinct("account_id", "trigger")
    return {(a, t): (o, r, k) for a, t, o, r, k in newest.values_list("account_id", "trigger", "outcome", "reason", "key")}


def row(playbook: Playbook, verdict: Verdict, at: datetime) -> Decision:
    return Decision(
        playbook=playbook,
        account_id=verdict.account_id,
        trigger=verdict.trigger,
        at=at,
        outcome=verdict.outcome,
        reason=verdict.reason,
        until=verdict.until,
        key=verdict.key,
        facts=verdict.facts,
    )
