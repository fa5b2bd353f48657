"""Which facts a person sees. Accounts, contacts and tasks have `visible_to(user)` themselves; facts follow their account."""

from django.db.models import Q, QuerySet

from crm.models import Installation, User
from customers.models import Account, Contact, Trait
from customers.models.account import NOTHING, reach_of


def of_seen(rows: QuerySet, user: User) -> QuerySet:
    """Facts (events, traits, scores …) of accounts that the person may see; when nothing is hidden all, also those of account 0."""
    reach = reach_of(user)
    if reach == NOTHING:
        return rows.none()
    if reach == Installation.Visibility.ALL:
        return rows
    mine = Q(account_id__in=Account.objects.visible_to(user, reach).values("pk"))
    if rows.model is Trait:
        mine |= Q(account_id=0, contact_id__in=Contact.objects.visible_to(user).values("pk"))
    return rows.filter(mine)
