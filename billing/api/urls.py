"""What billing adds to the API: (prefix, viewset, basename), with path converters; crm.api registers them."""

from billing.api.credits import BalanceView, CreditView
from billing.api.invoices import InvoiceView
from billing.api.plans import PlanView, PriceView
from billing.api.subscriptions import SubscriptionView

routes = [
    ("plans", PlanView, "plan"),
    ("prices", PriceView, "price"),
    ("subscriptions", SubscriptionView, "subscription"),
    ("invoices", InvoiceView, "invoice"),
    ("accounts/<int:account>/credits", CreditView, "credit"),
    ("accounts/<int:account>/balance", BalanceView, "balance"),
]
