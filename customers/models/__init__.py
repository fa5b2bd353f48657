"""The records of customers: who they are, what is known about them, and what is to be done. One file per noun."""

from customers.models.account import Account, AccountState
from customers.models.activity import ActivityDay, ContactDay
from customers.models.contact import Contact, Membership
from customers.models.delivery import Delivery, QuarantinedItem, RefusedBody, Source, SourceHour
from customers.models.event import Cursor, Event, EventType, FactLog, ItemKey
from customers.models.health import Score, Scorecard, ScorecardVersion
from customers.models.identity import AnonymousLink, GroupMark, Identifier
from customers.models.task import Task, TaskComment
from customers.models.timeline import TimelineEntry
from customers.models.trait import Trait, TraitChange, TraitType

__all__ = [
    "Account",
    "AccountState",
    "ActivityDay",
    "AnonymousLink",
    "Contact",
    "ContactDay",
    "Cursor",
    "Delivery",
    "Event",
    "EventType",
    "FactLog",
    "GroupMark",
    "Identifier",
    "ItemKey",
    "Membership",
    "QuarantinedItem",
    "RefusedBody",
    "Score",
    "Scorecard",
    "ScorecardVersion",
    "Source",
    "SourceHour",
    "Task",
    "TaskComment",
    "TimelineEntry",
    "Trait",
    "TraitChange",
    "TraitType",
]
