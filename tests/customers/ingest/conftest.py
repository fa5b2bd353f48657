"""The door stands before all other middleware, so these tests run it alone: they stay fast and show that nothing behind it takes part."""

from typing import Any

import pytest

from customers.ingest import keys, refusals


@pytest.fixture(autouse=True)
def only_the_door(settings: Any) -> None:
    settings.MIDDLEWARE = ["crm.middleware.RawIngestMiddleware"]
    keys.forget()
    refusals._described.clear()
