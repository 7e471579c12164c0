"""The pages of rate tables."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from clients import tenancy
from rates.models import Rate, RateTable
from rates.selectors import default_table, rates_of
from tests.cast import AT
from tests.cast import Cast as Everybody

FILE = "prefix,price_per_minute\n447,0.05\n33,0.02\n"


@pytest.fixture
def everybody(db: None) -> Everybody:
    from tests.cast import make_cast

    return make_cast()


@pytest.fixture
def browser(everybody: Everybody) -> Browser:
    browser = Browser()
    browser.force_login(everybody.people["manager"])
    return browser


def address(everybody: Everybody, more: str = "") -> str:
    return f"/rates/{everybody.ours.table.pk}/{more}"


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("rates.csv", text.encode())


def prefixes(everybody: Everybody) -> set[str]:
    scope = everybody.ours.scope
    with tenancy.reading(scope):
        return set(rates_of(scope, everybody.ours.table).values_list("prefix", flat=True))


def test_tables_are_listed_made_and_named_once(browser: Browser) -> None:
    made = browser.post("/rates/add/", {"name": "Night", "currency": "GBP"})
    assert made.status_code == 302
    again = browser.post("/rates/add/", {"name": "Night", "currency": "GBP"})
    assert again.status_code == 422
    assert "already a rate table of this name" in again.content.decode()
    page = browser.get("/rates/").content.decode()
    assert "Night" in page
    assert "Table ours" in page
    assert "No rates yet" in browser.get(made["Location"]).content.decode()


def test_a_table_belongs_to_the_reseller_its_form_was_opened_for(
    browser: Browser, everybody: Everybody
) -> None:
    ours, below = everybody.ours.reseller.pk, everybody.below.reseller.pk
    browser.get(f"/resellers/{below}/")
    form = browser.get("/rates/add/").content.decode()
    assert f'name="reseller" value="{below}"' in form
    browser.get(f"/resellers/{ours}/")
    typed = {"name": "Night", "currency": "GBP", "reseller": below}
    browser.post("/rates/add/", typed)
    with tenancy.reading(tenancy.PLATFORM):
        assert RateTable.objects.get(name="Night").reseller_id == below
    for strange in (everybody.elsewhere.reseller.pk, "", "x"):
        answer = browser.post("/rates/add/", typed | {"name": "Day", "reseller": strange})
        assert answer.status_code == 404


def test_a_table_becomes_its_resellers_default(browser: Browser, everybody: Everybody) -> None:
    url = browser.post("/rates/add/", {"name": "Night", "currency": "GBP"})["Location"]
    assert "Make the default of Reseller ours" in browser.get(url).content.decode()
    assert browser.post(f"{url}default/").status_code == 302
    assert "Make the default" not in browser.get(url).content.decode()
    scope = everybody.ours.scope
    with tenancy.reading(scope):
        chosen = default_table(scope, everybody.ours.reseller.pk)
    assert chosen is not None
    assert chosen.name == "Night"


def test_a_dry_run_shows_what_would_change_and_keeps_the_file(
    browser: Browser, everybody: Everybody
) -> None:
    dry = browser.post(address(everybody, "import/"), {"file": upload(FILE), "dry_run": "1"})
    page = dry.content.decode()
    assert dry.status_code == 200
    assert "1 new, 1 changed, 0 unchanged, 0 wrong." in page
    assert "£0.05" in page
    assert prefixes(everybody) == {"447"}
    found = re.search(r'name="content" value="([^"]*)"', page)
    assert found
    kept = unescape(found[1])
    answer = browser.post(address(everybody, "import/"), {"content": kept, "import": "1"})
    assert answer.status_code == 302
    assert prefixes(everybody) == {"447", "33"}
    assert "£0.02" in browser.get(address(everybody)).content.decode()


def test_wrong_lines_are_told_and_good_ones_kept_where_chosen(
    browser: Browser, everybody: Everybody
) -> None:
    text = FILE + "x,1\n"
    refused = browser.post(address(everybody, "import/"), {"file": upload(text), "import": "1"})
    assert refused.status_code == 422
    assert "line 4" in refused.content.decode()
    assert prefixes(everybody) == {"447"}
    dry = browser.post(address(everybody, "import/"), {"file": upload(text)}).content.decode()
    assert "Line 4" in dry
    kept = {"file": upload(text), "keep_good": "on", "import": "1"}
    assert browser.post(address(everybody, "import/"), kept).status_code == 302
    assert prefixes(everybody) == {"447", "33"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Choose a file"),
        ({"content": "nothing"}, "does not name these columns"),
        ({"content": FILE, "effective_from": "soon"}, "Enter a valid date"),
        ({"content": FILE, "effective_from": "9999-12-31T23:59"}, "a year from 1970 to 2099"),
        ({"content": FILE, "effective_from": "0001-01-01"}, "a year from 1970 to 2099"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(
    browser: Browser, everybody: Everybody, data: dict[str, str], told: str
) -> None:
    answer = browser.post(address(everybody, "import/"), data)
    assert answer.status_code == 422
    assert told in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=%2B447700900123", True), ("q=44", True), ("q=33", False), ("all=1", True)],
)
def test_rates_are_searched_by_prefix_and_by_number(
    browser: Browser, everybody: Everybody, query: str, found: bool
) -> None:
    page = browser.get(address(everybody) + "?" + query).content.decode()
    assert (">447<" in page) == found


def test_a_table_takes_as_many_queries_with_many_rates_as_with_few(
    browser: Browser, everybody: Everybody
) -> None:
    def count() -> list[int]:
        counts = []
        for url in ("/rates/", address(everybody) + "?all=1"):
            browser.get(url)
            with CaptureQueriesContext(connection) as queries:
                browser.get(url)
            counts.append(len(queries))
        return counts

    before = count()
    table = everybody.ours.table
    with tenancy.writing(tenancy.PLATFORM):
        Rate.objects.bulk_create(
            Rate(
                reseller=table.reseller,
                table=table,
                prefix=f"9{number}",
                price_per_minute=1,
                effective_from=AT,
            )
            for number in range(60)
        )
    assert count() == before
