"""Today's counters in the store, made again from PostgreSQL."""

import logging
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, cast

import redis

from calls.models import StreamPosition
from calls.services.records import take_in_events
from calls.store import functions
from calls.store.connection import call, tag
from calls.store.publish import shards_in_use
from calls.store.read import to_ms
from clients import tenancy
from clients.domain.local_days import local_day
from clients.models import Client, ClientType, Reseller
from clients.tenancy import PLATFORM
from limits.domain.effective import path
from limits.models import DailyUsage, Destination, ResellerUsage
from limits.selectors import destination_parents

logger = logging.getLogger(__name__)
ATTEMPTS = 20


class CountersMovedError(RuntimeError):
    """Calls kept ending while counters were rebuilt."""


def is_behind(store: redis.Redis) -> bool:
    """Whether PostgreSQL has seen events that the store has forgotten: it was restored or lost."""
    with tenancy.reading(PLATFORM):
        positions = dict(StreamPosition.objects.values_list("stream", "sequence"))
    return any(_sequence(store, stream) < sequence for stream, sequence in positions.items())


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whose counters: a client's, or those that all below a reseller share."""

    name: str  # as the store names it: a client's id, or ``r5``
    shard: str
    time_zone: str
    client_id: int | None = None
    reseller_id: int | None = None

    def rows(self, day: date) -> list[tuple[int, int, int]]:
        """What PostgreSQL has of a local day: destination, ms of the day, ms of its off-hours."""
        with tenancy.reading(PLATFORM):
            if self.client_id is not None:
                use = DailyUsage.objects.filter(client_id=self.client_id, on=day)
                return list(use.values_list("destination_id", "day_ms", "off_hours_ms"))
            days = ResellerUsage.objects.filter(reseller=self.reseller_id, on=day)
            return [(*row, 0) for row in days.values_list("destination_id", "day_ms")]


def holders() -> list[Holder]:
    """Every client of a reseller, and every reseller."""
    with tenancy.reading(PLATFORM):
        clients = Client.objects.filter(type=ClientType.CLIENT, reseller__isnull=False)
        of_clients = [
            Holder(name=str(pk), shard=tag(shard), time_zone=zone, client_id=pk)
            for pk, shard, zone in clients.values_list("pk", "reseller__shard", "time_zone")
        ]
        return of_clients + [
            Holder(name=f"r{pk}", shard=tag(shard), time_zone=zone, reseller_id=pk)
            for pk, shard, zone in Reseller.objects.values_list("pk", "shard", "time_zone")
        ]


def rebuild_counters(store: redis.Redis, *, at: datetime) -> int:
    """Set today's counters to finished calls in PostgreSQL plus calls in progress.

    Events still in the streams are taken in first. Returns the number of clients. Counters whose
    calls keep ending meanwhile are tried again; CountersMovedError in the end.
    """
    _catch_up_sequences(store)
    with tenancy.reading(PLATFORM):
        parents = destination_parents()
    everyone = holders()
    for holder in everyone:
        for _ in range(ATTEMPTS):
            take_in_events(store, at=at)
            if _rebase(store, holder, parents, at=at):
                break
        else:
            raise CountersMovedError(holder.name)
    return sum(holder.client_id is not None for holder in everyone)


def _rebase(
    store: redis.Redis, holder: Holder, parents: dict[int, int | None], *, at: datetime
) -> bool:
    sequence = _sequence(store, f"{holder.shard}:ev")
    day = local_day(holder.time_zone, at)
    if store.xlen(f"{holder.shard}:ev"):
        return False
    suffixes = ["", *(f"@{level}" for level in _levels(store, holder))]
    fields = [
        part
        for (node, kind), ms in _recorded(holder, day, parents).items()
        for suffix in suffixes
        for part in (f"{node}{suffix}", kind, str(ms))
    ]
    head = f"{holder.name}|{day.isoformat()}|{sequence}|"
    return call(store, "tp_rebase", holder.shard, head, *fields) == ["OK"]


def _levels(store: redis.Redis, holder: Holder) -> set[str]:
    """The levels of a client's allow lists whose rules the store counts by."""
    if holder.client_id is None:
        return set()
    fields = cast("list[str]", store.hkeys(f"{holder.shard}:c:{holder.client_id}"))
    return {field.split("@")[1] for field in fields if field.startswith("n:") and "@" in field}


def _sequence(store: redis.Redis, stream: str) -> int:
    return int(store.get(stream.removesuffix("ev") + "seq") or 0)


def _catch_up_sequences(store: redis.Redis) -> None:
    """Let numbering go on behind what PostgreSQL has seen of an earlier store."""
    with tenancy.reading(PLATFORM):
        positions = dict(StreamPosition.objects.values_list("stream", "sequence"))
    known = {f"{shard}:ev" for shard in shards_in_use(store)}
    for stream, sequence in positions.items():
        if _sequence(store, stream) < sequence:
            if stream not in known:
                logger.warning("%s is not in use any more", stream)
            store.set(stream.removesuffix("ev") + "seq", sequence)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A counter of a local day that the store and PostgreSQL do not agree on, in ms."""

    client_id: int | None
    reseller_id: int | None
    destination: str
    on: date
    off_hours: bool
    store_ms: int
    recorded_ms: int

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self) | {"on": self.on.isoformat()}


def differences(store: redis.Redis, *, at: datetime) -> list[Difference]:
    """Counters of finished calls in the store that are not what PostgreSQL has recorded.

    Events still in the streams are taken in first; a call that ends meanwhile may show up.
    """
    take_in_events(store, at=at)
    with tenancy.reading(PLATFORM):
        parents = destination_parents()
        paths = dict(Destination.objects.values_list("pk", "path"))
    found: list[Difference] = []
    for holder in holders():
        day = local_day(holder.time_zone, at)
        use = functions.usage(store, holder.shard, holder.name, day.isoformat(), now_ms=to_ms(at))
        recorded = _recorded(holder, day, parents)
        for node, kind in sorted(set(use) | set(recorded)):
            mine = use[node, kind].used_ms if (node, kind) in use else 0
            if "@" not in node and mine != recorded[node, kind]:
                found.append(
                    Difference(
                        client_id=holder.client_id,
                        reseller_id=holder.reseller_id,
                        destination=paths.get(int(node), node),
                        on=day,
                        off_hours=kind == "o",
                        store_ms=mine,
                        recorded_ms=recorded[node, kind],
                    )
                )
    return found


def _recorded(
    holder: Holder, day: date, parents: dict[int, int | None]
) -> Counter[tuple[str, str]]:
    """Finished talk time by node and kind, parents included."""
    used: Counter[tuple[str, str]] = Counter()
    for destination_id, day_ms, off_hours_ms in holder.rows(day):
        for node in path(parents, destination_id):
            used[str(node), "d"] += day_ms
            if holder.client_id is not None:
                used[str(node), "o"] += off_hours_ms
    return used
