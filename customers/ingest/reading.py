"""What an adapter makes of a delivery: items that can be applied, faults that are quarantined, flags. Pure data."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


class Fault(Exception):
    """Why an item cannot be applied: a reason code of docs/ingest.md, the path of the bad field and a sentence."""

    def __init__(self, reason: str, message: str, path: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.reason, self.message, self.path, self.detail = reason, message, path, detail


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that goes to quarantine. `raw` is its JSON text."""

    index: int
    reason: str
    path: str
    message: str
    raw: str
    detail: str = ""


@dataclass(slots=True)
class Item:
    """One readable item. Ids are text, empty when absent; `event` is empty for items that are no event.

    `group_id` is the account that the item itself names. `contact_traits` and `account_traits` map paths to values; None removes.
    """

    index: int
    key: str
    occurred_at: datetime
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    group_id: str = ""
    event: str = ""
    identifies: bool = False
    props: dict[str, Any] = field(default_factory=dict)
    quantity: Decimal | int = 1
    contact_traits: dict[str, Any] = field(default_factory=dict)
    account_traits: dict[str, Any] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """A delivery as read: `total` items, of which these are good and those are refused."""

    total: int = 0
    items: list[Item] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
