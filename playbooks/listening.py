"""Event triggers: newly arrived events to candidates. Called inside the transaction that moves the cursor."""

from collections.abc import Mapping
from datetime import datetime

from customers.conditions.evaluate import evaluate
from customers.conditions.facts import AccountFacts
from customers.conditions.load import load_facts
from playbooks.active import Active, Listener
from playbooks.admission import Candidate
from playbooks.intake import Arrived, heard, key_of, value_of
from playbooks.matching.admission import Block, refuse_event, refuse_value
from playbooks.reasons import event_why


def candidates(active: Active, events: list[Arrived], *, at: datetime, zone: str) -> list[Candidate]:
    """A candidate for each event that one of the playbook's event triggers is about, oldest event first."""
    pairs = [(listener, event) for listener in active.compiled.listeners for event in heard(active, listener, events, zone)]
    if not pairs:
        return []
    pairs.sort(key=lambda pair: (pair[1].arrival.occurred_at, pair[1].id))
    segment = active.compiled.segment
    facts = load_facts({event.account_id for _, event in pairs}, [segment], at, setting=active.setting, dates_zone=active.zone)
    return [candidate(active, listener, event, facts, at) for listener, event in pairs]


def candidate(active: Active, listener: Listener, event: Arrived, facts: Mapping[int, AccountFacts], at: datetime) -> Candidate:
    """One event as a candidate, blocked where the event or its account may not start the playbook."""
    key = key_of(listener, event)
    why = event_why(active, listener, value_of(listener, event), event.props, event.arrival.occurred_at)
    block = refuse_event(event.arrival, listener.trigger, active.document.key, active.zone) or refuse_account(active, event, facts, at)
    return Candidate(event.account_id, listener.trigger.id, key, why["facts"], why, event.arrival.cause, block)


def refuse_account(active: Active, event: Arrived, facts: Mapping[int, AccountFacts], at: datetime) -> Block | None:
    """Whether the account is one that the playbook is for."""
    known = facts.get(event.account_id)
    verdict = evaluate(active.compiled.segment, known, at, dates_zone=active.zone) if known else None
    return refuse_value(verdict.truth if verdict else None)
