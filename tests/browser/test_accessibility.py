"""Every kind of page under axe-core, light, dark and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import Account
from clients import tenancy
from clients.models import Client, Membership, Reseller
from limits.models import LimitProfile
from rates.models import RateTable
from tests.browser.people import OWNER, SELF_CARE, PageOf
from tests.portal import Portal

SCREENS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}


def violations(page: Page) -> list[str]:
    """What axe-core finds on a page: each rule with the elements that break it."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: " + "; ".join(node["html"][:160] for node in rule["nodes"])
        for rule in found
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def addresses() -> Iterator[str]:
    """The pages of a reseller's owner."""
    with tenancy.reading(tenancy.PLATFORM):
        northgate = Reseller.objects.get(reference="NORTHGATE")
        harbour = Reseller.objects.get(reference="HARBOUR")
        colleague = Membership.objects.get(reseller=harbour)
        acme = Client.objects.get(reference="ACME")
        account = Account.objects.filter(client=acme).defer("password")[0]
        profile = LimitProfile.objects.filter(reseller=northgate)[0]
        table = RateTable.objects.filter(reseller=northgate)[0]
    yield reverse("home")
    yield reverse("reseller", args=[northgate.pk])
    yield reverse("reseller_users", args=[northgate.pk])
    yield reverse("reseller_settings", args=[northgate.pk])
    yield reverse("reseller_settings_edit", args=[northgate.pk])
    yield reverse("reseller_status", args=[harbour.pk])
    yield reverse("membership", args=[colleague.pk])
    yield reverse("client", args=[acme.pk])
    yield reverse("client_mails", args=[acme.pk])
    yield reverse("limit_profiles")
    yield reverse("limit_profile_add")
    yield reverse("limit_profile", args=[profile.pk])
    yield reverse("limit_profile_list", args=[profile.pk, "block"])
    yield reverse("limit_profile_clients", args=[profile.pk])
    yield reverse("limit_profile_import", args=[profile.pk])
    yield reverse("destinations") + "?q=07700900123"
    yield reverse("destinations") + "?q=france"
    yield reverse("rate_tables")
    yield reverse("rate_table", args=[table.pk])
    yield reverse("rate_import", args=[table.pk])
    yield reverse("calls") + "?period=month"
    yield reverse("calls") + "?q=nobody"
    yield reverse("barred_calls") + "?period=month"
    for area in ("general", "additional", "working-time", "limits", "billing", "address"):
        yield reverse("client_area", args=[acme.pk, area])
        yield reverse("client_area_edit", args=[acme.pk, area])
    yield reverse("client_users", args=[acme.pk])
    yield reverse("client_status", args=[acme.pk])
    yield reverse("accounts")
    yield reverse("account", args=[account.pk])
    yield reverse("account_add")
    yield f"{reverse('explain')}?account={account.pk}&to=07700900482"
    yield reverse("explain")


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_have_no_violation_and_fit_their_window(
    sample: Portal, page_of: PageOf, screen: str
) -> None:
    page = page_of(OWNER, **SCREENS[screen])
    wrong = []
    for address in addresses():
        page.goto(address.lstrip("/"))
        wrong += [f"{address} {line}" for line in violations(page)]
        if overflow(page):
            wrong.append(f"{address} is {overflow(page)} px too wide")
    assert wrong == []


@pytest.mark.parametrize("screen", SCREENS)
def test_each_step_of_add_client_has_no_violation(page_of: PageOf, screen: str) -> None:
    page = page_of(OWNER, **SCREENS[screen])
    page.goto("clients/new/")
    wrong = []
    for step in ("New Client", "General", "Additional", "Billing", "Business address"):
        page.get_by_role("heading", level=1, name=step).wait_for()
        wrong += [f"{step} {line}" for line in violations(page)]
        if overflow(page):
            wrong.append(f"{step} is {overflow(page)} px too wide")
        if step == "General":
            page.get_by_label("Company name").fill("Axe Ltd")
            page.get_by_label("Account reference").fill(f"AXE-{screen}")
            page.get_by_label("Email").fill("trunks@example.com")
        if step == "Billing":
            page.get_by_label("Billing email").fill("bills@example.com")
        page.get_by_role("button", name="Next").or_(
            page.get_by_role("button", name="Create")
        ).last.click()
    page.get_by_text("Address line 1").first.wait_for()
    wrong += [f"refused {line}" for line in violations(page)]
    assert wrong == []


def test_open_menus_and_the_drawer_have_no_violation(page_of: PageOf) -> None:
    wide = page_of(OWNER)
    wide.locator("summary", has_text="account menu").click()
    wide.get_by_role("button", name="Log out").wait_for()
    phone = page_of(OWNER, **SCREENS["phone"])
    phone.get_by_role("button", name="Menu", exact=True).click()
    phone.get_by_role("link", name="Barred calls").wait_for()
    phone.wait_for_timeout(300)
    assert violations(wide) + violations(phone) == []


def test_clients_own_people_and_the_login_page_have_no_violation(
    page_of: PageOf, page: Page
) -> None:
    page.goto("login/")
    assert violations(page) == []
    assert violations(page_of(SELF_CARE)) == []
