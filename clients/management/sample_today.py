"""Today in the demo: an allowance that is spent and some that come near, at any hour of any day."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calls.selectors import allowances_today
from clients import tenancy
from clients.management.sample_calls import (
    CLOSES,
    OPENS,
    SATURDAY,
    Caller,
    Event,
    barred_event,
    call_event,
    caller_of,
    write_events,
)
from clients.models import Client
from clients.tenancy import PLATFORM

# client, pattern of numbers, and the per cent of the day's allowance that is to be used.
SHARES = (
    ("ACME", "+447700900{:03}", 100),
    ("ACME", "+442079460{:03}", 83),
    ("ACME", "+443069990{:03}", 40),
    ("BLUEBIRD", "+447700900{:03}", 88),
)
LONGEST_SECONDS = 420
BARRED_AFTERWARDS = 3
SPENT = 101


def load_today(*, at: datetime) -> None:
    """Write calls that ended before ``at`` until each of ``SHARES`` is used, if it is not yet.

    All they talked counts today, also when the day is too young to have held them.
    """
    chance = random.Random(at.date().toordinal())  # noqa: S311 - sample data
    with tenancy.reading(PLATFORM):
        clients = Client.objects.filter(reference__in={share[0] for share in SHARES})
        events = [
            event
            for client in clients.select_related("reseller")
            for event in _events_of(client, at, chance)
        ]
    write_events(events, at=at)


def _events_of(client: Client, at: datetime, chance: random.Random) -> Iterator[Event]:
    caller = caller_of(client, at)
    limits = {
        each.destination.path: each for each in allowances_today(PLATFORM, client, at).allowances
    }
    for reference, pattern, percent in SHARES:
        allowance = limits[caller.called[pattern].destination.path]
        limit, used = allowance.daily_seconds, allowance.used_seconds
        if reference != client.reference or limit is None or used is None:
            continue
        missing = limit * percent // 100 - used
        if missing > 0:
            yield from _calls(caller, pattern, missing, at, chance)
            if percent == 100:
                yield from _refused(caller, pattern, limit, at, chance)


def _calls(
    caller: Caller, pattern: str, missing: int, at: datetime, chance: random.Random
) -> Iterator[Event]:
    """Calls of together ``missing`` seconds, one after the other up to a few minutes ago."""
    zone = ZoneInfo(caller.client.time_zone)
    local = at.astimezone(zone)
    worked = local.weekday() < SATURDAY and OPENS <= local.time() < CLOSES
    ends = at - timedelta(minutes=12)
    while missing > 0:
        seconds = min(missing, chance.randint(90, LONGEST_SECONDS))
        missing -= seconds
        yield call_event(
            caller,
            ends - timedelta(seconds=seconds),
            pattern,
            seconds * 1000,
            chance,
            on=local.date(),
            off_hours=not worked,
            answered=True,
        )
        ends -= timedelta(seconds=seconds + chance.randint(20, 200))


def _refused(
    caller: Caller, pattern: str, limit: int, at: datetime, chance: random.Random
) -> Iterator[Event]:
    figure = f"{limit / 60:.2f}"
    for _ in range(BARRED_AFTERWARDS):
        when = at - timedelta(seconds=chance.randint(30, 600))
        yield barred_event(caller, when, pattern, SPENT, chance, used=figure, limit=figure)
