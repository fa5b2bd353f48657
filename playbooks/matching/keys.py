"""Dedupe keys: what makes two candidates the same one. A key never contains "now"."""

import hashlib
from datetime import date


def edge_key(trigger: str, once_per: str, *, episode: int, period_start: date, month_start: date) -> str:
    """The key of an edge's candidate: its episode, or the period in which it may fire once."""
    tail = {
        "episode": f"ep:{episode}",
        "billing_period": f"period:{period_start}",
        "calendar_month": f"month:{month_start:%Y-%m}",
        "ever": "ever",
    }[once_per]
    return f"{trigger}|{tail}"


def event_key(trigger: str, value: object) -> str:
    """The key of an event's candidate: the value of `key_by`, else the event's id."""
    text = str(value)
    return f"{trigger}|{text}" if len(text) <= 200 else f"{trigger}|sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def effect_key(playbook: str, account_id: int, trigger_key: str, path: str, iteration: int) -> str:
    """The idempotency key of one effect: sha256 over what names it, in hex."""
    text = "\x1f".join((playbook, str(account_id), trigger_key, path, str(iteration)))
    return hashlib.sha256(text.encode()).hexdigest()
