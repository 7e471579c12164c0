"""The limit editor in Chromium, with its script and without."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from clients import tenancy
from clients.tenancy import PLATFORM
from limits.models import LimitProfile
from limits.services import default_profile_insert
from tests.portal import Portal
from tests.tenants import PASSWORD, make_reseller, make_user

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def profile(portal: Portal) -> LimitProfile:
    reseller = make_reseller(f"Editor {uuid4().hex[:8]}")
    with tenancy.writing(PLATFORM):
        return default_profile_insert(reseller=reseller, at=AT)


def log_in(page: Page, profile: LimitProfile) -> None:
    assert profile.reseller is not None
    user = make_user(profile.reseller)
    page.goto("login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"limit-profiles/{profile.pk}/")


def row(page: Page, path: str) -> Locator:
    return page.locator(f'tr[data-name="{path.lower()}"]')


def minutes(page: Page, path: str) -> Locator:
    return page.get_by_label(f"Minutes a month, {path}", exact=True)


def figures(page: Page, path: str) -> list[str]:
    cells = row(page, path).locator("[data-day], [data-off-hours]")
    return [text.strip() for text in cells.all_inner_texts()]


def test_figures_follow_what_is_typed_and_save_keeps_it(page: Page, profile: LimitProfile) -> None:
    log_in(page, profile)
    assert figures(page, "UK/Mobile") == ["33.33", "33.33"]
    page.get_by_text("24 days").click()
    assert figures(page, "UK/Mobile") == ["41.67", "41.67"]
    page.get_by_text("30 days").click()
    page.get_by_label("off-hours at").fill("50")
    assert figures(page, "UK/Mobile") == ["33.33", "16.67"]
    minutes(page, "UK/Premium").fill("30")
    assert figures(page, "UK/Premium") == ["1.00", "0.50"]
    expect(page.get_by_text("1 change not saved")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No changes")).to_be_visible()
    expect(minutes(page, "UK/Premium")).to_have_value("30")


def test_a_parents_value_asks_beneath_it(page: Page, profile: LimitProfile) -> None:
    log_in(page, profile)
    europe = "International/Europe"
    minutes(page, europe).fill("240")
    minutes(page, europe).press("Tab")
    question = page.locator(f'tr[data-question="{row(page, europe).get_attribute("data-row")}"]')
    expect(question).to_be_visible()
    question.get_by_role("button", name="blank ones").click()
    expect(question).to_be_hidden()
    expect(minutes(page, europe)).to_have_value("")
    expect(minutes(page, f"{europe}/Jersey")).to_have_value("240")
    expect(minutes(page, f"{europe}/France")).to_have_value("120")
    page.get_by_label("Bar at price a minute, UK", exact=True).fill("0.25")
    inherited = page.get_by_label("Bar at price a minute, UK/Mobile", exact=True)
    expect(inherited).to_have_attribute("placeholder", "0.25")


def test_a_number_finds_its_row_and_continents_fold(page: Page, profile: LimitProfile) -> None:
    log_in(page, profile)
    expect(row(page, "International/Africa/Egypt")).to_be_hidden()
    row(page, "International/Africa").get_by_role("button", name="Africa").click()
    expect(row(page, "International/Africa/Egypt")).to_be_visible()
    page.get_by_label("Destination or number").fill("0020223456789")
    expect(row(page, "UK/Mobile")).to_be_hidden()
    expect(row(page, "International/Africa/Egypt")).to_be_visible()
    page.get_by_label("Destination or number").fill("nowhere at all")
    expect(page.get_by_text("No destination matches.")).to_be_visible()


def test_without_a_script_the_same_buttons_work(
    browser: Browser, portal: Portal, profile: LimitProfile
) -> None:
    page = browser.new_page(java_script_enabled=False, base_url=portal.url)
    log_in(page, profile)
    minutes(page, "UK").fill("60")
    row(page, "UK").get_by_role("button", name="Set all below").click()
    page.get_by_role("button", name="Set the 3 blank ones").click()
    expect(minutes(page, "UK/Premium")).to_have_value("60")
    page.locator(".save-bar").get_by_role("button", name="Save").click()
    expect(minutes(page, "UK/Premium")).to_have_value("60")
    expect(minutes(page, "UK")).to_have_value("")
    page.close()
