"""What was known of a record, and who changed it: traits as of an instant, and the history that page and API show alike."""

from datetime import datetime

from django.db.models import QuerySet

from customers.models import Account, Contact, Trait, TraitChange


def place(subject: Account | Contact) -> dict[str, int]:
    """The key of a record's traits."""
    return {"account_id": subject.pk, "contact_id": 0} if isinstance(subject, Account) else {"account_id": 0, "contact_id": subject.pk}


def history(subject: Account | Contact) -> QuerySet[TraitChange]:
    """Every change of the record's fields and traits; each names old, new, when, actor and source. Order by ("-occurred_at", "-id")."""
    return TraitChange.objects.filter(**place(subject))


def traits(subject: Account | Contact) -> QuerySet[Trait]:
    """The present traits, removed ones left out, by path."""
    return Trait.objects.filter(**place(subject)).exclude(value=None).order_by("path")


def traits_at(subject: Account | Contact, at: datetime) -> list[Trait]:
    """The traits as they were known at `at`: what had occurred by then and was known by then. One query."""
    past = history(subject).filter(occurred_at__lte=at, known_at__lte=at)
    latest = past.order_by("path", "-occurred_at", "-key", "-id").distinct("path")
    return [as_trait(change) for change in latest if change.new is not None]


def as_trait(change: TraitChange) -> Trait:
    return Trait(
        account_id=change.account_id,
        contact_id=change.contact_id,
        path=change.path,
        value=change.new,
        type=change.type,
        occurred_at=change.occurred_at,
        known_at=change.known_at,
        source_id=change.source_id,
    )
