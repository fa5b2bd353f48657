"""Bringing subscriptions up to an instant: changes that come into effect, trials, contract terms, ends, and invoices.

One function does it for one subscription in a verb and for hundreds in the daily run, with a constant number of
statements. Callers hold the locks of the accounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection

from billing import notices
from billing.drafting import horizon, missing_drafts
from billing.engine.invoicing import next_due
from billing.engine.schedule import day_start, plus_months
from billing.issuing import finalise_drafts, write_drafts
from billing.models import Invoice, ScheduledChange, Subscription, SubscriptionItem
from billing.standing import plan_item, write_standing
from customers.events import Fact, record_batch

Status = Subscription.Status


@dataclass(slots=True)
class Work:
    """What bringing subscriptions up to `at` did and has still to write."""

    at: datetime
    facts: list[Fact] = field(default_factory=list)
    started: list[SubscriptionItem] = field(default_factory=list)
    replaced: list[tuple[Subscription, SubscriptionItem, SubscriptionItem]] = field(default_factory=list)
    closed: list[SubscriptionItem] = field(default_factory=list)
    touched: dict[int, Subscription] = field(default_factory=dict)
    invoices: list[Invoice] = field(default_factory=list)
    renewed: int = 0
    ended: int = 0


def bring_up_to(subscriptions: Sequence[Subscription], *, at: datetime, facts: Iterable[Fact] = ()) -> Work:
    """Do everything that is due for these subscriptions (loaded with `with_items()`) by `at`, and record it.

    `facts` are events of the caller that belong before those of the billing.
    """
    work = Work(at, list(facts))
    pending = pending_changes(subscriptions)
    for subscription in subscriptions:
        apply_changes(subscription, pending[subscription.pk], work)
        end_trial(subscription, work)
        renew_contract(subscription, work)
        end(subscription, work)
    write_changes(work)
    bill(subscriptions, work)
    settle(subscriptions, pending, work)
    record_batch(work.facts, at=at)
    write_standing({one.account_id for one in subscriptions}, at=at, loaded=subscriptions)
    return work


def pending_changes(subscriptions: Sequence[Subscription]) -> dict[int, list[ScheduledChange]]:
    rows = ScheduledChange.objects.filter(subscription__in=subscriptions, status=ScheduledChange.Status.PENDING)
    found: dict[int, list[ScheduledChange]] = defaultdict(list)
    for change in rows.select_related("price__plan").order_by("effective_at", "id"):
        found[change.subscription_id].append(change)
    return found


def apply_changes(subscription: Subscription, pending: list[ScheduledChange], work: Work, *, write: bool = True) -> None:
    """Let agreed changes take effect at the instant they were agreed for, unless the subscription ended before."""
    for change in [one for one in pending if one.effective_at <= work.at]:
        pending.remove(change)
        runs = subscription.status != Status.ENDED and not (subscription.cancel_at and subscription.cancel_at <= change.effective_at)
        if write:
            change.status = ScheduledChange.Status.DONE if runs else ScheduledChange.Status.DROPPED
            change.save(update_fields=["status"])
        if runs:
            replace_item(subscription, change, change.effective_at, work)


def replace_item(subscription: Subscription, change: ScheduledChange, effective_at: datetime, work: Work) -> None:
    """End the item of the slot and start another from `effective_at` on."""
    before = next(item for item in reversed(subscription.history) if item.slot == change.slot)
    after = SubscriptionItem(
        subscription=subscription, slot=change.slot, price=change.price, quantity=change.quantity, valid_from=effective_at
    )
    before.valid_until = effective_at
    subscription.history.append(after)
    work.started.append(after)
    work.closed.append(before)
    work.replaced.append((subscription, before, after))


def end_trial(subscription: Subscription, work: Work) -> None:
    if subscription.status == Status.TRIALING and subscription.billed_from <= work.at:
        subscription.status = Status.ACTIVE
        work.touched[subscription.pk] = subscription


def renew_contract(subscription: Subscription, work: Work) -> None:
    """Move the contract's term on, once for every term that has passed."""
    while renewal_due(subscription, work.at):
        before = subscription.renewal_date
        subscription.renewal_date = next_term(subscription)
        work.touched[subscription.pk] = subscription
        work.renewed += 1
        dates = {"renewed_on": before.isoformat(), "renewal_date": subscription.renewal_date.isoformat()}
        item, key = plan_item(subscription), before.isoformat()
        work.facts.append(
            notices.of_subscription(
                "contract.renewed", subscription, item, at=work.at, key=key, term_months=subscription.term_months, **dates
            )
        )


