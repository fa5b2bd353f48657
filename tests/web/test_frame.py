"""The frame in a real browser: themes, keys, palette, toasts, menus, and no accessibility violation."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crm.models import User
from tests.factories import make_account


def violations(page: Page) -> list[str]:
    """What axe finds, one line each."""
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {item['help']}: {node['html'][:120]}" for item in found for node in item["nodes"]]


def test_the_styleguide_has_no_accessibility_violation(page: Page, theme: str) -> None:
    page.goto("/styleguide/")
    assert violations(page) == []


def test_sign_in_has_no_accessibility_violation(visitor: Page, theme: str) -> None:
    visitor.goto("/login/")
    assert violations(visitor) == []


def test_the_palette_has_no_accessibility_violation(page: Page, theme: str) -> None:
    make_account("Halvorsen Marine")
    page.goto("/styleguide/")
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("halv")
    expect(page.get_by_role("option", name="Halvorsen Marine")).to_be_visible()
    assert violations(page) == []


def test_a_person_signs_in_and_out(visitor: Page, ada: User) -> None:
    visitor.goto("/login/?next=/styleguide/")
    visitor.get_by_label("E-mail").fill(ada.email)
    visitor.get_by_label("Password").fill("correct horse")
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_role("heading", name="Styleguide", level=1)).to_be_visible()
    visitor.get_by_label("Your menu, Ada Lind").click()
    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_keeps_the_address_and_says_so(visitor: Page, ada: User) -> None:
    visitor.goto("/login/")
    visitor.get_by_label("E-mail").fill(ada.email)
    visitor.get_by_label("Password").fill("wrong")
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_role("alert")).to_be_visible()
    expect(visitor.get_by_label("E-mail")).to_have_value(ada.email)


def test_the_theme_changes_at_once_and_is_kept(page: Page, ada: User) -> None:
    page.goto("/styleguide/")
    page.get_by_label("Your menu, Ada Lind").click()
    with page.expect_response("**/me/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_the_palette_finds_an_account_by_keyboard_alone(page: Page) -> None:
    account = make_account("Halvorsen Marine")
    page.goto("/styleguide/")
    page.keyboard.press("Control+k")
    page.keyboard.type("halv")
    expect(page.get_by_role("option", name="Halvorsen Marine")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/accounts/{account.pk}/")


def test_escape_closes_the_palette_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/styleguide/")
    page.get_by_role("link", name="Search or jump to").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).not_to_be_visible()
    expect(page.get_by_role("link", name="Search or jump to")).to_be_focused()


def test_j_and_k_move_x_selects(page: Page) -> None:
    page.goto("/styleguide/")
    rows = page.locator("[data-rows] tr[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_have_attribute("data-current", "")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")


def test_a_question_mark_shows_the_keys_and_is_a_letter_in_a_field(page: Page) -> None:
    page.goto("/styleguide/")
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Search accounts", exact=True)).to_be_focused()
    page.keyboard.type("?")
    expect(page.locator("#keys")).not_to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_keys_rest_for_a_person_who_switched_them_off(page: Page, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(single_keys=False)
    page.goto("/styleguide/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_be_visible()


def test_a_toast_is_announced_and_offers_undo(page: Page) -> None:
    page.goto("/styleguide/")
    page.evaluate("document.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Task done.', undo: '/nowhere/'}}))")
    toast = page.locator("#toasts .toast")
    expect(toast).to_contain_text("Task done.")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    page.locator("#toasts").get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_a_dialog_returns_the_focus(page: Page) -> None:
    page.goto("/styleguide/")
    button = page.locator("#dialogs").get_by_role("button", name="Merge 2 accounts")
    button.click()
    expect(page.get_by_role("dialog", name="Merge 2 accounts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_refused_form_takes_the_focus_to_its_errors(page: Page) -> None:
    page.goto("/me/")
    page.get_by_label("Time zone").fill("Nowhere")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Time zone")).to_have_value("Nowhere")


def test_the_rail_folds_and_stays_folded(page: Page) -> None:
    page.goto("/styleguide/")
    page.get_by_role("button", name="Fold the menu").click()
    assert page.locator("#rail").bounding_box()["width"] == 56
    page.reload()
    assert page.locator("#rail").bounding_box()["width"] == 56


def test_the_feed_lamp_comes_after_the_page(page: Page) -> None:
    page.goto("/styleguide/")
    expect(page.locator("#lamp")).to_contain_text("no data yet")


class TestOnAPhone:
    @pytest.fixture
    def viewport(self) -> dict[str, int]:
        return {"width": 390, "height": 844}

    def test_nothing_scrolls_sideways(self, page: Page) -> None:
        page.goto("/styleguide/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    def test_the_menu_opens_from_the_bar_and_closes(self, page: Page) -> None:
        page.goto("/styleguide/")
        page.get_by_role("link", name="More").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        page.get_by_role("link", name="Close menu").click()
        expect(page.get_by_role("navigation", name="Main")).not_to_be_visible()


def test_pages_work_without_script(browser: Any, live_server: Any, ada: User) -> None:
    from tests.web.conftest import sign_in

    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = sign_in(context.new_page(), ada, live_server.url)
    page.goto("/styleguide/")
    page.get_by_role("link", name="Search or jump to").click()
    page.wait_for_url("**/search/")
    page.get_by_label("Your menu, Ada Lind").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()
