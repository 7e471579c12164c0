"""Today's counters in the store, made again from PostgreSQL."""

import logging
from collections import Counter
from datetime import datetime
from typing import cast

import redis

from calls.models import StreamPosition
from calls.services.records import take_in_events
from calls.store.connection import call, tag
from calls.store.publish import shards_in_use
from clients import tenancy
from clients.domain.local_days import local_day
from clients.models import Client, ClientType
from clients.tenancy import PLATFORM
from limits.domain.effective import path
from limits.models import DailyUsage
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
    used: Counter[tuple[str, str]] = Counter()
    if store.xlen(f"{shard}:ev"):
        return False
    with tenancy.reading(PLATFORM):
        rows = list(DailyUsage.objects.filter(client=client, on=day))
    levels = _levels(store, shard, client.pk)
    for row in rows:
        for node in path(parents, row.destination_id):
            for name in (str(node), *(f"{node}@{level}" for level in levels)):
                used[name, "d"] += row.day_ms
                used[name, "o"] += row.off_hours_ms
    fields = [part for (node, kind), ms in used.items() for part in (node, kind, str(ms))]
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
