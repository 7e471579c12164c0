"""The daily split, row by row as in docs/arithmetic.md."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.domain.split import (
    daily_amount,
    daily_seconds,
    minutes_text,
    off_hours_amount,
    off_hours_seconds,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "arithmetic.md"


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading of the document."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


MINUTES = [
    (1000, 30, 100, 2000, "33.33", 2000, "33.33"),
    (1000, 30, 50, 2000, "33.33", 1000, "16.67"),
    (1000, 24, 100, 2500, "41.67", 2500, "41.67"),
    (1000, 24, 50, 2500, "41.67", 1250, "20.83"),
    (3000, 30, 0, 6000, "100.00", 0, "0.00"),
    (120, 30, 33, 240, "4.00", 79, "1.32"),
    (60, 24, 75, 150, "2.50", 112, "1.87"),
    (10, 30, 100, 20, "0.33", 20, "0.33"),
    (7, 24, 50, 17, "0.28", 8, "0.13"),
    (1, 30, 1, 2, "0.03", 0, "0.00"),
    (0, 30, 100, 0, "0.00", 0, "0.00"),
]

MONEY = [
    ("120.00", 30, 50, "4.000000", "2.000000"),
    ("100.00", 30, 50, "3.333333", "1.666666"),
    ("100.00", 24, 33, "4.166666", "1.375000"),
    ("0.01", 30, 1, "0.000333", "0.000003"),
]


@pytest.mark.parametrize(
    ("minutes", "divisor", "percent", "seconds", "shown", "off_seconds", "off_shown"), MINUTES
)
def test_minutes_split_as_the_table_says(
    minutes: int,
    divisor: int,
    percent: int,
    seconds: int,
    shown: str,
    off_seconds: int,
    off_shown: str,
) -> None:
    assert daily_seconds(minutes, divisor) == seconds
    assert minutes_text(seconds) == shown
    assert off_hours_seconds(minutes, divisor, percent) == off_seconds
    assert minutes_text(off_seconds) == off_shown


@pytest.mark.parametrize(("month", "divisor", "percent", "day", "off"), MONEY)
def test_money_splits_as_the_table_says(
    month: str, divisor: int, percent: int, day: str, off: str
) -> None:
    assert str(daily_amount(Decimal(month), divisor)) == day
    assert str(off_hours_amount(Decimal(month), divisor, percent)) == off


def test_the_document_has_the_same_rows() -> None:
    assert table("A month's minutes as a day's share") == [[str(c) for c in r] for r in MINUTES]
    assert table("A month's money as a day's share") == [[str(c) for c in r] for r in MONEY]


@given(st.integers(0, 10**6), st.sampled_from([24, 30]), st.integers(0, 100))
def test_off_hours_are_never_more_than_the_day(minutes: int, divisor: int, percent: int) -> None:
    day = daily_seconds(minutes, divisor)
    assert off_hours_seconds(minutes, divisor, percent) <= day
    assert off_hours_seconds(minutes, divisor, 100) == day
    assert day * divisor <= minutes * 60 < (day + 1) * divisor
