"""The pages of limit profiles and destinations."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from clients import tenancy
from limits.domain.effective import Values
from limits.models import Destination, LimitProfile, ListKind
from limits.selectors import profile_prefixes, profile_rows
from tests.cast import Cast as Everybody


@pytest.fixture
def browser(everybody: Everybody) -> Browser:
    browser = Browser()
    browser.force_login(everybody.people["manager"])
    return browser


def address(everybody: Everybody, more: str = "") -> str:
    return f"/limit-profiles/{everybody.ours.profile.pk}/{more}"


def destination(path: str) -> int:
    return Destination.objects.get(path=path).pk


def cell(path: str, field: str = "minutes") -> str:
    return f"{field}-{destination(path)}"


def stored(everybody: Everybody) -> dict[str, Values]:
    scope = everybody.ours.scope
    with tenancy.reading(scope):
        rows = profile_rows(scope, everybody.ours.profile)
        return {Destination.objects.get(pk=pk).path: values for pk, values in rows.items()}


def form_of(page: Any) -> dict[str, str]:
    """What a browser would send back unchanged."""
    text = page.content.decode()
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", text):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        radio = attributes.get("type") == "radio"
        if "name" in attributes and not (radio and "checked" not in tag):
            found[attributes["name"]] = attributes.get("value", "").replace("&quot;", '"')
    return found


def figures(page: Any, path: str) -> list[str]:
    """The figures of a day beside a destination."""
    text = page.content.decode()
    row = text.split(f'data-row="{destination(path)}"', 1)[1].split("</tr>", 1)[0]
    return re.findall(r'data-(?:day|off-hours) data-label="[^"]*">([^<]*)<', row)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["33.33", "33.33"]),
        ("?days=30&percent=50", ["33.33", "16.67"]),
        ("?days=24", ["41.67", "41.67"]),
        ("?days=24&percent=50", ["41.67", "20.83"]),
    ],
)
def test_the_month_stands_beside_its_day(
    browser: Browser, everybody: Everybody, query: str, expected: list[str]
) -> None:
    page = browser.get(address(everybody) + query)
    assert figures(page, "UK/Mobile") == expected
    assert figures(page, "UK/Premium") == ["—", "—"]


def test_changed_cells_are_saved_and_others_left(browser: Browser, everybody: Everybody) -> None:
    form = form_of(browser.get(address(everybody)))
    form[cell("UK/Premium")] = "Barred"
    form[cell("UK/Freephone")] = "unlimited"
    form[cell("UK", "max_price_per_minute")] = "0.25"
    answer = browser.post(address(everybody), form | {"save": "1"})
    assert answer.status_code == 302
    assert stored(everybody) == {
        "UK/Mobile": Values(minutes=1000),
        "UK/Premium": Values(minutes=0),
        "UK/Freephone": Values(unlimited=True),
        "UK": Values(max_price_per_minute=Decimal("0.25")),
    }
    page = browser.get(address(everybody)).content.decode()
    assert page.count('placeholder="0.25"') == 9


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("minutes", "many", "is not a number of minutes"),
        ("minutes", "-1", "is not a number of minutes"),
        ("minutes", "9" * 400, "9” is too large"),
        ("minutes", "99999999999", "“99999999999” is too large"),
        ("max_price_per_minute", "9" * 15, "is too large"),
        ("max_price_per_minute", "1e3", ""),
        ("max_price_per_minute", "0.0000001", "at most 6 decimals"),
        ("max_price_per_minute", "٣", "at most 6 decimals"),
        ("max_setup_price", "NaN", "at most 6 decimals"),
        ("spend", "5", "A spend a month cannot be set"),
    ],
)
def test_a_wrong_cell_says_so_and_keeps_what_was_typed(
    browser: Browser, everybody: Everybody, field: str, typed: str, told: str
) -> None:
    form = form_of(browser.get(address(everybody)))
    form |= {cell("UK/Mobile"): "7", cell("UK/Premium", field): typed, "save": "1"}
    answer = browser.post(address(everybody), form)
    if not told:
        assert answer.status_code == 302
        return
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{typed}"' in page
    assert told in page
    assert form_of(answer)[cell("UK/Mobile")] == "7"
    assert stored(everybody) == {"UK/Mobile": Values(minutes=1000)}


def test_set_all_below_asks_beneath_the_row_and_stores_nothing(
    browser: Browser, everybody: Everybody
) -> None:
    uk = destination("UK")
    form = form_of(browser.get(address(everybody)))
    form[cell("UK")] = "120"
    asked = browser.post(address(everybody), form | {"ask": str(uk)})
    page = asked.content.decode()
    assert f'data-question="{uk}" >' in page
    assert "Set the 8 blank ones" in page
    assert "Overwrite all 9" in page
    blank = form_of(browser.post(address(everybody), form_of(asked) | {"below": f"{uk}:blank"}))
    assert (blank[cell("UK")], blank[cell("UK/Mobile")]) == ("", "1000")
    assert blank[cell("UK/Premium")] == "120"
    every = form_of(browser.post(address(everybody), form_of(asked) | {"below": f"{uk}:all"}))
    assert every[cell("UK/Mobile")] == "120"
    cap = form_of(browser.post(address(everybody), form_of(asked) | {"below": f"{uk}:cap"}))
    assert (cap[cell("UK")], cap[cell("UK/Premium")]) == ("120", "")
    assert stored(everybody) == {"UK/Mobile": Values(minutes=1000)}
    browser.post(address(everybody), blank | {"save": "1"})
    assert stored(everybody)["UK/Premium"] == Values(minutes=120)
    assert "UK" not in stored(everybody)


def test_the_second_to_save_is_told_keeps_the_text_and_undoes_nothing(
    browser: Browser, everybody: Everybody
) -> None:
    mine = form_of(browser.get(address(everybody)))
    theirs = dict(mine)
    theirs[cell("UK/Mobile")] = "500"
    browser.post(address(everybody), theirs | {"save": "1"})
    mine[cell("UK/Premium")] = "5"
    told = browser.post(address(everybody), mine | {"save": "1"})
    assert told.status_code == 422
    assert "Somebody else has saved this" in told.content.decode()
    assert form_of(told)[cell("UK/Premium")] == "5"
    assert form_of(told)[cell("UK/Mobile")] == "500"
    browser.post(address(everybody), form_of(told) | {"save": "1"})
    assert stored(everybody) == {
        "UK/Mobile": Values(minutes=500),
        "UK/Premium": Values(minutes=5),
    }


@pytest.mark.parametrize(
    "data",
    [
        {"save": "1", "shown": "no json"},
        {"save": "1", "shown": "[]", "version": "x"},
        {"ask": "nobody"},
        {"below": "1"},
        {"below": "x:y"},
        {"below": "²:all"},
        {"ask": "²"},
        {"q": "\0"},
        {"shown": "[" * 100_000},
        {"shown": '{"minutes-1": "\\ud800"}'},
        {"days": "7", "percent": "101"},
    ],
)
def test_a_bent_form_is_no_error_of_ours(
    browser: Browser, everybody: Everybody, data: dict[str, str]
) -> None:
    assert browser.post(address(everybody), data).status_code in {200, 302, 422}
    assert stored(everybody) == {"UK/Mobile": Values(minutes=1000)}


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("?q=07700900123", "UK/Mobile", "UK/Premium"),
        ("?q=jersey", "International/Europe/Jersey", "UK/Mobile"),
        ("?which=value", "UK/Mobile", "International"),
        ("?which=barred", "", "UK/Mobile"),
    ],
)
def test_rows_are_found_by_name_by_number_and_by_value(
    browser: Browser, everybody: Everybody, query: str, shown: str, hidden: str
) -> None:
    text = browser.get(address(everybody) + query).content.decode()

    def is_hidden(path: str) -> bool:
        head = text.split(f'data-row="{destination(path)}"', 1)[1].split(">", 1)[0]
        return head.rstrip().endswith("hidden")

    assert is_hidden(hidden)
    if shown:
        assert not is_hidden(shown)
        assert not is_hidden(shown.rpartition("/")[0])


def test_a_person_who_may_only_look_has_nothing_to_save(
    everybody: Everybody,
) -> None:
    browser = Browser()
    browser.force_login(everybody.people["read_only"])
    page = browser.get(address(everybody)).content.decode()
    assert "save-bar" not in page
    assert "Import CSV" not in page


def test_pages_take_as_many_queries_with_many_rows_as_with_few(
    browser: Browser, everybody: Everybody, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(url: str) -> int:
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(url).status_code == 200
        return len(queries)

    urls = ["/limit-profiles/", address(everybody), "/destinations/?q=al"]
    before = [count(url) for url in urls]
    with tenancy.writing(tenancy.PLATFORM):
        for number in range(10):
            LimitProfile.objects.create(reseller=everybody.ours.reseller, name=f"More {number}")
    form = form_of(browser.get(address(everybody)))
    filled = {name: "5" for name in form if name.startswith("minutes-")}
    assert browser.post(address(everybody), form | filled | {"save": "1"}).status_code == 302
    assert [count(url) for url in urls] == before


def test_profiles_are_made_and_duplicated(browser: Browser, everybody: Everybody) -> None:
    made = browser.post("/limit-profiles/add/", {"name": "Night  shift", "currency": "GBP"})
    assert made.status_code == 302
    again = browser.post("/limit-profiles/add/", {"name": "Night shift", "currency": "gbp"})
    assert again.status_code == 422
    assert "already a limit profile of this name" in again.content.decode()
    assert 'value="Night shift"' in again.content.decode()
    copied = browser.post(address(everybody, "copy/"), {"name": "Twin"})
    assert copied.status_code == 302
    page = browser.get("/limit-profiles/").content.decode()
    assert "Night shift" in page
    assert "Twin" in page
    assert figures(browser.get(copied["Location"]), "UK/Mobile") == ["33.33", "33.33"]


@pytest.mark.parametrize("more", ["add/", "{profile}/copy/"])
def test_a_profile_belongs_to_the_reseller_its_form_was_opened_for(
    browser: Browser, everybody: Everybody, more: str
) -> None:
    url = "/limit-profiles/" + more.format(profile=everybody.ours.profile.pk)
    ours, below = everybody.ours.reseller.pk, everybody.below.reseller.pk
    browser.get(f"/resellers/{below}/")
    assert f'name="reseller" value="{below}"' in browser.get(url).content.decode()
    browser.get(f"/resellers/{ours}/")
    typed = {"name": "Night shift", "currency": "GBP", "reseller": below}
    assert browser.post(url, typed).status_code == 302
    with tenancy.reading(tenancy.PLATFORM):
        assert LimitProfile.objects.get(name="Night shift").reseller_id == below
    for strange in (everybody.elsewhere.reseller.pk, "", "x"):
        answer = browser.post(url, typed | {"name": "Day shift", "reseller": strange})
        assert answer.status_code == 404


def test_the_lists_are_edited(browser: Browser, everybody: Everybody) -> None:
    form = form_of(browser.get(address(everybody, "block/")))
    wrong = browser.post(address(everybody, "block/"), form | {"prefixes": "449\n07x"})
    assert wrong.status_code == 422
    assert "07x" in wrong.content.decode()
    browser.post(address(everybody, "block/"), form | {"prefixes": "449, +4470\n449"})
    scope = everybody.ours.scope
    with tenancy.reading(scope):
        assert profile_prefixes(scope, everybody.ours.profile, ListKind.BLOCK) == ["4470", "449"]
    stale = browser.post(address(everybody, "block/"), form | {"prefixes": "1"})
    assert stale.status_code == 422
    assert browser.get(address(everybody, "allow/")).status_code == 200


def test_a_profile_goes_out_as_a_file_and_comes_back(
    browser: Browser, everybody: Everybody
) -> None:
    text = browser.get(address(everybody, "export/")).content.decode()
    assert "Profile ours,UK/Mobile,1000,,," in text
    good = SimpleUploadedFile("p.csv", text.replace("1000", "300").encode())
    assert browser.post(address(everybody, "import/"), {"file": good}).status_code == 302
    assert stored(everybody) == {"UK/Mobile": Values(minutes=300)}
    bad = SimpleUploadedFile("p.csv", b"destination,minutes\nUK/Moon,1\n")
    refused = browser.post(address(everybody, "import/"), {"file": bad})
    assert refused.status_code == 422
    assert "line 2" in refused.content.decode()
    assert browser.post(address(everybody, "import/"), {}).status_code == 422


def test_clients_of_a_profile_are_listed(browser: Browser, everybody: Everybody) -> None:
    page = browser.get(address(everybody, "clients/")).content.decode()
    assert "Client of ours" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("07700900123", "UK/Mobile"),
        ("+441534456789", "International/Europe/Jersey"),
        ("999", "always goes through"),
        ("0", "Not a valid number"),
        ("jersey", "441534"),
        ("zzzz", "No destination matches"),
        ("", "UK/Geographic"),
        ("<b>", "No destination matches"),
    ],
)
def test_destinations_are_searched_both_ways(browser: Browser, words: str, told: str) -> None:
    page = browser.get("/destinations/", {"q": words}).content.decode()
    assert told in page
    assert "<b>" not in page


def test_the_editor_looks_numbers_up(browser: Browser) -> None:
    answer = browser.get("/destinations/lookup/", {"q": "07700 900123"})
    assert json.loads(answer.content) == {"ids": [destination("UK/Mobile")]}
