"""How dialled numbers are understood, on the shipped number plans."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.catalogue.shipped import number_plans
from limits.domain.numbers import INVALID, understand

PLANS = number_plans()
MOBILE = "+447700900123"


def canonical(dialled: str, country: str = "GB", tech_prefix: str = "") -> str:
    return understand(dialled, country, PLANS, tech_prefix=tech_prefix).canonical


@pytest.mark.parametrize(
    "dialled",
    [
        "07700900123",
        "+447700900123",
        "00447700900123",
        "447700900123",
        "07700 900-123",
        "(07700) 900.123",
        "tel:+44-7700-900123",
        "TEL:07700900123;ext=12",
        "14107700900123",
        "147007700900123",
        "141+447700900123",
        "141 0044 7700 900123",
    ],
)
def test_one_uk_mobile_written_in_many_ways_is_one_number(dialled: str) -> None:
    assert canonical(dialled) == MOBILE


@pytest.mark.parametrize(
    ("country", "dialled", "expected"),
    [
        ("GB", "0033142685300", "+33142685300"),
        ("GB", "33142685300", "+33142685300"),
        ("GB", "02079460123", "+442079460123"),
        ("JE", "07700900123", MOBILE),
        ("JE", "01534456789", "+441534456789"),
        ("FR", "0142685300", "+33142685300"),
        ("US", "2125550123", "+12125550123"),
        ("US", "12125550123", "+12125550123"),
        ("US", "011447700900123", MOBILE),
        ("US", "447700900123", MOBILE),
        ("ES", "612345678", "+34612345678"),
        ("ES", "34612345678", "+34612345678"),
        ("ES", "447700900123", MOBILE),
        ("IT", "0612345678", "+390612345678"),
        ("IT", "393331234567", "+393331234567"),
        ("DK", "20123456", "+4520123456"),
        ("RU", "84951234567", "+74951234567"),
        ("RU", "810447700900123", MOBILE),
        ("HU", "0612345678", "+3612345678"),
    ],
)
def test_each_country_reads_its_own_prefixes(country: str, dialled: str, expected: str) -> None:
    assert canonical(dialled, country) == expected


@pytest.mark.parametrize("dialled", ["101", "105", "111", "118500", "116123", "1 1 8 5 0 0"])
def test_uk_short_codes_are_themselves(dialled: str) -> None:
    understood = understand(dialled, "GB", PLANS)
    assert understood.kind == "short"
    assert understood.canonical == dialled.replace(" ", "")
    assert understood.key == f"GB:{understood.canonical}"


@pytest.mark.parametrize(
    ("country", "dialled"),
    [("GB", "999"), ("GB", "112"), ("GB", "18000"), ("GB", "1-1-2"), ("US", "911"), ("DE", "110"),
     ("US", "999")],
)  # fmt: skip
def test_an_emergency_number_is_recognised_whole(country: str, dialled: str) -> None:
    assert understand(dialled, country, PLANS).kind == "emergency"


@pytest.mark.parametrize("dialled", ["9991", "+999", "00999", "0999", "9990", "911", "1120"])
def test_what_only_looks_like_an_emergency_number_is_not_one(dialled: str) -> None:
    assert understand(dialled, "GB", PLANS).kind == "invalid"


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        "+",
        "00",
        "0",
        "141",
        "1",
        "anonymous",
        "07700x900123",
        "0770090012",
        "077009001234",
        "+4407700900123",
        "+99912345678",
        "++447700900123",
        "0+447700900123",
        "*67",
        "#31#07700900123",
        "٠٧٧٠٠٩٠٠١٢٣",
        "07700900123;phone-context=+44",
        "07700900123%3Bext",
        "9" * 400,
        "07700900123\n",
        "0770\x00900123",
    ],
)
def test_anything_else_is_invalid(dialled: str) -> None:
    assert understand(dialled, "GB", PLANS) == INVALID


def test_a_tech_prefix_comes_off_first() -> None:
    assert canonical("77#07700900123", tech_prefix="77#") == MOBILE
    assert canonical("12307700900123", tech_prefix="123") == MOBILE
    assert canonical("123999", tech_prefix="123") == "999"
    assert canonical("07700900123", tech_prefix="123") == MOBILE


def test_a_country_without_a_plan_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        understand("999", "XX", PLANS)


dialling = st.text("0123456789+ -.()#*;tel:ext=", max_size=24)


@given(dialling, st.sampled_from(sorted(PLANS.countries)))
def test_what_was_decided_reads_as_itself_again(dialled: str, country: str) -> None:
    understood = understand(dialled, country, PLANS)
    if understood.kind != "invalid":
        assert understand(understood.canonical, country, PLANS).canonical == understood.canonical
    if understood.kind == "e164":
        assert 8 <= len(understood.canonical) + 2 <= 18
        assert understood.canonical == "+" + understood.key


def test_no_rule_and_no_calling_code_begins_another() -> None:
    for rules in PLANS.codes.values():
        _assert_prefix_free([rule.prefix for rule in rules])
    _assert_prefix_free(list(PLANS.codes))


def _assert_prefix_free(prefixes: list[str]) -> None:
    ordered = sorted(prefixes)
    for one, other in pairwise(ordered):
        assert not other.startswith(one)
