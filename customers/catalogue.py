"""The event names that the product knows: label, icon, tone, and how they stand on the timeline. Unknown names fold."""

from collections.abc import Iterable

from customers.models import EventType

# name: (label, timeline, icon, tone, title, counts as contact)
KNOWN = {
    "login": ("Login", "fold", "log-in", "", "", False),
    "page.viewed": ("Page viewed", "fold", "monitor", "", "", False),
    "screen.viewed": ("Screen viewed", "fold", "monitor", "", "", False),
    "visitor.identified": ("Visitor said who they are", "hide", "user", "", "", False),
    "invoice.finalised": ("Invoice", "entry", "receipt-text", "", "Invoice {number}, {amount}", False),
    "invoice.paid": ("Invoice paid", "entry", "receipt-text", "good", "Invoice {number} paid, {amount}", False),
    "invoice.past_due": ("Invoice past due", "entry", "receipt-text", "bad", "Invoice {number} past due, {amount} open", False),
    "invoice.voided": ("Invoice voided", "entry", "receipt-text", "", "Invoice {number} voided", False),
    "credit.granted": ("Credit granted", "entry", "gift", "accent", "Credit of {amount} granted", False),
    "credit.applied": ("Credit applied", "entry", "gift", "", "Credit of {amount} applied to {number}", False),
    "subscription.started": ("Subscription started", "entry", "circle-check", "good", "Subscribed to {plan}", False),
    "subscription.upgraded": ("Upgraded", "entry", "trending-up", "good", "Upgraded from {previous} to {plan_name}", False),
    "subscription.downgraded": ("Downgraded", "entry", "trending-down", "watch", "Downgraded from {previous} to {plan_name}", False),
    "subscription.cancelled": ("Cancellation", "entry", "circle-x", "bad", "Cancelled {plan}, ends {ends_on}", False),
    "subscription.ended": ("Subscription ended", "entry", "circle-x", "bad", "{plan} ended", False),
    "contract.renewed": ("Contract renewed", "entry", "refresh-cw", "good", "Renewed {plan} until {renewal_date}", False),
    "subscription.changed": ("Subscription changed", "entry", "repeat", "", "Changed to {plan_name}", False),
    "subscription.change_scheduled": ("Change agreed", "entry", "calendar", "", "Will change to {plan_name} on {effective_on}", False),
    "subscription.resumed": ("Cancellation taken back", "entry", "undo-2", "good", "Took back the cancellation of {plan_name}", False),
    "payment.received": ("Payment", "entry", "coins", "", "{received} received for invoice {number}, {open} still open", False),
    "billing.held": ("Billing on hold", "entry", "triangle-alert", "bad", "Billing stopped until somebody looks: {reason}", False),
    "contract.signed": ("Contract signed", "entry", "file-text", "good", "", False),
    "incident.resolved": (
        "Incident resolved",
        "entry",
        "triangle-alert",
        "bad",
        "Incident resolved: {title}, {severity}, {downtime_minutes} min",
        False,
    ),
    "incident.opened": ("Incident opened", "entry", "triangle-alert", "bad", "Incident opened: {title}, {severity}", False),
    "ticket.opened": ("Ticket opened", "entry", "message-square", "watch", "Ticket opened: {subject}", False),
    "ticket.solved": ("Ticket solved", "entry", "message-square", "good", "Ticket solved: {subject}", False),
    "health.band_changed": ("Health changed", "entry", "heart-pulse", "", "Health {from_score} → {score}", False),
    "playbook.started": ("Playbook started", "entry", "zap", "accent", "Playbook “{playbook_name}” started", False),
    "playbook.finished": ("Playbook finished", "fold", "zap", "", "", False),
    "task.created": ("Task created", "hide", "list-checks", "", "", False),
    "task.closed": ("Task closed", "entry", "list-checks", "good", "Task closed: {title} ({outcome})", False),
    "note.written": ("Note", "entry", "pencil", "", "", False),
    "entry.edited": ("Entry edited", "hide", "pencil", "", "", False),
    "entry.deleted": ("Entry deleted", "hide", "trash-2", "", "", False),
    "call.held": ("Call", "entry", "phone", "", "", True),
    "meeting.held": ("Meeting", "entry", "users", "", "", True),
    "email.logged": ("E-mail", "entry", "mail", "", "", True),
    "conversation.held": ("Conversation", "entry", "message-square", "", "", True),
}


def label_of(name: str, label: str = "") -> str:
    """`label`, which is the catalogue's; without one the name in words: "api_call" -> "Api call"."""
    words = " ".join(name.replace("_", " ").replace(".", " ").split())
    return label or words[:1].upper() + words[1:]


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """The label of each of these event names. One query."""
    names = set(names)
    known = dict(EventType.objects.filter(name__in=names).values_list("name", "label"))
    return {name: label_of(name, known.get(name, "")) for name in names}


def install() -> None:
    """Write the catalogue; what operations changed by hand stays."""
    rows = [
        EventType(name=name, label=label, timeline=timeline, icon=icon, tone=tone, title=title, counts_as_contact=contact)
        for name, (label, timeline, icon, tone, title, contact) in KNOWN.items()
    ]
    EventType.objects.bulk_create(rows, ignore_conflicts=True)
