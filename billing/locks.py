"""The order in which billing locks: accounts first, by id; number series last."""

from collections.abc import Iterable

from customers.models import Account


def lock_accounts(account_ids: Iterable[int]) -> dict[int, Account]:
    """The accounts, locked until the transaction ends. Rows that merely refer to them can still be written by others."""
    rows = Account.objects.filter(pk__in=set(account_ids)).order_by("pk").select_for_update(no_key=True)
    return {account.pk: account for account in rows}