def renewal_due(subscription: Subscription, at: datetime) -> bool:
    moment = renewal_moment(subscription)
    return bool(moment and moment <= at)


def renewal_moment(subscription: Subscription) -> datetime | None:
    """When the contract renews by itself next; None when it does not."""
    if subscription.status == Status.ENDED or not subscription.auto_renew or not subscription.renewal_date:
        return None
    moment = day_start(subscription.renewal_date, subscription.zone)
    return None if subscription.cancel_at and subscription.cancel_at <= moment else moment


def next_term(subscription: Subscription) -> date:
    """The renewal date after the present one; the day of the month is kept where the month has it."""
    following = plus_months(subscription.renewal_date.replace(day=1), subscription.term_months)
    last = (plus_months(following, 1) - timedelta(days=1)).day
    return following.replace(day=min(subscription.renewal_day, last))


def end(subscription: Subscription, work: Work) -> None:
    """End a subscription whose agreed end has come."""
    if subscription.status == Status.ENDED or not subscription.cancel_at or subscription.cancel_at > work.at:
        return
    subscription.status, subscription.ended_at = Status.ENDED, subscription.cancel_at
    subscription.end_reason = subscription.end_reason or "expired"
    for item in subscription.history:
        if item.valid_until is None:
            item.valid_until = max(subscription.ended_at, item.valid_from)
            work.closed.append(item)
    work.touched[subscription.pk] = subscription
    work.ended += 1
    work.facts.append(ended_fact(subscription, work.at))


def ended_fact(subscription: Subscription, at: datetime) -> Fact:
    return notices.of_subscription(
        "subscription.ended",
        subscription,
        plan_item(subscription),
        at=at,
        reason=subscription.end_reason,
        ended_at=subscription.ended_at.isoformat(),
    )


def write_changes(work: Work) -> None:
    """Write items and states. Items end before others start, as the database demands."""
    saved = [item for item in work.closed if item.pk]
    if saved:
        SubscriptionItem.objects.bulk_update(saved, ["valid_until"])
    if work.started:
        SubscriptionItem.objects.bulk_create(work.started)
    if work.touched:
        Subscription.objects.bulk_update(work.touched.values(), ["status", "renewal_date", "ended_at", "end_reason"])
    for subscription, before, after in work.replaced:
        work.facts.append(notices.of_change(subscription, before, after, at=work.at))


def bill(subscriptions: Sequence[Subscription], work: Work) -> None:
    drafts = missing_drafts(subscriptions, at=work.at)
    work.invoices = write_drafts(drafts, at=work.at)
    work.facts += finalise_drafts(work.invoices, at=work.at)


SETTLE = """
update billing_subscription s set next_due_at = n.next_due_at, settled_until = n.settled_until
from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) as n (id, next_due_at, settled_until) where s.id = n.id
"""


def settle(subscriptions: Sequence[Subscription], pending: dict[int, list[ScheduledChange]], work: Work) -> None:
    """Note that everything by now is billed, and when something happens next."""
    for subscription in subscriptions:
        subscription.settled_until = horizon(subscription, work.at)
        subscription.next_due_at = next_moment(subscription, pending[subscription.pk], subscription.settled_until)
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [[getattr(one, name) for one in subscriptions] for name in ("pk", "next_due_at", "settled_until")])


def next_moment(subscription: Subscription, pending: list[ScheduledChange], at: datetime) -> datetime | None:
    """The earliest instant after `at` at which anything happens with this subscription."""
    moments = [next_due(subscription.facts(subscription.history), at=at)]
    if subscription.status != Status.ENDED:
        moments += [subscription.cancel_at, renewal_moment(subscription), *(change.effective_at for change in pending)]
    if subscription.status == Status.TRIALING:
        moments.append(subscription.trial_end)
    return min((moment for moment in moments if moment), default=None)
