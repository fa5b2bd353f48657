"""The step `offer` of kind credit: a fixed amount on the account's ledger, used by its next invoice."""

from decimal import Decimal
from typing import Any

from billing import ledger
from crm.lib import money
from crm.models import Installation
from playbooks.dsl.document import Step
from playbooks.steps.context import Context, Outcome, StepRefused


def perform(step: Step, context: Context) -> Outcome:
    """Grant the credit. Raises StepRefused when the step's currency is not the account's."""
    currency = currency_of(step.args, context)
    minor = money.to_minor(amount_of(step.args), currency)
    try:
        grant(step, context, minor, currency)
    except ledger.CurrencyMismatch as refusal:
        raise StepRefused(str(refusal)) from refusal
    return Outcome(detail={"amount": {"minor": minor, "currency": currency}}, payload={"amount_minor": minor, "currency": currency})


def grant(step: Step, context: Context, minor: int, currency: str) -> None:
    ledger.grant_credit(
        context.account,
        amount_minor=minor,
        currency=currency,
        at=context.at,
        reason=context.run.firing.why.get("sentence") or context.active.document.name,
        effect_key=context.effect_key(step.id),
        playbook=context.active.document.key,
        version=context.run.version.n,
        why={**context.run.firing.why, "step": step.id, "run": context.run.pk},
    )


def amount_of(args: dict[str, Any]) -> Decimal:
    """Major units, capped."""
    amounts = [Decimal(str(args[key])) for key in ("amount", "cap") if key in args]
    return min(amounts)


def currency_of(args: dict[str, Any], context: Context) -> str:
    """The account's currency, else the step's, else the installation's."""
    own, wanted = context.account.currency, args.get("currency")
    if own and wanted and own != wanted:
        raise StepRefused(f"the credit is in {wanted}, the account in {own}")
    return own or wanted or Installation.load().currency
