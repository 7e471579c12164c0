"""Files of others are what their checksums say; figures read as the pages promise."""

import hashlib
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.http import QueryDict
from django.template import Context, Template

from clients.views.client import AREAS
from trunkportal.templatetags import look
from trunkportal.widgets import DualList

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"


def test_every_vendored_file_has_its_checksum_and_no_other_is_there() -> None:
    listed = {}
    for line in (VENDOR / "CHECKSUMS").read_text().splitlines():
        digest, _spaces, name = line.partition("  ")
        listed[name] = digest
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.glob("*/**/*")
        if path.is_file()
    }
    assert present == listed


def test_vendored_files_do_not_ask_for_source_maps() -> None:
    for path in VENDOR.glob("*/*.*s"):
        assert b"sourceMappingURL" not in path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (2000, "33.33"),
        (2500, "41.67"),
        (1000, "16.67"),
        (0, "0.00"),
        (None, "—"),
        (60000, "1000.00"),
    ],
)
def test_seconds_are_shown_as_minutes_with_two_decimals(seconds: int | None, shown: str) -> None:
    assert look.minutes(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(21, "0:21"), (0, "0:00"), (6128, "1:42:08"), (10800, "3:00:00")]
)
def test_durations_read_as_a_clock(seconds: int, shown: str) -> None:
    assert look.duration(seconds) == shown


def test_durations_in_words_leave_out_what_is_too_fine() -> None:
    assert [look.spoken_duration(s) for s in (33, 226, 6120)] == [
        "33 s",
        "3 min 46 s",
        "1 h 42 min",
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.012800", "GBP", "£0.0128"),
        ("1418.220000", "GBP", "£1,418.22"),
        ("-2.5", "EUR", "−€2.50"),
        ("0", "CHF", "0.00 CHF"),
    ],
)
def test_money_keeps_its_real_precision(amount: str, currency: str, shown: str) -> None:
    assert look.money(Decimal(amount), currency) == shown


def test_allowance_bar_splits_working_and_off_hours_and_stops_at_the_limit() -> None:
    bar = look.allowance_bar(1000, 900, 100, 400, "near")
    assert 'class="bar-used" x="0.00%" width="80.00%"' in bar
    assert 'class="bar-off" x="80.00%" width="10.00%"' in bar
    assert 'class="bar-progress" x="90.00%" width="10.00%"' in bar
    assert "style=" not in bar


def test_allowance_bar_of_an_unlimited_destination_is_empty() -> None:
    assert "<rect" not in look.allowance_bar(None, 900, 100, 0)


def dual_list() -> DualList:
    return DualList(choices=[("1", "A"), ("2", "B"), ("3", "C")], captions=("Left", "Right"))


@pytest.mark.parametrize(
    ("sent", "allocated"),
    [
        ("p=1&p_picked=2&p_move=add", ["1", "2"]),
        ("p=1&p=2&p_picked=1&p_move=remove", ["2"]),
        ("p=2&p_move=add-all", ["2", "1", "3"]),
        ("p=1&p=2&p_move=remove-all", []),
        ("p=3&p=1&p_picked=2", ["3", "1"]),
    ],
)
def test_the_two_lists_work_without_javascript(sent: str, allocated: list[str]) -> None:
    data = QueryDict(sent)
    assert dual_list().value_from_datadict(data, {}, "p") == allocated
    assert DualList.is_move(data, "p") == ("_move" in sent)


def test_the_two_lists_show_each_option_on_one_side() -> None:
    widget = dual_list().get_context("p", ["3"], {"id": "id_p"})["widget"]
    assert [option["value"] for option in widget["available"]] == ["1", "2"]
    assert [option["value"] for option in widget["allocated"]] == ["3"]


def test_a_mark_of_the_tree_has_words_besides_its_shape() -> None:
    html = Template('{% load look %}{% mark "near" %}{% mark "nothing" %}').render(Context())
    assert html.count("<svg") == 1
    assert 'aria-label="near a limit"' in html


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = (VENDOR / "bootstrap-icons" / "icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    root = VENDOR.parents[1]
    named = set()
    for template in (root / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([^"]+)"', template.read_text()))
    assert named - there == set()
    assert {icon for _area, _label, icon, _key in AREAS} - there == set()
