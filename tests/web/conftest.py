"""A real browser on a real server: `page` is signed in as Ada, `visitor` is nobody. `theme` is light or dark.

Without Chromium these tests are skipped with one line; CHROMIUM names another binary.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from crm.models import User

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, and skip it where there is none."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright runs a loop in this thread; the server has its own
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    """Runs a test in both themes."""
    return request.param


@pytest.fixture
def viewport() -> dict[str, int]:
    """Override in a module for a phone: {"width": 390, "height": 844}."""
    return {"width": 1440, "height": 900}


@pytest.fixture
def context(browser: Browser, live_server: Any, viewport: dict[str, int], request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    scheme = request.getfixturevalue("theme") if "theme" in request.fixturenames else "light"
    context = browser.new_context(base_url=live_server.url, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext) -> Iterator[Page]:
    """A browser page of nobody. A script error or a refused resource fails the test."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    assert errors == []


@pytest.fixture
def page(visitor: Page, ada: User, live_server: Any) -> Page:
    """A browser page of Ada."""
    return sign_in(visitor, ada, live_server.url)


def sign_in(page: Page, user: User, url: str) -> Page:
    """Give the page a session of `user`, without walking through the form."""
    client = Client()
    client.force_login(user)
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": url}]
    )
    return page
