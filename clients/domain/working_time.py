"""Working intervals of a day, as people write them and as they are kept.

An interval is a pair of local times ``("08:30", "17:30")``; the end may be ``24:00``.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

Intervals = tuple[tuple[str, str], ...]

OFFICE_HOURS: Intervals = (("08:30", "17:30"),)
WITHOUT_WEEKENDS = 24
SATURDAY, SUNDAY, BANK_HOLIDAY = 5, 6, 7
_DAY_MINUTES = 24 * 60
_INTERVAL = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})\s*(?:-|–|—|to)\s*([0-9]{1,2})[:.]([0-9]{2})")


class NotIntervals(ValueError):
    """Text that does not say working intervals; ``reason`` is one of the names below."""

    FORM, TIME, ORDER, OVERLAP = "form", "time", "order", "overlap"

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text


@dataclass(frozen=True)
class Day:
    """One weekday (0 Monday to 6 Sunday) or bank holidays (7)."""

    day: int
    intervals: Intervals
    off_hours_percent: int


def default_days(schedule: int) -> list[Day]:
    """What a new client begins with: office hours Monday to Friday, off-hours limit 100 %.

    The 24-day schedule puts Saturday and Sunday at 0 %.
    """
    return [
        Day(day, OFFICE_HOURS if day < SATURDAY else (), weekend_percent(schedule, day))
        for day in range(BANK_HOLIDAY + 1)
    ]


def weekend_percent(schedule: int, day: int) -> int:
    """The off-hours limit that a schedule gives a day."""
    return 0 if schedule == WITHOUT_WEEKENDS and day in {SATURDAY, SUNDAY} else 100


def parse_intervals(text: str) -> Intervals:
    """Intervals written as ``08:30-12:00, 13:00-17:30``; blank is none. Raises NotIntervals."""
    found = []
    for part in re.split(r"[,;\n]", text):
        written = part.strip()
        if not written:
            continue
        match = _INTERVAL.fullmatch(written)
        if match is None:
            raise NotIntervals(NotIntervals.FORM, written)
        hours = [int(group) for group in match.groups()]
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if hours[1] > 59 or hours[3] > 59 or start > _DAY_MINUTES or end > _DAY_MINUTES:
            raise NotIntervals(NotIntervals.TIME, written)
        if start >= end:
            raise NotIntervals(NotIntervals.ORDER, written)
        found.append((start, end))
    found.sort()
    for (_start, end), (start, end2) in pairwise(found):
        if start < end:
            raise NotIntervals(NotIntervals.OVERLAP, f"{_clock(start)}–{_clock(end2)}")
    return tuple((_clock(start), _clock(end)) for start, end in found)


def format_intervals(intervals: Intervals | list[list[str]]) -> str:
    """Intervals as a person reads and edits them: ``08:30–12:00, 13:00–17:30``."""
    return ", ".join(f"{start}–{end}" for start, end in intervals)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
