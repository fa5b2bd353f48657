"""How much a sender may send. Installation-wide values come from settings.INGEST, a source may set its own."""

from dataclasses import dataclass, field

from django.conf import settings

from customers.models import Source

ITEM_CEILING = 4 * 1024 * 1024
JUNK_IDS = frozenset(
    ["null", "undefined", "none", "nan", "[object object]", "0", "00000000-0000-0000-0000-000000000000", "anonymous", "guest"]
)


@dataclass(frozen=True, slots=True)
class Limits:
    """`body_bytes` holds for the raw and for the decoded body alike; `junk_ids` are lower case and never link anything."""

    body_bytes: int = 10 * 1024 * 1024
    item_bytes: int = 32 * 1024
    items: int = 2500
    depth: int = 32
    junk_ids: frozenset[str] = field(default=JUNK_IDS)


def of(source: Source) -> Limits:
    """The limits of one source."""
    return Limits(
        body_bytes=settings.INGEST["BODY_BYTES"],
        item_bytes=min(source.item_bytes or settings.INGEST["ITEM_BYTES"], ITEM_CEILING),
        items=source.items_per_batch or settings.INGEST["ITEMS"],
        junk_ids=frozenset(settings.INGEST["JUNK_IDS"]) if "JUNK_IDS" in settings.INGEST else JUNK_IDS,
    )
