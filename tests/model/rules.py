"""The single rules of the reference model: numbers, local time, and what profiles come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor
from zoneinfo import ZoneInfo

from tests.model.world import Client, Day, NumberPlan, Profile, Row

SECOND = 1_000
MINUTE = 60 * SECOND

Counter = tuple[str, date, bool]
"""Destination, local day, and whether it is the off-hours counter (else the day's total)."""


# --- Numbers -------------------------------------------------------------------------------------


def written_plainly(dialled: str) -> str:
    """The dialled number without `tel:`, an extension, spaces and visual separators."""
    text = dialled.strip()
    if text.lower().startswith("tel:"):
        text = text[4:]
    extension = text.lower().find(";ext=")
    if extension >= 0:
        text = text[:extension]
    return "".join(character for character in text if character not in " -.()")


def without_caller_id_code(text: str, plan: NumberPlan) -> str:
    """A number dialled in the UK without its leading 141 or 1470."""
    if plan.country == "GB":
        for code in ("1470", "141"):
            if text.startswith(code):
                return text[len(code) :]
    return text


def is_emergency(text: str, plan: NumberPlan) -> bool:
    """Whether the whole number is an emergency number where it was dialled."""
    own = {"18000"} if plan.country == "GB" else set()
    return text in {"112", "999"} | own | plan.emergency


Lengths = Mapping[str, frozenset[int]]


def canonical(text: str, plan: NumberPlan, lengths: Lengths) -> str | None:
    """The canonical number meant by plainly written text, or None where it is invalid."""
    if text in plan.short_codes:
        return text
    digits = text.removeprefix("+")
    if not digits or any(character not in "0123456789" for character in digits):
        return None
    if text.startswith("+"):
        number = digits
    elif text.startswith(plan.international_prefix):
        number = digits[len(plan.international_prefix) :]
    elif plan.trunk_prefix and text.startswith(plan.trunk_prefix):
        number = plan.calling_code + digits[len(plan.trunk_prefix) :]
    elif not plan.trunk_prefix and len(digits) in lengths[plan.calling_code]:
        number = plan.calling_code + digits
    else:
        number = digits
    known = (code for code in lengths if number.startswith(code))
    valid = any(len(number) - len(code) in lengths[code] for code in known)
    return f"+{number}" if valid else None


# --- Local time ----------------------------------------------------------------------------------


def local(zone: str, at: int) -> datetime:
    """The wall clock of a zone at an instant."""
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(zone))


@cache
def day_start(zone: str, day: date) -> int:
    """The first instant that exists of a local day, found by walking there minute by minute."""
    at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
    at -= 27 * 60 * MINUTE
    while local(zone, at).date() < day:
        at += MINUTE
    return at


def day_of(zone: str, at: int) -> date:
    """The local day an instant belongs to: the last one that has begun."""
    day = local(zone, at).date()
    while day_start(zone, day + timedelta(days=1)) <= at:
        day += timedelta(days=1)
    return day


@cache
def wall_minutes(zone: str, day: date) -> tuple[int, ...]:
    """What the wall clock shows, in minutes, at each minute of a local day."""
    starts, ends = day_start(zone, day), day_start(zone, day + timedelta(days=1))
    clocks = (local(zone, at) for at in range(starts, ends, MINUTE))
    return tuple(clock.hour * 60 + clock.minute for clock in clocks)


def day_rules(client: Client, day: date) -> Day:
    """The working-time row that holds on a local day."""
    schedule = client.schedule
    return schedule.holiday if day in schedule.holidays else schedule.weekdays[day.weekday()]


@dataclass(frozen=True)
class Period:
    """A stretch of one local day, all of it off-hours or all of it worked."""

    starts_at: int
    ends_at: int
    day: date
    off_hours: bool


def periods(client: Client, day: date) -> tuple[Period, ...]:
    """A local day cut wherever working time begins or ends."""
    return _periods(client.zone, day, day_rules(client, day).intervals)


@cache
def _periods(zone: str, day: date, intervals: tuple[tuple[int, int], ...]) -> tuple[Period, ...]:
    starts = day_start(zone, day)
    found: list[Period] = []
    for index, clock in enumerate(wall_minutes(zone, day)):
        off_hours = not any(begin <= clock < end for begin, end in intervals)
        at = starts + index * MINUTE
        if found and found[-1].off_hours == off_hours:
            found[-1] = Period(found[-1].starts_at, at + MINUTE, day, off_hours)
        else:
            found.append(Period(at, at + MINUTE, day, off_hours))
    return tuple(found)


# --- What a client's profiles come to ------------------------------------------------------------


def path(destination: str) -> list[str]:
    """A destination and all above it, the leaf first."""
    parts = destination.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


def minutes(profiles: list[Profile], destination: str) -> Decimal | None:
    """The strictest minutes a month the profiles give; None where every one is blank."""
    values = [profile.rows.get(destination, Row()).minutes for profile in profiles]
    return min((value for value in values if value is not None), default=None)


def price_cap(profiles: list[Profile], destination: str, field: str) -> Decimal | None:
    """The strictest cap, each profile's own being that of the nearest row which has one."""
    caps: list[Decimal] = []
    for profile in profiles:
        values = [getattr(profile.rows.get(name, Row()), field) for name in path(destination)]
        caps += [value for value in values if value is not None][:1]
    return min(caps, default=None)


def daily_seconds(monthly_minutes: Decimal, divisor: int) -> int:
    """A day's share of the minutes a month, in whole seconds."""
    return floor(Fraction(monthly_minutes) * 60 / divisor)


def off_hours_seconds(monthly_minutes: Decimal, divisor: int, percent: int) -> int:
    """The off-hours part of a day's share, in whole seconds."""
    return floor(Fraction(monthly_minutes) * 60 * percent / (100 * divisor))
