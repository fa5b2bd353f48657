"""How the events of billing read on the timeline."""

from django.db import migrations

EVENTS = [
    ("invoice.finalised", "Invoice issued", "receipt", "", "Invoice {number} over {amount} issued"),
    ("invoice.paid", "Invoice paid", "receipt", "good", "Invoice {number} over {amount} paid"),
    ("invoice.past_due", "Invoice past due", "receipt", "bad", "Invoice {number} is past due: {open} open"),
    ("invoice.voided", "Invoice voided", "receipt", "", "Invoice {number} over {amount} voided"),
    ("payment.received", "Payment received", "receipt", "", "{received} received for invoice {number}, {open} still open"),
    ("subscription.started", "Subscription started", "zap", "good", "Subscribed to {plan_name}"),
    ("subscription.upgraded", "Upgraded", "arrow-up", "good", "Upgraded to {plan_name}"),
    ("subscription.downgraded", "Downgraded", "arrow-down", "watch", "Downgraded to {plan_name}"),
    ("subscription.changed", "Subscription changed", "repeat", "", "Changed to {plan_name}"),
    ("subscription.change_scheduled", "Change agreed", "calendar", "", "Will change to {plan_name} on {effective_on}"),
    ("subscription.cancelled", "Cancelled", "x", "bad", "Cancelled {plan_name}, ends {ends_on}"),
    ("subscription.resumed", "Cancellation taken back", "repeat", "good", "Took back the cancellation of {plan_name}"),
    ("subscription.ended", "Subscription ended", "x", "bad", "Subscription to {plan_name} ended"),
    ("contract.renewed", "Contract renewed", "repeat", "good", "Contract renewed until {renewal_date}"),
    ("credit.granted", "Credit granted", "gift", "", "Credit of {amount} granted"),
    ("credit.applied", "Credit applied", "gift", "", "Credit of {amount} applied to invoice {number}"),
    ("billing.held", "Billing on hold", "alert-triangle", "bad", "Billing stopped until somebody looks: {reason}"),
]


def install(apps, schema_editor):
    kind = apps.get_model("customers", "EventType")
    rows = [
        kind(name=name, label=label, timeline="entry", icon=icon, tone=tone, title=title) for name, label, icon, tone, title in EVENTS
    ]
    kind.objects.bulk_create(rows, ignore_conflicts=True)


def remove(apps, schema_editor):
    apps.get_model("customers", "EventType").objects.filter(name__in=[row[0] for row in EVENTS]).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_guards"), ("customers", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
