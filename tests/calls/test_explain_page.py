"""The Explain page: which accounts it offers, and how one is named."""

import pytest
from django.test import Client as Browser

from calls.views import explain
from tests.cast import Cast


@pytest.fixture
def owner(cast: Cast) -> Browser:
    browser = Browser()
    browser.force_login(cast.people["owner"])
    return browser


def test_the_accounts_of_the_reader_are_a_list_to_choose_from(cast, owner):
    page = owner.get("/explain/").content.decode()
    assert '<select name="account"' in page
    for tenant in (cast.ours, cast.below):
        assert f'<option value="{tenant.account.pk}">' in page
    for tenant in cast.foreign_to_ours:
        assert tenant.account.name not in page


@pytest.mark.parametrize("named", ["pk", "sip_username", "name"])
def test_an_account_is_named_by_id_username_or_label(cast, valkey, owner, named):
    account = cast.below.account
    asked = {"account": getattr(account, named), "to": "07700900123"}
    page = owner.get("/explain/", asked).content.decode()
    assert f'<option value="{account.pk}" selected>' in page
    assert f"{account.name}, {cast.below.client.name}" in page


def test_more_accounts_than_a_list_holds_are_named_in_a_field(cast, owner, monkeypatch):
    monkeypatch.setattr(explain, "OFFERED", 1)
    page = owner.get("/explain/", {"account": cast.ours.account.pk}).content.decode()
    assert '<select name="account"' not in page
    assert 'list="id_account_list"' in page


@pytest.mark.parametrize("named", ["", "nobody", "x" * 81])
def test_an_account_that_is_none_is_told_at_its_field(cast, owner, named):
    answer = owner.get("/explain/", {"account": named, "to": "07700900123"})
    assert list(answer.context["form"].errors) == ["account"]


def test_a_strangers_account_is_none(cast, owner):
    for tenant in cast.foreign_to_ours:
        for named in (tenant.account.pk, tenant.account.sip_username, tenant.account.name):
            answer = owner.get("/explain/", {"account": named, "to": "07700900123"})
            assert answer.context["form"].errors["account"] == ["There is no such account."]
