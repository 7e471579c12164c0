"""A month of calls of the demo's clients, as the events that a switch would have left."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Account
from calls.models import CallRecord
from calls.services import policy
from calls.services.records import take_in_events
from calls.store.connection import store, tag
from clients import tenancy
from clients.models import Client
from clients.tenancy import PLATFORM
from limits.models import Destination
from limits.selectors import destination_for_number
from rates.selectors import rate_at, table_of_client

DAYS = 30
MILLION = Decimal(1_000_000)
CALLS_A_WORKING_DAY = 9
OPENS, CLOSES = time(8, 30), time(17, 30)
SATURDAY = 5
# Numbers that Ofcom keeps for drama, and how often they are called.
NUMBERS = {
    "+442079460{:03}": 8,
    "+447700900{:03}": 6,
    "+441134960{:03}": 4,
    "+448081570{:03}": 2,
    "+443069990{:03}": 2,
    "+33199001{:03}": 1,
}
BARRED = ("+449098790{:03}", "+8816123450{:02}")
BARRED_BY_PROFILES = 107
ANSWERED_SHARE = 0.9
BARRED_SHARE = 0.3  # of the days have one


@dataclass(frozen=True)
class Called:
    """Where the numbers of a pattern are, and what they cost as the store would say it."""

    destination: Destination
    rate: str


@dataclass(frozen=True)
class Caller:
    """Whose calls are written."""

    client: Client
    account: Account
    shard: int
    tiers: list[int]
    called: dict[str, Called]


Event = tuple[Caller, str, dict[str, Any]]  # whose, its kind, its body


def load_calls(references: Sequence[str], *, at: datetime) -> None:
    """Write the calls of clients that have none yet, then publish all policy to the store."""
    chance = random.Random("trunk portal")  # noqa: S311 - sample data, the same each time
    with tenancy.reading(PLATFORM):
        found = Client.objects.filter(reference__in=references).select_related("reseller")
        known = set(CallRecord.objects.values_list("client_id", flat=True).distinct())
        events = [
            event
            for caller in [caller_of(client, at) for client in found if client.pk not in known]
            for event in _events(caller, at, chance)
        ]
    write_events(events, at=at)


def write_events(events: Sequence[Event], *, at: datetime) -> None:
    """Let the portal take in events, and publish all policy: what is used today is its part."""
    if not events:
        return
    connection = store()
    policy.rebuild(connection, at=at)
    with connection.pipeline(transaction=False) as pipe:
        for caller, kind, body in events:
            # Sequence 0: these are not the store's own, which it counts.
            pipe.xadd(f"{tag(caller.shard)}:ev", {"k": kind, "q": 0, "d": json.dumps(body)})
        pipe.execute()
    take_in_events(connection, at=at)
    policy.rebuild(connection, at=at)  # today's calls count


def caller_of(client: Client, at: datetime) -> Caller:
    """A client as its calls are written."""
    account = Account.objects.filter(client=client).order_by("pk")[0]
    shard = client.reseller.shard if client.reseller else 0
    tiers = []
    reseller = client.reseller
    while reseller:
        tiers.append(reseller.pk)
        reseller = reseller.parent
    called = {pattern: _called(client, pattern.format(0), at) for pattern in (*NUMBERS, *BARRED)}
    return Caller(client, account, shard, tiers, called)


def _called(client: Client, number: str, at: datetime) -> Called:
    _, destination = destination_for_number(number, client.country)
    table = table_of_client(PLATFORM, client)
    rate = rate_at(PLATFORM, table, number[1:], at) if table else None
    if destination is None:
        raise LookupError(number)
    if table is None or rate is None:
        return Called(destination, "")
    amounts = {
        "price": int(rate.price_per_minute * MILLION),
        "setup": int(rate.setup_price * MILLION),
        "minimum": rate.minimum_seconds,
        "increment": rate.increment_seconds,
    }
    origin = {"table": table.pk, "version": table.version, "prefix": rate.prefix}
    return Called(destination, json.dumps(amounts | origin))


def _events(caller: Caller, at: datetime, chance: random.Random) -> Iterator[Event]:
    zone = ZoneInfo(caller.client.time_zone)
    today = at.astimezone(zone).date()
    for back in range(DAYS, -1, -1):
        day = today - timedelta(days=back)
        weekend = day.weekday() >= SATURDAY
        if weekend and caller.client.working_schedule != DAYS:
            continue
        count = chance.randint(1, 3) if weekend else chance.randint(4, CALLS_A_WORKING_DAY)
        for _ in range(count):
            starts = _moment(day, zone, chance)
            pattern = chance.choices(list(NUMBERS), list(NUMBERS.values()))[0]
            talk_ms = int(chance.lognormvariate(11.2, 0.8))
            call = call_event(
                caller,
                starts,
                pattern,
                talk_ms,
                chance,
                on=day,
                off_hours=weekend,
                answered=chance.random() < ANSWERED_SHARE,
            )
            if starts + timedelta(milliseconds=talk_ms) < at - timedelta(minutes=2):
                yield call
        starts = _moment(day, zone, chance)
        if chance.random() < BARRED_SHARE and starts < at:
            yield barred_event(caller, starts, chance.choice(BARRED), BARRED_BY_PROFILES, chance)


def _moment(day: date, zone: ZoneInfo, chance: random.Random) -> datetime:
    opens = datetime.combine(day, OPENS, zone)
    length = (datetime.combine(day, CLOSES, zone) - opens).total_seconds() - 1200
    return (opens + timedelta(seconds=chance.random() * length)).astimezone(UTC)


def _id(at: datetime, chance: random.Random) -> str:
    return f"{_ms(at)}-{chance.getrandbits(40):010x}"


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _facts(caller: Caller, at: datetime, pattern: str, chance: random.Random) -> dict[str, Any]:
    number = pattern.format(chance.randrange(100))
    destination = caller.called[pattern].destination
    return {
        "at": _ms(at),
        "tiers": caller.tiers,
        "client": caller.client.pk,
        "account": caller.account.pk,
        "dialled": f"0{number[3:]}" if number.startswith("+44") else f"00{number[1:]}",
        "number": number,
        "sent": number,
        "path": destination.path,
        "destination": destination.pk,
        "currency": caller.client.currency,
        "caller": caller.account.sip_username,
        "source": "198.51.100.7",
        "sip_call_id": f"{chance.getrandbits(64):016x}@198.51.100.7",
        "node": "sw1",
    }


def barred_event(
    caller: Caller, at: datetime, pattern: str, code: int, chance: random.Random, **figures: str
) -> Event:
    """A call to a number of ``pattern`` that was refused; ``figures`` are in its sentence."""
    facts = _facts(caller, at, pattern, chance)
    params = {"destination": facts["path"].replace("/", " ")} | figures
    return caller, "barred", {**facts, "code": code, "params": params, "id": _id(at, chance)}


def call_event(
    caller: Caller,
    at: datetime,
    pattern: str,
    talk_ms: int,
    chance: random.Random,
    *,
    on: date,
    off_hours: bool,
    answered: bool,
) -> Event:
    """A call to a number of ``pattern`` from ``at`` on, counted on the local day ``on``."""
    rang_ms = chance.randint(2_000, 15_000)
    seconds = -(-talk_ms // 1000) if answered else 0
    body = {
        "id": _id(at, chance),
        "facts": _facts(caller, at, pattern, chance),
        "answered": _ms(at) + rang_ms if answered else 0,
        "ended": _ms(at) + rang_ms + (talk_ms if answered else 0),
        "talk": talk_ms if answered else 0,
        "seconds": seconds,
        "pieces": [[on.isoformat(), int(off_hours), seconds]] if answered else [],
        "rate": caller.called[pattern].rate,
        "who": chance.choice(["caller", "callee"]),
        "why": "normal" if answered else "failed",
        "sip": 200 if answered else 486,
        "q850": 16 if answered else 17,
    }
    return caller, "call", body
