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
from clients.models import Client, ClientType
from clients.tenancy import PLATFORM
from limits.domain.effective import path
from limits.models import DailyUsage, Destination
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


def rebuild_counters(store: redis.Redis, *, at: datetime) -> int:
    """Set today's counters to finished calls in PostgreSQL plus calls in progress.

    Events still in the streams are taken in first. Returns the number of clients. A client whose
    calls keep ending meanwhile is tried again; CountersMovedError in the end.
    """
    _catch_up_sequences(store)
    with tenancy.reading(PLATFORM):
        clients = list(Client.objects.filter(type=ClientType.CLIENT).select_related("reseller"))
        parents = destination_parents()
    for client in clients:
        for _ in range(ATTEMPTS):
            take_in_events(store, at=at)
            if _rebase(store, client, parents, at=at):
                break
        else:
            raise CountersMovedError(f"client {client.pk}")
    return len(clients)


def _rebase(
    store: redis.Redis, client: Client, parents: dict[int, int | None], *, at: datetime
) -> bool:
    if client.reseller is None:
        return True
    shard = tag(client.reseller.shard)
    sequence = _sequence(store, f"{shard}:ev")
    day = local_day(client.time_zone, at)
    if store.xlen(f"{shard}:ev"):
        return False
    suffixes = ["", *(f"@{level}" for level in _levels(store, shard, client.pk))]
    fields = [
        part
        for (node, kind), ms in _recorded(client, day, parents).items()
        for suffix in suffixes
        for part in (f"{node}{suffix}", kind, str(ms))
    ]
    head = f"{client.pk}|{day.isoformat()}|{sequence}|"
    return call(store, "tp_rebase", shard, head, *fields) == ["OK"]


def _levels(store: redis.Redis, shard: str, client_id: int) -> set[str]:
    """The levels of allow lists whose rules the store counts by."""
    fields = cast("list[str]", store.hkeys(f"{shard}:c:{client_id}"))
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

    client_id: int
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
        clients = list(Client.objects.filter(type=ClientType.CLIENT).select_related("reseller"))
        parents = destination_parents()
        paths = dict(Destination.objects.values_list("pk", "path"))
    found: list[Difference] = []
    for client in clients:
        if client.reseller is None:
            continue
        day = local_day(client.time_zone, at)
        shard = tag(client.reseller.shard)
        use = functions.usage(store, shard, client.pk, day.isoformat(), now_ms=to_ms(at))
        recorded = _recorded(client, day, parents)
        for node, kind in sorted(set(use) | set(recorded)):
            mine = use[node, kind].used_ms if (node, kind) in use else 0
            if "@" not in node and mine != recorded[node, kind]:
                found.append(
                    Difference(
                        client_id=client.pk,
                        destination=paths.get(int(node), node),
                        on=day,
                        off_hours=kind == "o",
                        store_ms=mine,
                        recorded_ms=recorded[node, kind],
                    )
                )
    return found


def _recorded(
    client: Client, day: date, parents: dict[int, int | None]
) -> Counter[tuple[str, str]]:
    """Finished talk time by node and kind, parents included."""
    used: Counter[tuple[str, str]] = Counter()
    with tenancy.reading(PLATFORM):
        rows = list(DailyUsage.objects.filter(client=client, on=day))
    for row in rows:
        for node in path(parents, row.destination_id):
            used[str(node), "d"] += row.day_ms
            used[str(node), "o"] += row.off_hours_ms
    return used
