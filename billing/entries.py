"""Writing and summing ledger entries. What they are for is decided by the verbs (ledger, payments, invoices)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Sum

from billing.models import CreditEntry

NAMESPACE = UUID("0b6c1c1e-5d56-5f0a-8d0f-6c6564676572")
Ledger = CreditEntry.Ledger


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction: `legs` maps ledger to signed minor units and sums to zero; zero legs are left out.

    `about` names what it records, and so gives it an id that cannot be used twice. `more` are further columns.
    """

    about: str
    account_id: int
    currency: str
    at: datetime
    legs: Mapping[str, int]
    invoice_id: int | None = None
    reason: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def post(postings: Iterable[Posting]) -> list[CreditEntry]:
    """Write transactions with one statement."""
    return CreditEntry.objects.bulk_create([entry for posting in postings for entry in entries_of(posting)])


def entries_of(posting: Posting) -> list[CreditEntry]:
    txn = uuid5(NAMESPACE, posting.about)
    return [
        CreditEntry(
            txn=txn,
            ledger=ledger,
            account_id=posting.account_id,
            currency=posting.currency,
            amount_minor=amount,
            at=posting.at,
            invoice_id=posting.invoice_id,
            reason=posting.reason,
            **(posting.more if ledger == Ledger.CUSTOMER_CREDIT else {}),
        )
        for ledger, amount in posting.legs.items()
        if amount
    ]


def credit_balances(account_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """Credit in the customers' favour by (account id, currency), in minor units; zero where there is no row. One query."""
    rows = (
        CreditEntry.objects.filter(account_id__in=set(account_ids), ledger=Ledger.CUSTOMER_CREDIT)
        .values_list("account_id", "currency")
        .annotate(total=Sum("amount_minor"))
    )
    return {(account, currency): -total for account, currency, total in rows}
