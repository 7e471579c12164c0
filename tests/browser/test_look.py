"""What the pages do by themselves: tree, themes, two lists, live parts; and without scripts."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from clients import tenancy
from clients.management.sample import PASSWORD
from clients.models import Client
from limits.models import LimitProfile
from tests.browser.people import OWNER, SELF_CARE, PageOf
from tests.portal import Portal


def to_additional(page: Page, reference: str) -> None:
    """Go through Add Client up to the step with the two lists."""
    page.goto("clients/new/")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Company name").fill("Two Lists Ltd")
    page.get_by_label("Account reference").fill(reference)
    page.get_by_label("Email").fill("trunks@example.com")
    page.get_by_role("button", name="Next").last.click()
    page.get_by_role("heading", level=1, name="Additional").wait_for()


def make_profile(name: str) -> None:
    with tenancy.writing(tenancy.PLATFORM):
        owner = Client.objects.get(reference="ACME").reseller
        LimitProfile.objects.get_or_create(reseller=owner, name=name)


def test_branch_of_the_tree_is_fetched_and_stays_open(sample: Portal, page_of: PageOf) -> None:
    page = page_of(OWNER)
    tree = page.get_by_role("navigation", name="Resellers and clients")
    expect(tree.get_by_role("link", name="Corner Bakery")).to_have_count(0)
    tree.get_by_role("button", name="Clients and resellers of Harbour Voice").click()
    expect(tree.get_by_role("link", name="Corner Bakery")).to_be_visible()
    page.reload()
    expect(tree.get_by_role("link", name="Corner Bakery")).to_be_visible()
    tree.get_by_role("button", name="Clients and resellers of Harbour Voice").click()
    expect(tree.get_by_role("link", name="Corner Bakery")).to_be_hidden()


def test_tree_is_filtered_by_name_and_reference(page_of: PageOf) -> None:
    page = page_of(OWNER)
    tree = page.get_by_role("navigation", name="Resellers and clients")
    page.get_by_role("searchbox", name="Filter the tree").fill("baker")
    expect(tree.get_by_role("link", name="Corner Bakery")).to_be_visible()
    expect(tree.get_by_role("link", name="Acme Ltd")).to_have_count(0)
    page.get_by_role("searchbox", name="Filter the tree").fill("")
    expect(tree.get_by_role("link", name="Acme Ltd")).to_be_visible()


def test_chosen_theme_is_kept_and_the_systems_is_the_first(page_of: PageOf) -> None:
    page = page_of(OWNER, color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.goto("calls/")
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_left_column_is_hidden_and_comes_back(page_of: PageOf) -> None:
    page = page_of(OWNER)
    page.get_by_role("button", name="Hide the left column").click()
    page.reload()
    expect(page.get_by_role("link", name="Add Client")).to_be_hidden()
    page.get_by_role("button", name="Show the left column").click()
    expect(page.get_by_role("link", name="Add Client")).to_be_visible()


def test_two_lists_by_keyboard_alone(sample: Portal, page_of: PageOf) -> None:
    make_profile("KEYBOARD_A")
    make_profile("KEYBOARD_B")
    page = page_of(OWNER)
    to_additional(page, "KEYS")
    available = page.get_by_role("group", name="Available limit profiles")
    allocated = page.get_by_role("group", name="Allocated limit profiles")
    available.get_by_role("checkbox", name="KEYBOARD_A").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    expect(allocated.get_by_role("checkbox", name="KEYBOARD_B")).to_be_visible()
    expect(page.get_by_text("Added: KEYBOARD_B")).to_be_attached()
    expect(available.get_by_role("checkbox", name="KEYBOARD_A")).to_be_visible()
    page.keyboard.press("Enter")
    expect(available.get_by_role("checkbox", name="KEYBOARD_B")).to_be_visible()


def test_two_lists_without_scripts(sample: Portal, page_of: PageOf) -> None:
    make_profile("PLAIN_FORM")
    page = page_of(OWNER, java_script_enabled=False)
    to_additional(page, "PLAIN")
    allocated = page.get_by_role("group", name="Allocated limit profiles")
    page.get_by_role("checkbox", name="PLAIN_FORM").check(force=True)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(allocated.get_by_role("checkbox", name="PLAIN_FORM")).to_be_attached()
    page.get_by_role("button", name="Next").last.click()
    expect(page.get_by_role("heading", level=1, name="Billing")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(allocated.get_by_role("checkbox", name="PLAIN_FORM")).to_be_attached()


def options_of_acme(page: Page) -> Locator:
    """The Options menu of a client, closed."""
    with tenancy.reading(tenancy.PLATFORM):
        client = Client.objects.get(reference="ACME")
    page.goto(reverse("client", args=[client.pk]).lstrip("/"))
    return page.locator("summary", has_text="Options")


@pytest.mark.parametrize("scripts", [True, False])
def test_options_menu_opens_by_keyboard_with_and_without_scripts(
    sample: Portal, page_of: PageOf, scripts: bool
) -> None:
    page = page_of(OWNER, java_script_enabled=scripts)
    options = options_of_acme(page)
    expect(page.get_by_role("link", name="Working time")).to_be_hidden()
    options.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Working time")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="General")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="General")).to_be_visible()


def test_options_menu_knows_arrows_escape_keys_and_clicks_elsewhere(
    sample: Portal, page_of: PageOf
) -> None:
    page = page_of(OWNER)
    options = options_of_acme(page)
    working_time = page.get_by_role("link", name="Working time")
    options.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Additional")).to_be_focused()
    page.keyboard.press("Escape")
    expect(working_time).to_be_hidden()
    expect(options).to_be_focused()
    options.click()
    page.get_by_role("heading", name="Barred calls").click()
    expect(working_time).to_be_hidden()
    options.click()
    page.keyboard.press("w")
    expect(page.get_by_role("heading", level=1, name="Working time")).to_be_visible()


def test_logging_out_works_without_scripts(sample: Portal, browser: Browser) -> None:
    page = browser.new_context(base_url=sample.url, java_script_enabled=False).new_page()
    page.goto("login/")
    page.get_by_label("Email").fill(SELF_CARE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("summary", has_text="account menu").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.context.close()


def test_pages_stand_without_scripts(sample: Portal, page_of: PageOf) -> None:
    page = page_of(OWNER, java_script_enabled=False, viewport={"width": 390, "height": 844})
    expect(page.get_by_role("link", name="Add Client")).to_be_visible()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Calls").first.click()
    expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()


def test_allowances_are_asked_for_anew_while_the_page_is_open(
    sample: Portal, page_of: PageOf
) -> None:
    with tenancy.reading(tenancy.PLATFORM):
        client = Client.objects.get(reference="BLUEBIRD")
    page = page_of(OWNER)
    page.goto(reverse("client", args=[client.pk]).lstrip("/"))
    first = page.locator("#allowances").element_handle()
    assert first is not None
    first.wait_for_element_state("hidden", timeout=15_000)  # a newer one has taken its place
    expect(page.get_by_role("heading", name="Allowances today")).to_be_visible()


def test_form_is_sent_once_by_a_double_click(sample: Portal, page_of: PageOf) -> None:
    page = page_of(OWNER)
    to_additional(page, "TWICE")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.get_by_role("button", name="Next").last.dblclick()
    page.get_by_role("heading", level=1, name="Billing").wait_for()
    assert len(sent) == 1
