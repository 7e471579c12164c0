"""The login page in Chromium."""

from playwright.sync_api import ConsoleMessage, Page, expect

from clients.models import User
from tests.portal import Portal


def test_wrong_password_is_refused_under_a_strict_content_security_policy(
    portal: Portal, page: Page
) -> None:
    User.objects.create_superuser("admin@browser.example", "a-long-enough-password")
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", note)
    page.goto("login/")
    page.get_by_label("Email").fill("admin@browser.example")
    page.get_by_label("Password").fill("another-password")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(f"{portal.url}login/")
    assert said == []
