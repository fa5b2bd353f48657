"""The billing run: everything that is due at an instant, in slices of accounts, safe to repeat, to run late and in parallel.

A slice is one transaction that locks its accounts and reads again, so a second run finds nothing left, and a killed one
leaves whole slices behind. An account for which a guard of the database refuses an invoice is put on hold; the others go on.
"""

from collections import Counter
from datetime import datetime
from time import monotonic

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from billing import notices
from billing.invoices import mark_past_due
from billing.locks import lock_accounts
from billing.models import BillingHold, Subscription
from billing.renewals import bring_up_to
from billing.standing import write_standing
from customers.events import record_batch

SLICE = 250
ATTEMPTS = 3
COUNTED = ("accounts", "invoices", "renewed", "ended", "past_due", "held")

DUE = """
select distinct account_id from (
    select account_id from billing_subscription where next_due_at <= %(at)s
    union all
    select account_id from billing_invoice where status = 'open' and past_due_at is null and due_at <= %(at)s
) due
where account_id > %(after)s and not exists (select from billing_billinghold h where h.account_id = due.account_id)
order by 1 limit %(limit)s
"""


def run_billing(*, at: datetime, limit_seconds: float = 60) -> dict[str, int]:
    """Do everything due at `at` for as long as `limit_seconds`; what is left waits for the next run.

    Returns how many accounts, invoices, renewed contracts, ended subscriptions, invoices past due and accounts put on hold,
    and `more`: 1 when time ran out.
    """
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    stop, last = monotonic() + limit_seconds, 0
    while due := due_accounts(at, after=last):
        counts += bill_slice(due, at)
        last = due[-1]
        if len(due) < SLICE or monotonic() > stop:
            break
    return {**{name: counts[name] for name in COUNTED}, "more": int(bool(due) and len(due) == SLICE)}


def due_accounts(at: datetime, *, after: int = 0) -> list[int]:
    """The next accounts with anything due, by id. One statement, the only one when there is nothing to do."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"at": at, "after": after, "limit": SLICE})
        return [pk for (pk,) in cursor.fetchall()]


def bill_slice(account_ids: list[int], at: datetime) -> Counter[str]:
    """Bill these accounts in one transaction; when a guard refuses, one by one, and hold the one it refuses."""
    try:
        return patiently(account_ids, at)
    except IntegrityError as refused:
        if len(account_ids) == 1:
            return hold(account_ids[0], str(refused), at)
    counts: Counter[str] = Counter()
    for account_id in account_ids:
        counts += bill_slice([account_id], at)
    return counts


def patiently(account_ids: list[int], at: datetime) -> Counter[str]:
    """Bill these accounts; begin again when the database broke a deadlock with somebody else at our cost."""
    for _ in range(ATTEMPTS - 1):
        try:
            return bill_accounts(account_ids, at)
        except OperationalError as error:
            if connection.in_atomic_block or not isinstance(error.__cause__, DeadlockDetected):
                raise
    return bill_accounts(account_ids, at)


@transaction.atomic
def bill_accounts(account_ids: list[int], at: datetime) -> Counter[str]:
    lock_accounts(account_ids)
    late = mark_past_due(account_ids, at=at)
    due = list(Subscription.objects.filter(account_id__in=account_ids).due(at).order_by("id").with_items())
    billed = {one.account_id for one in due}
    owing = {fact.account_id for fact in late} - billed
    counts: Counter[str] = Counter(past_due=len(late), accounts=len(billed | owing))
    if due:
        work = bring_up_to(due, at=at, facts=late)
        counts.update(invoices=len(work.invoices), renewed=work.renewed, ended=work.ended)
    elif late:
        record_batch(late, at=at)
    write_standing(owing, at=at)
    return counts


@transaction.atomic
def hold(account_id: int, reason: str, at: datetime) -> Counter[str]:
    """Stop billing an account until a person has looked, and say so on its timeline, once."""
    sentence = reason.splitlines()[0]
    _, held = BillingHold.objects.get_or_create(account_id=account_id, defaults={"since": at, "reason": sentence})
    if held:
        props = {"reason": sentence, "url": f"/accounts/{account_id}/"}
        record_batch(
            [notices.fact("billing.held", account_id, at=at, key=f"billing.held:{account_id}:{at.isoformat()}", props=props)], at=at
        )
    return Counter(held=int(held))
