"""Why a verb of billing refuses. Each has a `code` for programs; the text is a sentence for people."""

from crm.lib.refused import Refused


class AmountNotPositive(Refused):
    code = "amount_not_positive"


class QuantityNotPositive(Refused):
    code = "quantity_not_positive"


class CurrencyMismatch(Refused):
    code = "currency_mismatch"


class UnknownCurrency(Refused):
    code = "unknown_currency"


class UnknownChoice(Refused):
    """An argument is not one of the words it may be."""

    code = "unknown_choice"


class PlanKeyTaken(Refused):
    code = "plan_key_taken"


class PlanArchived(Refused):
    code = "plan_archived"


class TrialAlreadyOver(Refused):
    code = "trial_already_over"


class RenewalNotAhead(Refused):
    code = "renewal_not_ahead"


class SubscriptionEnded(Refused):
    code = "subscription_ended"


class SubscriptionMirrored(Refused):
    code = "subscription_mirrored"


class AlreadyCancelled(Refused):
    code = "already_cancelled"


class NotCancelled(Refused):
    code = "not_cancelled"


class NothingChanges(Refused):
    code = "nothing_changes"


class BeforeStart(Refused):
    code = "before_start"


class InvoiceNotDraft(Refused):
    code = "invoice_not_draft"


class InvoiceNotOpen(Refused):
    code = "invoice_not_open"


class InvoiceHasPayments(Refused):
    code = "invoice_has_payments"


class InvoiceCorrected(Refused):
    code = "invoice_corrected"


class AccountOnHold(Refused):
    code = "account_on_hold"


class EffectKeyReused(Refused):
    """The key was used before for something else."""

    code = "effect_key_reused"
