"""How many calls run now, from the store."""

import logging
from collections.abc import Sequence
from datetime import datetime

import redis

from calls.store.connection import store, tag

logger = logging.getLogger(__name__)

ACCOUNT, CLIENT, RESELLER = "a", "c", "r"


def calls_now(
    kind: str, holders: Sequence[tuple[int, int]], *, at: datetime
) -> dict[int, int] | None:
    """Calls that hold a slot, by the holder's id; ringing ones count. None with the store away.

    ``holders`` are pairs of a top-level reseller's shard and the id of an account, client or
    reseller below it (``kind``); the caller has found them within its scope.
    """
    now_ms = int(at.timestamp() * 1000)
    try:
        asked = store().pipeline(transaction=False)
        for shard, holder in holders:
            asked.zcount(f"{tag(shard)}:slots:{kind}:{holder}", f"({now_ms}", "+inf")
        counts = asked.execute()
    except redis.RedisError as error:
        logger.warning("calls in progress cannot be counted: %s", error)
        return None
    return {holder: int(n) for (_shard, holder), n in zip(holders, counts, strict=True)}
