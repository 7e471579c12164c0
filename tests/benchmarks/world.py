"""What the store and the HTTP door are asked about: enough of everything never to refuse."""

import time
from dataclasses import replace

import redis

from calls.store import testing
from calls.store.policy import Calendar, Segment, Tier
from tests.calls import worlds

PREFIXES = 100_000
HOUR_MS = 3_600_000
ROOM = 10_000_000


def load(store: redis.Redis) -> None:
    """A catalogue of 100,000 prefixes, a client four resellers down, enforcement seen running."""
    now = int(time.time() * 1000)
    many = {f"99{n:06d}": worlds.FRANCE for n in range(PREFIXES)}
    catalogue = replace(worlds.CATALOGUE, prefixes=dict(worlds.CATALOGUE.prefixes) | many)
    segment = Segment(starts_at_ms=now - HOUR_MS, day="2026-03-02", working=False)
    policy = worlds.client(
        calendar=Calendar(segments=(segment,), ends_at_ms=now + HOUR_MS),
        rules={worlds.MOBILE: worlds.limited(4 * ROOM), worlds.UK: worlds.limited(4 * ROOM)},
        tiers=tuple(Tier(reseller_id=n, capacity=ROOM) for n in range(5, 9)),
        capacity=ROOM,
    )
    testing.load(
        store,
        catalogue=catalogue,
        rates=(worlds.RATES,),
        clients=(policy,),
        accounts=(worlds.ACCOUNT,),
        beat_ms=now + HOUR_MS,
    )
