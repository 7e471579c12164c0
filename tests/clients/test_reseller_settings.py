"""A reseller's own settings: shown, edited by its owners and managers, saved once at a time."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from clients import tenancy
from clients.models import OutboxEntry, Reseller
from clients.tenancy import PLATFORM
from tests.cast import Cast

TYPED = {
    "name": "Ours Renamed",
    "email": "office@ours.example.com",
    "country": "GB",
    "alerts_email": "alarm@ours.example.com",
    "send_one_time_link": "on",
    "default_credit_limit": "250.50",
    "warning_steps": "50, 90 100",
}


@pytest.fixture
def owner(cast: Cast) -> Browser:
    return browser_of(cast, "owner")


def browser_of(cast: Cast, person: str) -> Browser:
    browser = Browser()
    browser.force_login(cast.people[person])
    return browser


def address(cast: Cast) -> str:
    return f"/resellers/{cast.ours.reseller.pk}/settings/"


def stored(cast: Cast) -> Reseller:
    with tenancy.reading(PLATFORM):
        return Reseller.objects.get(pk=cast.ours.reseller.pk)


def edit(browser: Browser, cast: Cast, **changes: Any) -> Any:
    typed = TYPED | {"version": stored(cast).version} | changes
    return browser.post(address(cast) + "edit/", typed)


def test_settings_are_saved_shown_and_published(cast, owner):
    before = OutboxEntry.objects.filter(topic="policy.reseller").count()
    assert edit(owner, cast).url == address(cast)
    now = stored(cast)
    assert (now.name, now.email) == ("Ours Renamed", "office@ours.example.com")
    assert (now.alerts_email, now.send_one_time_link) == ("alarm@ours.example.com", True)
    assert now.default_credit_limit == Decimal("250.5")
    assert now.warning_steps == [50, 90, 100]
    assert OutboxEntry.objects.filter(topic="policy.reseller").count() == before + 1
    page = owner.get(address(cast)).content.decode()
    for words in ("alarm@ours.example.com", "£250.50", "50, 90, 100", "Yes"):
        assert words in page
    form = owner.get(address(cast) + "edit/").content.decode()
    assert 'value="50, 90, 100"' in form
    assert 'value="250.50"' in form


def test_blank_settings_are_the_defaults(cast, owner):
    blank = {"alerts_email": "", "default_credit_limit": "", "warning_steps": ""}
    assert edit(owner, cast, **blank).status_code == 302
    now = stored(cast)
    assert (now.alerts_email, now.default_credit_limit, now.warning_steps) == ("", None, [])


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("email", "office"),
        ("alerts_email", "alarm"),
        ("default_credit_limit", "-1"),
        ("warning_steps", "0, 50"),
        ("warning_steps", "50, 101"),
        ("warning_steps", "90, 50"),
        ("warning_steps", "50, 50"),
        ("warning_steps", "half"),
        ("warning_steps", "٥٠"),
        ("warning_steps", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
    ],
)
def test_a_bad_setting_is_told_at_its_field_and_nothing_is_stored(cast, owner, field, typed):
    answer = edit(owner, cast, **{field: typed})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert stored(cast).version == cast.ours.reseller.version


def test_the_second_of_two_who_save_settings_is_told_and_keeps_the_text(cast, owner):
    seen = stored(cast).version
    edit(browser_of(cast, "manager"), cast, email="theirs@ours.example.com")
    answer = edit(owner, cast, email="mine@ours.example.com", version=seen)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert "Somebody else" in form.non_field_errors()[0]
    assert form.errors["email"] == ["Stored meanwhile: theirs@ours.example.com"]
    assert form["email"].value() == "mine@ours.example.com"
    assert stored(cast).email == "theirs@ours.example.com"


def test_settings_are_found_from_the_resellers_page(cast, owner):
    home = f"/resellers/{cast.ours.reseller.pk}/"
    assert address(cast) in owner.get(home).content.decode()
    assert address(cast) + "edit/" in owner.get(address(cast)).content.decode()
    operators = browser_of(cast, "operator").get(address(cast)).content.decode()
    assert address(cast) + "edit/" not in operators
