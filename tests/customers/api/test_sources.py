"""Sources and deliveries over REST: the write key is shown once, pausing and rotating take effect, replay is a job."""

import pytest

from customers.ingest import receive
from customers.models import Source
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db
URL = "/api/v1/sources/"


def test_the_write_key_is_shown_once(api, otto):
    client = api(otto)
    made = client.post(URL, {"name": "My Product", "kind": "segment"})
    assert made.status_code == 201, made.content
    assert made.json()["key"] == "my-product"
    assert made.json()["write_key"] == Source.objects.get().write_key
    assert "write_key" not in client.get(f"{URL}{made.json()['id']}/").json()
    assert client.post(URL, {"name": "My Product"}).json()["key"] == "my-product-2"


def test_rotating_keeps_the_old_key_for_a_while(api, otto):
    source, client = make_source(), api(otto)
    answer = client.post(f"{URL}{source.pk}/rotation/", {"overlap_hours": 2}).json()
    fresh = Source.objects.get()
    assert (fresh.old_write_key, fresh.write_key) == (source.write_key, answer["write_key"])
    assert client.patch(f"{URL}{source.pk}/", {"state": "paused"}).json()["state"] == "paused"


def test_only_operations_with_the_scope_admin_configure(api, ada, otto):
    assert api(ada).post(URL, {"name": "Mine"}).json()["code"] == "permission_denied"
    response = api(otto, "read", "write").post(URL, {"name": "Mine"})
    assert (response.status_code, response.json()["code"]) == (403, "insufficient_scope")


def test_a_delivery_is_listed_and_replayed_as_a_job(api, otto):
    delivery = receive.store(make_source(), b'{"batch": []}', at=NOW)
    client = api(otto)
    assert client.get("/api/v1/deliveries/?quarantined=false").json()["results"][0]["id"] == delivery.pk
    response = client.post(f"/api/v1/deliveries/{delivery.pk}/replay/")
    assert response.status_code in {202, 422}
