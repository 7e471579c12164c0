"""Add Client in Chromium: with scripts, without, by keyboard alone, in two tabs, pressed twice."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from clients import tenancy
from clients.models import Client
from clients.tenancy import PLATFORM
from limits.models import LimitProfile
from tests.browser.people import OWNER, PageOf
from tests.portal import Portal


def reference() -> str:
    return f"W{uuid4().hex[:10]}".upper()


def made(name: str) -> list[Client]:
    with tenancy.reading(PLATFORM):
        return list(Client.objects.filter(reference=name))


def foot(page: Page, name: str) -> None:
    page.locator(".form-foot").get_by_role("button", name=name, exact=True).click()


def at_step(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def begin(page: Page) -> None:
    page.goto("clients/new/")
    at_step(page, "New Client")
    foot(page, "Next")


def general(page: Page, name: str) -> None:
    at_step(page, "General")
    page.get_by_label("Company name").fill(f"Company {name}")
    page.get_by_label("Account reference").fill(name)
    page.get_by_label("Email").fill("trunks@northgate.example")
    foot(page, "Next")


def billing_and_address(page: Page) -> None:
    at_step(page, "Billing")
    page.get_by_label("Billing email").fill("bills@company.example")
    foot(page, "Next")
    at_step(page, "Business address")
    page.get_by_label("Address line 1").fill("1 High Street")
    page.get_by_label("Town or city").fill("Leeds")
    page.get_by_label("Postcode").fill("LS3 1LH")


def test_figures_change_as_the_person_chooses_and_create_shows_the_client(page_of: PageOf) -> None:
    page, name = page_of(OWNER), reference()
    begin(page)
    general(page, name)
    at_step(page, "Additional")
    figures = page.locator("#daily-figures")
    expect(figures).to_contain_text("Mobile: 1000 min ÷ 30 = 33.33 min a day")
    page.get_by_text("24 days, without weekends").click()
    expect(figures).to_contain_text("Mobile: 1000 min ÷ 24 = 41.67 min a day")
    page.get_by_role("button", name="Remove all").click()
    expect(figures).not_to_contain_text("÷")
    foot(page, "Next")
    expect(page.get_by_text("Allocate at least one limit profile.")).to_be_visible()
    page.locator("[data-list=available]").get_by_text("DEFAULT_RESELLER_PROFILE").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(figures).to_contain_text("41.67")
    foot(page, "Next")
    billing_and_address(page)
    expect(page.locator("main")).to_contain_text("24 days; calls cut at 180 min")
    foot(page, "Create")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Company {name}")
    expect(page.get_by_role("navigation", name="Resellers and clients")).to_contain_text(name)
    (client,) = made(name)
    assert client.working_schedule == 24


@pytest.mark.parametrize("twice", [False, True])
def test_it_works_without_scripts_and_create_pressed_twice_makes_one(
    page_of: PageOf, twice: bool
) -> None:
    page, name = page_of(OWNER, java_script_enabled=False), reference()
    begin(page)
    general(page, name)
    at_step(page, "Additional")
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("[data-list=allocated] li")).to_have_count(0)
    page.locator("[data-list=available]").get_by_text("DEFAULT_RESELLER_PROFILE").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[data-list=allocated]")).to_contain_text("DEFAULT_RESELLER_PROFILE")
    page.get_by_text("24 days, without weekends").click()
    page.get_by_role("button", name="Update").click()
    expect(page.locator("#daily-figures")).to_contain_text("41.67 min")
    foot(page, "Next")
    billing_and_address(page)
    create = page.locator(".form-foot").get_by_role("button", name="Create")
    if twice:
        create.dblclick()
    else:
        create.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Company {name}")
    assert len(made(name)) == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_field_is_next(page_of: PageOf, scripts: bool) -> None:
    page, name = page_of(OWNER, java_script_enabled=scripts), reference()
    begin(page)
    at_step(page, "General")
    page.get_by_label("Company name").fill(f"Company {name}")
    page.get_by_label("Account reference").fill(name)
    page.get_by_label("Email").fill("trunks@northgate.example")
    for field, following in (
        ("Email", "Additional"),
        ("High price calls", "Billing"),
        ("Billing email", "Business address"),
        ("Address line 1", f"Company {name}"),
    ):
        if following == "Business address":
            page.get_by_label("Billing email").fill("bills@company.example")
        if following == f"Company {name}":
            page.get_by_label("Address line 1").fill("1 High Street")
            page.get_by_label("Town or city").fill("Leeds")
            page.get_by_label("Postcode").fill("LS3 1LH")
        page.get_by_label(field).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(following)


def test_the_two_lists_and_the_steps_work_by_keyboard(page_of: PageOf, sample: Portal) -> None:
    page, name = page_of(OWNER), reference()
    begin(page)
    at_step(page, "General")
    page.get_by_label("Company name").focus()
    page.keyboard.type(f"Company {name}")
    page.keyboard.press("Tab")
    page.keyboard.type(name)
    page.get_by_label("Email").focus()
    page.keyboard.type("trunks@northgate.example")
    page.keyboard.press("Enter")
    at_step(page, "Additional")
    allocated = page.locator("[data-list=allocated]")
    available = page.locator("[data-list=available]")
    allocated.get_by_role("checkbox").first.focus()
    page.keyboard.press("Space")
    remove = page.get_by_role("button", name="Remove", exact=True)
    expect(remove).to_be_enabled()
    remove.focus()
    page.keyboard.press("Enter")
    expect(allocated.locator("li")).to_have_count(0)
    expect(page.locator("#daily-figures")).not_to_contain_text("33.33")
    available.get_by_role("checkbox", name="DEFAULT_RESELLER_PROFILE").focus()
    page.keyboard.press("Enter")
    expect(allocated).to_contain_text("DEFAULT_RESELLER_PROFILE")
    expect(page.locator("#daily-figures")).to_contain_text("33.33")
    page.get_by_label("Long call duration").focus()
    page.keyboard.press("Enter")
    at_step(page, "Billing")
    page.locator(".form-foot").get_by_role("button", name="Back").focus()
    page.keyboard.press("Enter")
    at_step(page, "Additional")
    expect(allocated).to_contain_text("DEFAULT_RESELLER_PROFILE")


def test_two_tabs_keep_apart_and_a_reload_loses_nothing(page_of: PageOf) -> None:
    one, first, second = page_of(OWNER), reference(), reference()
    two = one.context.new_page()
    begin(one)
    begin(two)
    general(one, first)
    general(two, second)
    at_step(one, "Additional")
    one.locator(".steps").get_by_role("button", name="General").click()
    at_step(one, "General")
    one.reload()
    expect(one.get_by_label("Account reference")).to_have_value(first)
    foot(one, "Next")
    for page in (two, one):
        foot(page, "Next")
        billing_and_address(page)
        foot(page, "Create")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Company W")
    assert (len(made(first)), len(made(second))) == (1, 1)
    one.go_back()
    expect(one.get_by_role("heading", level=1)).to_contain_text(f"Company {first}")


def test_a_reload_keeps_what_was_not_sent_yet(page_of: PageOf) -> None:
    page, name = page_of(OWNER), reference()
    begin(page)
    at_step(page, "General")
    page.get_by_label("Company name").fill("Typed, not sent")
    page.reload()
    expect(page.get_by_label("Company name")).to_have_value("Typed, not sent")
    general(page, name)
    at_step(page, "Additional")
    page.get_by_text("24 days, without weekends").click()
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("#daily-figures")).not_to_contain_text("÷")
    page.reload()
    allocated = page.locator("[data-list=allocated]")
    expect(allocated.locator("li")).to_have_count(0)
    expect(page.locator("#daily-figures")).not_to_contain_text("÷")
    page.locator("[data-list=available]").get_by_text("DEFAULT_RESELLER_PROFILE").click()
    page.get_by_role("button", name="Add", exact=True).click()
    page.reload()
    expect(allocated.locator("li")).to_have_count(1)
    expect(page.locator("#daily-figures")).to_contain_text("÷ 24")
    foot(page, "Next")
    at_step(page, "Billing")
    page.go_back()
    at_step(page, "Additional")
    expect(page.get_by_label("24 days")).to_be_checked()
    expect(page.locator("#daily-figures")).to_contain_text("÷ 24")


def test_a_profile_that_vanished_is_told_where_it_was_chosen(page_of: PageOf) -> None:
    page, name = page_of(OWNER), reference()
    with tenancy.writing(PLATFORM):
        default = LimitProfile.objects.get(
            name="DEFAULT_RESELLER_PROFILE", reseller__reference="NORTHGATE"
        )
        short = LimitProfile.objects.create(
            reseller_id=default.reseller_id, name=name, created_at=default.created_at
        )
    begin(page)
    general(page, name)
    page.locator("[data-list=available]").get_by_text(name).click()
    page.get_by_role("button", name="Add", exact=True).click()
    foot(page, "Next")
    billing_and_address(page)
    with tenancy.writing(PLATFORM):
        short.delete()
    foot(page, "Create")
    at_step(page, "Additional")
    expect(page.get_by_text("Not created yet: this step needs a change.")).to_be_visible()
    expect(page.get_by_text("A profile chosen before is no longer there.")).to_be_visible()
    assert made(name) == []
    foot(page, "Next")
    at_step(page, "Billing")


def test_an_account_is_made_for_an_address_and_shown_in_the_list(page_of: PageOf) -> None:
    page = page_of(OWNER)
    page.goto("accounts/new/")
    label = f"Site {uuid4().hex[:6]}"
    page.get_by_role("combobox", name="Client").fill("NORTHGATE/ACME")
    page.get_by_role("textbox", name="Name", exact=True).fill(label)
    page.locator(".segments").get_by_text("IP").click()
    expect(page.get_by_label("SIP username")).to_be_hidden()
    page.get_by_role("textbox", name="IP optional").fill("203.0.113.77; 2001:db8:77::/48")
    page.get_by_label("Tech prefix").fill(str(uuid4().int)[:12])
    page.get_by_role("button", name="OK").click()
    page.goto(f"accounts/?q={label}")
    expect(page.locator("tbody tr")).to_contain_text("203.0.113.77; 2001:db8:77::/48")


def test_a_password_is_generated_and_the_present_one_shown_on_request(page_of: PageOf) -> None:
    page = page_of(OWNER)
    page.goto("accounts/?q=acme")
    page.locator("tbody tr", has_text="Name:").locator("a[href^='/accounts/']").first.click()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#shown-password")).to_have_text(re.compile(r"\S{12,}"))
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_label("Password", exact=False).first).to_have_value(re.compile(r"\S{19}"))
