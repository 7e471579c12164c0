"""Local days and working time: they tile the time, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.domain.local_days import (
    DayRule,
    day_rule,
    day_start,
    local_day,
    segments,
)

ZONES = ["Europe/London", "America/Havana", "America/St_Johns", "Pacific/Apia", "Asia/Beirut"]
OFFICE = day_rule([["08:30", "17:30"]], 100)
WEEK = (OFFICE,) * 5 + (DayRule(),) * 3


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def edges(zone: str, day: str, week: tuple[DayRule, ...] = WEEK) -> list[tuple[str, bool]]:
    found = segments(zone, week, frozenset(), date.fromisoformat(day), 1)
    local = [datetime.fromtimestamp(s.starts_at_ms / 1000, ZoneInfo(zone)) for s in found]
    return [(f"{at:%H:%M%z}", s.working) for at, s in zip(local, found, strict=True)]


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Europe/London", "2026-01-15", "2026-01-15T00:00"),
        ("Europe/London", "2026-07-15", "2026-07-14T23:00"),
        ("Europe/London", "2026-03-30", "2026-03-29T23:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00"),  # midnight is skipped: 01:00 is first
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),  # midnight comes twice
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # a day that never was
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30"),  # 00:01 went back to 23:01
    ],
)
def test_a_local_day_begins_at_the_first_instant_that_exists(
    zone: str, day: str, first: str
) -> None:
    assert day_start(zone, date.fromisoformat(day)) == utc(first)


def test_an_instant_belongs_to_the_last_day_that_has_begun() -> None:
    assert local_day("Europe/London", utc("2026-07-14T22:59:59")) == date(2026, 7, 14)
    assert local_day("Europe/London", utc("2026-07-14T23:00:00")) == date(2026, 7, 15)
    assert local_day("America/St_Johns", utc("2010-11-07T03:00")) == date(2010, 11, 7)


def test_a_working_day_has_three_parts() -> None:
    expected = [("00:00+0000", False), ("08:30+0000", True), ("17:30+0000", False)]
    assert edges("Europe/London", "2026-01-15") == expected
    assert edges("Europe/London", "2026-01-17") == [("00:00+0000", False)]


def test_a_repeated_hour_is_worked_twice_where_it_is_worked() -> None:
    week = (DayRule(((90, 180),)),) * 8
    assert edges("Europe/London", "2026-10-25", week) == [
        ("00:00+0100", False),
        ("01:30+0100", True),
        ("01:00+0000", False),
        ("01:30+0000", True),
        ("03:00+0000", False),
    ]


def test_working_hours_may_fill_the_day() -> None:
    assert edges("Europe/London", "2026-01-15", (DayRule(((0, 1440),)),) * 8) == [
        ("00:00+0000", True)
    ]


def test_a_bank_holiday_has_rules_of_its_own() -> None:
    christmas = date(2026, 12, 25)
    week = (*WEEK[:7], DayRule((), 20))
    found = segments("Europe/London", week, frozenset({christmas}), christmas, 1)
    assert [(s.working, s.off_hours_percent) for s in found] == [(False, 20)]


def test_stored_intervals_are_read() -> None:
    assert day_rule([["00:00", "08:05"], ["23:59", "24:00"]], 50) == DayRule(
        ((0, 485), (1439, 1440)), 50
    )


@given(
    st.sampled_from(ZONES),
    st.dates(date(2009, 1, 1), date(2030, 12, 31)),
    st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True).map(sorted),
)
def test_segments_tile_the_days_and_say_what_the_wall_clock_says(
    zone: str, first: date, points: list[int]
) -> None:
    intervals = tuple(zip(points[::2], points[1::2], strict=False))
    week = (DayRule(intervals),) * 8
    found = segments(zone, week, frozenset(), first, 3)
    ends = int(day_start(zone, first + timedelta(days=3)).timestamp()) * 1000
    assert found[0].starts_at_ms == int(day_start(zone, first).timestamp()) * 1000
    for one, other in pairwise([*found, None]):
        until = other.starts_at_ms if other else ends
        assert one is not None
        assert one.starts_at_ms < until
        for at_ms in (one.starts_at_ms, (one.starts_at_ms + until) // 2, until - 1000):
            at = datetime.fromtimestamp(at_ms / 1000, UTC)
            wall = at.astimezone(ZoneInfo(zone))
            minute = wall.hour * 60 + wall.minute
            assert local_day(zone, at) == one.day
            assert any(begin <= minute < end for begin, end in intervals) == one.working
