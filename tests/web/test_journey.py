"""A morning by keyboard alone: sign in, the first task and why it exists, done, undone, an account from the palette, the theme."""

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.lib import clock
from crm.models import User
from customers import inbox
from customers.models import Task
from tests.factories import make_account

WHY = {"sentence": "Logins fell 10 to 2 (80 %), needs 60 %", "name": "Login drop", "closes_when": "logins are back above 8"}


@pytest.fixture
def task(ada: User) -> Task:
    account = make_account("Halvorsen Marine", owner=ada, arr={"minor": 4_200_000, "currency": "EUR"})
    at = clock.now()
    return inbox.create_task(account=account, title="Call Halvorsen", at=at, kind="risk", assignee=ada, due_at=at, why=WHY)


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")


def test_a_morning_by_keyboard_alone(visitor: Page, ada: User, task: Task) -> None:
    page = visitor
    page.goto("/login/")
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type(ada.email)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type("correct horse")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/day/")
    expect(page.get_by_role("link", name="Call Halvorsen")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tasks/{task.pk}/")
    expect(page.get_by_role("region", name="Why this exists")).to_contain_text("Logins fell 10 to 2 (80 %)")
    expect(page.get_by_role("region", name="Why this exists")).to_contain_text("logins are back above 8")

    page.go_back()
    page.wait_for_url("**/day/")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Saved")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator("#toasts")).to_contain_text("Done: Call Halvorsen")
    expect(page.locator("[data-row]")).to_have_count(0)
    task.refresh_from_db()
    assert (task.status, task.outcome) == ("done", "no_action")

    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("Open again")
    expect(page.locator("[data-row]")).to_have_count(1)
    task.refresh_from_db()
    assert task.is_open

    page.keyboard.press("Control+k")
    page.keyboard.type("halv")
    expect(page.get_by_role("option").first).to_contain_text("Halvorsen Marine")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/accounts/{task.account_id}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Halvorsen Marine")

    tab_to(page, page.get_by_label("Your menu, Ada Lind"))
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    with page.expect_response("**/me/theme/"):
        page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
