"""What our own people do in the demo, in answer to what they see: sign customers up, take payments, call, work their tasks.

Each function calls the product's verbs with the day's instant. Who does what is decided by the seed; what there is to do is decided
by the engine.
"""

from datetime import datetime, timedelta

from billing import payments, subscriptions
from billing.models import Invoice, Price, Subscription
from crm.demo.cast import DAYS, STARS, Company
from crm.demo.names import CALLS
from crm.demo.story import Day, plan_on
from crm.models import User
from customers import inbox, roles, stream
from customers.models import Account, Membership, Task
from customers.traits import TraitFact, set_traits_batch

SEATS_PLAN = "scale"


def welcome(cast: list[Company], accounts: dict[str, Account], staff: dict[str, User], day: Day, at: datetime) -> None:
    """Owners and subscriptions for the companies that joined today."""
    new = [c for c in cast if c.joins == day.n and c.group_id in accounts]
    owners = [TraitFact(accounts[c.group_id].pk, "owner", staff[c.csm].pk, at) for c in new]
    currencies = [TraitFact(accounts[c.group_id].pk, "currency", c.currency, at) for c in new]
    actor = {"kind": "person", "id": staff["Mira Holt"].pk, "name": "Mira Holt"}
    set_traits_batch([*owners, *currencies], at=at, actor=actor)
    for c in new:
        if not Subscription.objects.filter(account=accounts[c.group_id]).exists():
            subscriptions.subscribe(
                accounts[c.group_id],
                price_of(c, c.plan),
                quantity=c.seats if c.plan == SEATS_PLAN else 1,
                at=at,
                auto_renew=not c.yearly or c.n % 3 > 0,
                renewal_date=at.date() + timedelta(days=365 - c.older % 330),
                by=staff["Faye Brandt"],
            )


def introduce(cast: list[Company], accounts: dict[str, Account], staff: dict[str, User], day: Day, at: datetime) -> None:
    """The CSM of a company that joined today notes who is the champion and who buys."""
    new = {p.email: (c, p) for c in cast if c.joins == day.n and c.group_id in accounts for p in c.people if p.role != "user"}
    found = Membership.objects.filter(contact__email__in=list(new)).select_related("contact").order_by("pk")
    for membership in found:
        c, person = new[membership.contact.email]
        roles.set_role(membership, role=person.role, by=staff[c.csm], at=at)


def price_of(c: Company, plan: str) -> Price:
    return Price.objects.get(plan__key=plan, currency=c.currency, interval="year" if c.yearly else "month")


def change_minds(cast: list[Company], accounts: dict[str, Account], staff: dict[str, User], day: Day, at: datetime) -> None:
    """Upgrades and cancellations that fall on this day."""
    for c in cast:
        if c.upgrades == day.n and plan_on(c, day.n + 1) != c.plan:
            upgrade(c, accounts[c.group_id], plan_on(c, day.n + 1), staff, at)
        elif c.leaves is not None and c.leaves - 6 == day.n:
            leave(c, accounts[c.group_id], at)
    renew(cast, accounts, at)


def renew(cast: list[Company], accounts: dict[str, Account], at: datetime) -> None:
    """Three weeks before a contract ends, whoever stays signs for another term."""
    stays = [accounts[c.group_id] for c in cast if c.leaves is None and c.group_id in accounts]
    soon = Subscription.objects.filter(account__in=stays, auto_renew=False, ended_at=None, renewal_date__lte=at.date() + timedelta(days=21))
    for held in soon:
        subscriptions.set_auto_renew(held, auto_renew=True, at=at)


def upgrade(c: Company, account: Account, plan: str, staff: dict[str, User], at: datetime) -> None:
    held = Subscription.objects.filter(account=account, ended_at=None).order_by("pk").first()
    if held:
        quantity = c.seats if plan == SEATS_PLAN else 1
        subscriptions.change_plan(held, price=price_of(c, plan), quantity=quantity, at=at, when="now", by=staff["Faye Brandt"])


def leave(c: Company, account: Account, at: datetime) -> None:
    held = Subscription.objects.filter(account=account, ended_at=None).exclude(status="cancelled").order_by("pk").first()
    if held:
        reason = "involuntary" if c.temper == "broke" else "voluntary"
        subscriptions.cancel(held, at=at, when="now" if c.yearly else "period_end", reason=reason)


def pay(cast: dict[int, Company], staff: dict[str, User], day: Day, at: datetime) -> None:
    """Customers pay their open invoices, each in its own time; who is broke stops paying in the last three months."""
    statement = [
        payments.Receipt(invoice, invoice.due_minor)
        for invoice in Invoice.objects.filter(status="open", account_id__in=list(cast)).order_by("pk")
        if (at - invoice.issued_at).days >= patience(cast[invoice.account_id], invoice, day)
    ]
    payments.record_payments(statement, at=at, by=staff["Faye Brandt"])


def patience(c: Company, invoice: Invoice, day: Day) -> int:
    """Days until this company pays this invoice."""
    rng = Day(0, day.date, day.seed).rng("pay", c.n, invoice.number)
    if c.temper == "broke" and c.leaves is not None and day.n > c.leaves - 90:
        return 10_000
    if c.temper == "late":
        return rng.randint(16, 44)
    return rng.choices((rng.randint(1, 12), rng.randint(15, 22)), (96, 4))[0]


def call(cast: list[Company], accounts: dict[str, Account], staff: dict[str, User], day: Day, at: datetime) -> None:
    """Regular calls: every company about every seven weeks on a working day, who fades less often."""
    for c in cast:
        rng = day.rng("call", c.n)
        if not c.active(day.n) or c.joins >= day.n or day.date.weekday() > 4 or rng.random() > 0.028:
            continue
        mood = (
            "fading"
            if c.fades is not None and c.fades < day.n < (c.recovers or 10_000)
            else "growing"
            if c.temper == "growing"
            else "steady"
        )
        stream.write(
            accounts[c.group_id], kind=rng.choice(("call", "call", "meeting", "note")), text=rng.choice(CALLS[mood]), by=staff[c.csm], at=at
        )


def work_tasks(cast: dict[int, Company], day: Day, at: datetime) -> None:
    """CSMs close what is a few days old; about one in six waits longer. The outcome is what became of the company."""
    for task in Task.objects.open().select_related("assignee").filter(created_at__lt=at - timedelta(days=1), assignee__isnull=False):
        if (c := cast.get(task.account_id)) is None or (c.n in STARS and day.n > DAYS - 40):
            continue
        rng = Day(0, day.date, day.seed).rng("task", task.account_id, task.playbook, task.created_at.date())
        wait = rng.randint(3, 9) if rng.random() < 0.7 else rng.randint(12, 28)
        if task.status == Task.Status.OPEN and at - task.created_at >= timedelta(days=wait):
            inbox.complete(task, outcome=outcome(c, task, rng.random()), by=task.assignee, at=at)


def outcome(c: Company, task: Task, dice: float) -> str:
    if c.temper in {"fading", "broke"} and task.kind == Task.Kind.RISK:
        return "lost" if dice < 0.6 else "no_action"
    if c.temper == "dipping":
        return "saved"
    return "saved" if dice < 0.35 else "no_action" if dice < 0.85 else "false_alarm"
