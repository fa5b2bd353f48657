"""Verbs of the ledger: granting credit and asking for a balance. Entries themselves are written by billing.entries."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing import notices
from billing.entries import Ledger, Posting, credit_balances, post
from billing.errors import AmountNotPositive, CurrencyMismatch, EffectKeyReused, UnknownCurrency
from billing.locks import lock_accounts
from billing.models import BillingHold, CreditEntry, Subscription
from billing.renewals import bring_up_to
from crm.lib.money import is_currency
from crm.models import User
from customers.events import record_batch
from customers.models import Account


def balance(account: Account | int, currency: str = "") -> int:
    """Credit in the customer's favour, in minor units: a sum over the ledger, of `currency` or of the account's only one."""
    pk = account if isinstance(account, int) else account.pk
    found = {code: amount for (_, code), amount in credit_balances([pk]).items()}
    return found.get(currency, 0) if currency else sum(found.values())


def grant_credit(
    account: Account,
    *,
    amount_minor: int,
    currency: str,
    at: datetime,
    reason: str,
    effect_key: str | None = None,
    by: User | None = None,
    playbook: str | None = None,
    version: int | None = None,
    why: Any = None,
) -> CreditEntry:
    """Give an account credit that pays its next invoices. Returns its entry in the ledger.

    With an `effect_key` that granted this credit before, returns that entry and does nothing. Raises AmountNotPositive,
    UnknownCurrency, CurrencyMismatch, and EffectKeyReused when the key stands for another account or amount.
    """
    if amount_minor <= 0:
        raise AmountNotPositive("Credit is more than nothing.")
    if not is_currency(currency):
        raise UnknownCurrency(f"{currency!r} is not a currency code of ISO 4217.")
    with transaction.atomic():
        account = lock_accounts([account.pk])[account.pk]
        if repeated := granted_before(account, effect_key, amount_minor):
            return repeated
        if account.currency and currency != account.currency:
            raise CurrencyMismatch(f"The account pays in {account.currency}; this credit is in {currency}.")
        bill_what_was_due(account, at)
        more = {"effect_key": effect_key, "playbook": playbook or "", "version": version, "why": why, "by": by}
        entry = write_grant(account, amount_minor, currency, at, reason, more)
        source = {"reason": reason, "playbook": playbook}
        granted = notices.of_credit(
            "credit.granted", account.pk, at=at, key=str(entry.pk), amount_minor=amount_minor, currency=currency, by=by, **source
        )
        record_batch([granted], at=at)
    return entry


def granted_before(account: Account, effect_key: str | None, amount_minor: int) -> CreditEntry | None:
    if not effect_key:
        return None
    found = CreditEntry.objects.filter(effect_key=effect_key).first()
    if found and (found.account_id != account.pk or found.amount_minor != -amount_minor):
        raise EffectKeyReused(f"The key {effect_key!r} granted another credit before.")
    return found


def bill_what_was_due(account: Account, at: datetime) -> None:
    """Credit pays invoices that come after it, so those that were due before come first."""
    if BillingHold.objects.filter(account=account).exists():
        return
    due = list(Subscription.objects.filter(account=account).due(at).order_by("id").with_items())
    if due:
        bring_up_to(due, at=at)


def write_grant(account: Account, amount_minor: int, currency: str, at: datetime, reason: str, more: dict[str, Any]) -> CreditEntry:
    """A grant needs an id before it has a row: its place among the account's entries, which the lock keeps unique."""
    count = CreditEntry.objects.filter(account=account).count()
    legs = {Ledger.PROMOTIONAL: amount_minor, Ledger.CUSTOMER_CREDIT: -amount_minor}
    about = f"credit {account.pk} {count} {at.isoformat()}"
    entries = post([Posting(about, account.pk, currency, at, legs, None, reason[:300], more)])
    return next(entry for entry in entries if entry.ledger == Ledger.CUSTOMER_CREDIT)
