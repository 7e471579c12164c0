"""A portal with the demo's sample data, and people logged in to it."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser.people import OWNER, PageOf
from tests.portal import Portal


@pytest.fixture(scope="session")
def sample(portal: Portal) -> Portal:
    """The portal with two tiers of resellers, their clients and a month of calls."""
    from clients.management.sample import load

    load(at=timezone.now(), carrier_port=portal.ports.sip)
    return portal


@pytest.fixture(scope="session")
def cookies_of(sample: Portal, browser: Browser) -> Callable[[str], Any]:
    """The cookies of a person who has logged in once."""
    from clients.management.sample import PASSWORD

    @cache
    def log_in(email: str) -> Any:
        context = browser.new_context(base_url=sample.url)
        page = context.new_page()
        page.goto("login/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Home").first.wait_for()
        cookies = context.cookies()
        context.close()
        return cookies

    return log_in


@pytest.fixture
def page_of(sample: Portal, browser: Browser, cookies_of: Callable[[str], Any]) -> Iterator[PageOf]:
    """``page_of(email, color_scheme="dark")``: a window of its own with that person logged in.

    An error of a script, or a line in the console, fails the test; a refused form (422) does not.
    """
    contexts = []
    said: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and "422" not in line.text:
            said.append(line.text)

    def open_page(email: str = OWNER, **settings: Any) -> Page:
        context = browser.new_context(base_url=sample.url, **settings)
        contexts.append(context)
        context.add_cookies(cookies_of(email))
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", note)
        page.goto("")
        page.get_by_role("heading", level=1).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
