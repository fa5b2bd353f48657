"""Pages of playbooks: the catalogue, runs, why and why not, the editor with its problems, and who may change what."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from playbooks.models import Playbook
from playbooks.versions import install_library
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
KEY = "login-drop-save"


@pytest.fixture
def library(db):
    return install_library(at=NOW)


@pytest.mark.parametrize("part", ["", "runs/", "why/", "held/", "versions/"])
def test_every_tab_answers(client, ada, library, part):
    client.force_login(ada)
    assert client.get(f"/playbooks/{KEY}/{part}").status_code == 200


def test_the_catalogue_says_in_words_what_starts_each(client, ada, library):
    client.force_login(ada)
    assert "logins fell 60 % or more" in client.get("/playbooks/").content.decode().lower()


def test_an_unknown_key_is_404(client, ada, library):
    client.force_login(ada)
    assert client.get("/playbooks/nothing-here/").status_code == 404


def test_why_answers_in_one_sentence(client, ada, library):
    make_account("Halvorsen Marine", owner=ada)
    client.force_login(ada)
    html = client.get(f"/playbooks/{KEY}/why/?account=halv").content.decode()
    assert "Did not start" in html
    assert "Halvorsen Marine" in html


@pytest.mark.parametrize("query", ["account=nobody", "account=%00", "account=99999999999999999999", "account=1&at=never"])
def test_why_names_what_it_does_not_understand(client, ada, library, query):
    client.force_login(ada)
    assert client.get(f"/playbooks/{KEY}/why/?{query}").status_code == 200


def test_mallory_cannot_ask_about_an_account_that_is_hidden(client, ada, mallory, library):
    from crm.models import Installation

    Installation.objects.update_or_create(pk=1, defaults={"visibility": "own"})
    account = make_account("Secret Co", owner=ada)
    client.force_login(mallory)
    assert "Secret Co" not in client.get(f"/playbooks/{KEY}/why/?account={account.pk}").content.decode()
    assert client.get(f"/accounts/{account.pk}/panels/playbooks/").status_code == 404


def test_a_csm_may_not_edit(client, ada, library):
    client.force_login(ada)
    assert client.get(f"/playbooks/{KEY}/text/").status_code == 403
    assert client.post(f"/playbooks/{KEY}/pause/").status_code == 403


def test_a_broken_text_is_refused_with_its_line_and_the_active_version_goes_on(client, otto, library):
    client.force_login(otto)
    playbook = Playbook.objects.get(key=KEY)
    broken = playbook.active_version.text.replace("cooldown: 60d", "cooldwn: 60d")
    response = client.post(f"/playbooks/{KEY}/text/", {"text": broken})
    assert response.status_code == 422
    assert "did you mean" in response.content.decode()
    playbook.refresh_from_db()
    assert (playbook.status, playbook.active_version.n) == ("active", 1)


def test_saving_a_sound_text_makes_a_version_and_checking_does_not(client, otto, library):
    client.force_login(otto)
    playbook = Playbook.objects.get(key=KEY)
    text = playbook.active_version.text.replace("cooldown: 60d", "cooldown: 90d")
    assert client.post(f"/playbooks/{KEY}/text/", {"text": text, "check": "1"}).status_code == 200
    playbook.refresh_from_db()
    assert playbook.active_version.n == 1
    assert client.post(f"/playbooks/{KEY}/text/", {"text": text}).status_code == 302
    playbook.refresh_from_db()
    assert playbook.active_version.n == 2


def test_pausing_and_activating_again(client, otto, library):
    client.force_login(otto)
    client.post(f"/playbooks/{KEY}/pause/")
    assert Playbook.objects.get(key=KEY).status == "paused"
    client.post(f"/playbooks/{KEY}/activation/")
    assert Playbook.objects.get(key=KEY).status == "active"


def test_runs_cost_the_same_number_of_queries(client, ada, library):
    client.force_login(ada)
    client.get(f"/playbooks/{KEY}/runs/")
    with CaptureQueriesContext(connection) as seen:
        client.get(f"/playbooks/{KEY}/runs/")
    assert len(seen) <= 14
