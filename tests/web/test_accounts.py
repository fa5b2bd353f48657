"""Accounts in a real browser: the way of a working day from the list to a closed task, by keyboard, and no violation anywhere."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from crm.lib import clock
from crm.models import User
from customers import catalogue, inbox, scorecards, stream
from customers.events import record
from customers.health import score_all
from customers.models import Account, Membership, Task, TimelineEntry
from tests.factories import make_account, make_contact, make_source
from tests.web.test_frame import violations

PAGES = ["", "timeline/", "health/", "contacts/", "usage/", "history/", "edit/"]


@pytest.fixture
def halvorsen(ada: User) -> Account:
    """An account with something on each of its pages."""
    catalogue.install()
    at = clock.now()
    scorecards.install_default(at=at - timedelta(days=90))
    account = make_account("Halvorsen Marine", owner=ada, plan="growth", arr={"minor": 4200000, "currency": "EUR"}, sentiment=3)
    contact = make_contact("Jonas Vik", "jonas@halvorsen.example")
    Membership.objects.create(account=account, contact=contact, role="champion", from_at=at - timedelta(days=90))
    product = make_source()
    for day in range(40):
        record(account=account, name="login", at=at - timedelta(days=day), contact=contact, source=product)
    stream.write(
        account, kind="call", text="**Asked** for an introduction.", by=ada, at=at - timedelta(hours=2), contact=contact, pinned=True
    )
    why = {"sentence": "Logins fell from 10 to 2", "closes_when": "logins are above 8"}
    inbox.create_task(
        account=account, title="Call Halvorsen", at=at, due_at=at - timedelta(days=1), playbook="login-drop-save", version=4, why=why
    )
    score_all(at=at - timedelta(days=10))
    score_all(at=at)
    make_account("Acme", owner=ada)
    make_account("Zeta")
    return account


def settle(page: Page) -> None:
    """Wait until the panels in sight have come."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_an_account_have_no_accessibility_violation(page: Page, theme: str, halvorsen: Account, path: str) -> None:
    page.goto(f"{halvorsen.get_absolute_url()}{path}")
    page.keyboard.press("End")
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/accounts/", "/accounts/?q=nothing", "/accounts/new/", "/accounts/tiles/"])
def test_the_list_has_no_accessibility_violation(page: Page, theme: str, halvorsen: Account, path: str) -> None:
    page.goto(path)
    settle(page)
    assert violations(page) == []


def test_from_the_list_to_a_closed_task_and_back(visitor: Page, ada: User, halvorsen: Account) -> None:
    page = visitor
    page.goto("/login/?next=/accounts/")
    page.get_by_label("E-mail").fill(ada.email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.locator("#filter-q").fill("halv")
    expect(page.locator("#accounts [data-row]")).to_have_count(1)
    page.get_by_role("link", name="Halvorsen Marine").click()
    expect(page.get_by_role("heading", name="Halvorsen Marine", level=1)).to_be_visible()
    settle(page)

    page.get_by_label("What happened").fill("Marte takes over.\n[] Invite Marte")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#stream")).to_contain_text("Marte takes over.")
    expect(page.locator("#account-tasks")).to_contain_text("Invite Marte")
    expect(page.get_by_label("What happened")).to_have_value("")

    task = page.locator("#account-tasks article", has_text="Call Halvorsen")
    task.get_by_text("Done", exact=True).click()
    task.get_by_role("button", name="Saved").click()
    expect(page.locator("#account-tasks article", has_text="Call Halvorsen")).to_have_count(0)
    assert Task.objects.get(title="Call Halvorsen").outcome == "saved"

    page.locator(".toast", has_text="Done: Call Halvorsen").get_by_role("button", name="Undo").click()
    expect(page.locator("#account-tasks article", has_text="Call Halvorsen")).to_have_count(1)
    assert Task.objects.get(title="Call Halvorsen").is_open


def test_the_same_by_keyboard_alone(page: Page, halvorsen: Account) -> None:
    page.goto("/accounts/")
    settle(page)
    for key in ["j", "j", "Enter"]:
        page.keyboard.press(key)
    page.wait_for_url(f"**{halvorsen.get_absolute_url()}")
    settle(page)
    page.keyboard.press("l")
    page.keyboard.type("Spoke to Jonas.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#stream")).to_contain_text("Spoke to Jonas.")
    assert TimelineEntry.objects.filter(account_id=halvorsen.pk, name="call.held", body="Spoke to Jonas.").exists()
    settle(page)
    page.locator("h1").click()
    expect(page.get_by_label("What happened")).not_to_be_focused()
    for key in ["j", "e", "2"]:
        page.keyboard.press(key)
    expect(page.locator(".toast", has_text="Done: Call Halvorsen")).to_be_visible()
    assert Task.objects.get(title="Call Halvorsen").outcome == "no_action"
    page.keyboard.press("u")
    expect(page.locator("#account-tasks article", has_text="Call Halvorsen")).to_have_count(1)
    page.keyboard.press("]")
    page.wait_for_url("**/accounts/*/")
    expect(page.get_by_role("heading", name="Zeta", level=1)).to_be_visible()


def test_a_row_unfolds_and_its_owner_changes_in_place(page: Page, bob: User, halvorsen: Account) -> None:
    page.goto("/accounts/")
    settle(page)
    page.get_by_role("button", name="Look into Halvorsen Marine").click()
    expect(page.locator(f"#peek-{halvorsen.pk}")).to_contain_text("Call Halvorsen")
    page.get_by_role("button", name="Look into Halvorsen Marine").click()
    expect(page.locator(f"#peek-{halvorsen.pk}")).to_be_hidden()
    page.get_by_role("button", name="Owner of Halvorsen Marine").click()
    expect(page.locator(f"#account-{halvorsen.pk} select")).to_be_visible()
    settle(page)
    page.locator(f"#account-{halvorsen.pk} select").select_option("Bob Ray")
    expect(page.get_by_role("button", name="Owner of Halvorsen Marine: Bob Ray")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Owner of Halvorsen Marine: Ada Lind")).to_be_visible()


def test_several_accounts_get_an_owner_together(page: Page, bob: User, halvorsen: Account) -> None:
    page.goto("/accounts/")
    settle(page)
    for key in ["j", "x", "j", "x", "a"]:
        page.keyboard.press(key)
    expect(page.get_by_role("dialog").get_by_label("Owner")).to_be_visible()
    settle(page)
    page.get_by_role("dialog").get_by_label("Owner").select_option("Bob Ray")
    page.get_by_role("dialog").get_by_role("button", name="Assign").click()
    expect(page.get_by_text("2 accounts now with Bob Ray.")).to_be_visible()
    expect(page.get_by_role("button", name="Owner of Acme: Bob Ray")).to_be_visible()
    assert Account.objects.filter(owner=bob).count() == 2


def test_an_entry_is_edited_from_its_menu(page: Page, halvorsen: Account) -> None:
    page.goto(f"{halvorsen.get_absolute_url()}timeline/")
    settle(page)
    entry = page.locator("article.entry", has_text="Asked for an introduction").last
    entry.hover()
    entry.get_by_label("More about").click()
    entry.get_by_role("link", name="Edit").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("Asked twice.")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#stream")).to_contain_text("Asked twice.")
    expect(page.get_by_role("dialog")).to_have_count(0)
