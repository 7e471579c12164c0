"""Local days tile time in every zone there is, 2000 to 2040."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clients.domain.local_days import DayRule, day_start, local_day, segments

FIRST, LAST = date(2000, 1, 1), date(2040, 12, 31)
DAY = timedelta(days=1)
HALF = timedelta(hours=12)
OFFICE = DayRule(((8 * 60 + 30, 17 * 60 + 30),), 50)
WEEK = (OFFICE,) * 8


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def turns(zone: str) -> Iterator[datetime]:
    """The first minutes with another offset: none has come and gone within half a day."""
    info, at, end = ZoneInfo(zone), moment(FIRST), moment(LAST)
    before = at.astimezone(info).utcoffset()
    while at < end:
        at += HALF
        offset = at.astimezone(info).utcoffset()
        if offset != before:
            near, far = at - HALF, at
            while far - near > timedelta(minutes=1):
                middle = near + (far - near) / 2
                if middle.astimezone(info).utcoffset() == before:
                    near = middle
                else:
                    far = middle
            yield far
            before = offset


def same_rules(zone: str) -> tuple[tuple[datetime, timedelta | None], ...]:
    info = ZoneInfo(zone)
    start = (moment(FIRST), moment(FIRST).astimezone(info).utcoffset())
    return (start, *((at, at.astimezone(info).utcoffset()) for at in turns(zone)))


def test_local_days_tile_time_in_every_zone():
    """Each day around a change of offset; elsewhere a day is 24 hours by construction.

    A day ends where the next begins, every instant belongs to the day it is in, the wall clock
    agrees wherever it does not go back, and the segments of a day tile it.
    """
    seen: set[object] = set()
    changes = 0
    for zone in sorted(zoneinfo.available_timezones()):
        rules = same_rules(zone)
        if rules in seen:
            continue
        seen.add(rules)
        around = {at.date() + timedelta(days=near) for at, _ in rules[1:] for near in (-1, 0, 1)}
        changes += len(rules) - 1
        for day in sorted(around | {FIRST, date(2024, 2, 29), LAST}):
            check(zone, day)
    assert len(seen) > 150
    assert changes > 5_000


def check(zone: str, day: date) -> None:
    info = ZoneInfo(zone)
    starts, ends = day_start(zone, day), day_start(zone, day + DAY)
    told = f"{day} in {zone}"
    assert starts <= ends, told
    if starts == ends:  # a day that does not exist: its name is nobody's
        assert (starts - timedelta(seconds=1)).astimezone(info).date() < day, told
        assert starts.astimezone(info).date() > day, told
        return
    assert timedelta(hours=20) < ends - starts < timedelta(hours=28), told
    for at in (starts, starts + (ends - starts) / 2, ends - timedelta(microseconds=1)):
        assert local_day(zone, at) == day, told
    assert local_day(zone, starts - timedelta(microseconds=1)) < day, told
    assert local_day(zone, ends) > day, told
    assert starts.astimezone(info).date() == day, told
    found = segments(zone, WEEK, frozenset(), day, 1)
    edges = [each.starts_at_ms for each in found]
    assert edges[0] == int(starts.timestamp() * 1000), told
    assert edges == sorted(set(edges)), told
    assert edges[-1] < ends.timestamp() * 1000, told
    for each in found:
        wall = datetime.fromtimestamp(each.starts_at_ms / 1000, UTC).astimezone(info)
        minute = wall.hour * 60 + wall.minute
        assert each.working == (510 <= minute < 1050), told
