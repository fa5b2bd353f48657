"""The selling company, and taking numbers from its series."""

from billing.models import LegalEntity, NumberSeries
from crm.models import Installation

MAIN = "main"


def main_entity() -> LegalEntity:
    """The entity that sells by default; made from the installation's name and zone when there is none."""
    found = LegalEntity.objects.filter(key=MAIN).first()
    if found:
        return found
    house = Installation.load()
    return LegalEntity.objects.get_or_create(key=MAIN, defaults={"name": house.name, "zone": house.zone})[0]


def take_numbers(entity_id: int, series: str, count: int) -> list[tuple[int, str]]:
    """The next `count` numbers of a series as (number, label), in order.

    Locks the row until the transaction ends, so numbers have no gap whatever is rolled back. Two statements.
    """
    row = NumberSeries.objects.select_for_update().filter(entity_id=entity_id, series=series).first()
    if row is None:
        NumberSeries.objects.get_or_create(entity_id=entity_id, series=series)
        row = NumberSeries.objects.select_for_update().get(entity_id=entity_id, series=series)
    first = row.next_number
    NumberSeries.objects.filter(pk=row.pk).update(next_number=first + count)
    return [(n, row.label(n)) for n in range(first, first + count)]
