"""Price models: what a quantity costs for one whole interval.

A model is one function in MODELS from (price, quantity) to an exact amount in minor units;
a new model is a new entry. Rounding and parts of periods are not done here.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from billing.engine.facts import PriceFact

FLAT, UNIT = "flat", "unit"


def rate(price: PriceFact, quantity: Decimal, already_billed: Decimal = Decimal(0)) -> Fraction:
    """The exact amount in minor units for `quantity` over one interval.

    `already_billed` is the quantity rated earlier in the same interval; only what lies above
    it is returned. Raises KeyError for a model that MODELS does not know.
    """
    model = MODELS[price.model]
    if not already_billed:
        return model(price, quantity)
    return model(price, already_billed + quantity) - model(price, already_billed)


def flat(price: PriceFact, quantity: Decimal) -> Fraction:
    """The price itself, whatever the quantity."""
    return Fraction(price.unit_amount)


def per_unit(price: PriceFact, quantity: Decimal) -> Fraction:
    """Quantity times price."""
    return Fraction(price.unit_amount) * Fraction(quantity)


MODELS: dict[str, Callable[[PriceFact, Decimal], Fraction]] = {FLAT: flat, UNIT: per_unit}
