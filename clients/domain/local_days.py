"""Local days and working time as instants.

Whoever decides calls only compares instants: daylight saving, days without a midnight and days
that do not exist are settled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BANK_HOLIDAY = 7

_STEP = timedelta(minutes=15)
_REACH = timedelta(hours=27)  # no zone is further from UTC, with room for a change of offset

Interval = tuple[int, int]
"""Minutes of the wall clock from midnight, end excluded; 1440 is 24:00."""


@dataclass(frozen=True)
class DayRule:
    """Working intervals of one weekday or of bank holidays, and its off-hours limit in per cent."""

    intervals: tuple[Interval, ...] = ()
    off_hours_percent: int = 100


@dataclass(frozen=True)
class Segment:
    """A stretch of one local day, all of it worked or all of it off-hours.

    It begins at ``starts_at_ms`` (UTC, milliseconds since the epoch) and lasts until the next.
    """

    starts_at_ms: int
    day: date
    working: bool
    off_hours_percent: int


def day_rule(pairs: Iterable[Sequence[str]], off_hours_percent: int) -> DayRule:
    """A rule from intervals as they are stored: ``[["08:30", "17:30"]]``, valid and in order."""
    return DayRule(tuple((_minutes(a), _minutes(b)) for a, b in pairs), off_hours_percent)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


@lru_cache(maxsize=4096)
def day_start(zone: str, day: date) -> datetime:
    """The first instant of a local day, UTC; of a day that does not exist, that of the next."""
    midnight = datetime.combine(day, time())
    for begin, end, offset in _stretches(zone, day):
        starts = max(begin, (midnight - offset).replace(tzinfo=UTC))
        if starts < end:
            return starts
    raise ValueError(f"no {day} in {zone}")


def local_day(zone: str, at: datetime) -> date:
    """The local day an instant belongs to: the last that has begun."""
    day = at.astimezone(ZoneInfo(zone)).date()
    while day_start(zone, day + timedelta(days=1)) <= at:
        day += timedelta(days=1)
    return day


def segments(
    zone: str,
    week: Sequence[DayRule],
    bank_holidays: frozenset[date],
    first: date,
    days: int,
) -> tuple[Segment, ...]:
    """The segments of ``days`` local days from ``first`` on.

    ``week`` has eight rules: Monday to Sunday, then bank holidays. They tile the time from
    ``day_start(zone, first)`` to ``day_start(zone, first + days)``: a new one begins with each
    local day and wherever the wall clock enters or leaves a working interval.
    """
    found: list[Segment] = []
    for number in range(days):
        day = first + timedelta(days=number)
        rule = week[BANK_HOLIDAY if day in bank_holidays else day.weekday()]
        for starts_at, working in _periods(zone, day, rule.intervals):
            at_ms = int(starts_at.timestamp()) * 1000
            found.append(Segment(at_ms, day, working, rule.off_hours_percent))
    return tuple(found)


@lru_cache(maxsize=4096)
def _periods(
    zone: str, day: date, intervals: tuple[Interval, ...]
) -> tuple[tuple[datetime, bool], ...]:
    """When work begins and ends on a local day: (first instant, working)."""
    starts, ends = day_start(zone, day), day_start(zone, day + timedelta(days=1))
    found: list[tuple[datetime, bool]] = []
    for begin, end, offset in _stretches(zone, day):
        begin, end = max(begin, starts), min(end, ends)  # noqa: PLW2901
        edges = {begin}
        for local in (begin + offset, end + offset):
            midnight = datetime.combine(local.date(), time(), UTC) - offset
            edges |= {midnight + timedelta(minutes=m) for pair in intervals for m in pair}
            edges.add(midnight)
        for at in sorted(edge for edge in edges if begin <= edge < end):
            wall = at + offset
            minute = wall.hour * 60 + wall.minute
            working = any(start <= minute < stop for start, stop in intervals)
            if not found or found[-1][1] != working:
                found.append((at, working))
    return tuple(found)


def _stretches(zone: str, day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Around a local day, the spans of UTC with one offset: (from, until, offset)."""
    info = ZoneInfo(zone)
    at = datetime.combine(day, time(), UTC) - _REACH
    last = datetime.combine(day, time(), UTC) + timedelta(days=2) + _REACH
    begin, offset = at, _offset(info, at)
    while at < last:
        at += _STEP
        changed = _offset(info, at)
        if changed != offset:
            turn = _turn(info, at - _STEP, at)
            yield begin, turn, offset
            begin, offset = turn, changed
    yield begin, last, offset


def _turn(info: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second with the offset of ``after``."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _offset(info, middle) == _offset(info, after):
            after = middle
        else:
            before = middle
    return after


def _offset(info: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(info).utcoffset() or timedelta()
