"""What a step knows when it is performed, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from customers.models import Account
from playbooks.active import Active
from playbooks.dsl import templates
from playbooks.matching.keys import effect_key
from playbooks.models import Run


class StepRefused(Exception):
    """The step cannot be done and never will be; the run goes on without it. The text says why."""


@dataclass(frozen=True)
class Context:
    """One run at one instant. `values` fills texts: account, trigger, steps, inputs."""

    run: Run
    account: Account
    active: Active
    at: datetime
    values: dict[str, Any]

    @property
    def cause(self) -> dict[str, Any]:
        """What everything this run writes carries: the run and the chain of playbooks that led to it."""
        return cause_of(self.run)

    @property
    def actor(self) -> dict[str, Any]:
        """Who writes, for the audit trail."""
        return {"kind": "playbook", "id": self.active.document.key, "name": self.active.document.name}

    def text(self, template: str) -> str:
        return templates.render(template, self.values)

    def effect_key(self, path: str) -> str:
        return effect_key(self.active.document.key, self.run.account_id, self.run.firing.trigger_key, path, 0)


@dataclass(frozen=True)
class Outcome:
    """How a step ended. `due_at`: it waits until then. `payload`: what it did, for its Effect row; None for no effect."""

    result: str = "done"
    status: str = "done"
    detail: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] | None = None
    due_at: datetime | None = None


def cause_of(run: Run) -> dict[str, Any]:
    """{run, chain, depth} for what `run` writes."""
    before = run.firing.cause or {}
    chain = [*before.get("chain", []), run.playbook.key]
    return {"run": run.pk, "chain": chain, "depth": len(chain)}
