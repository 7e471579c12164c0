"""The connection to the store, and the names of its parts."""

from functools import cache
from typing import Any, cast

import redis
from django.conf import settings

IDENTITIES = "{id}"
TIMEOUT_SECONDS = 2.0


@cache
def connect(url: str) -> redis.Redis:
    """A pool of connections to one server; answers are text."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )


def store() -> redis.Redis:
    """The store that the settings name; RedisError from its methods when it is away."""
    return connect(settings.REDIS_URL)


def tag(shard: int) -> str:
    """The hash tag of a shard: ``{s07}``."""
    return f"{{s{shard:02d}}}"


def call(
    connection: redis.Redis, function: str, shard: str, *arguments: str, read_only: bool = False
) -> list[str]:
    """One function of the library on one shard's keys; its answer is a list of text."""
    run = connection.fcall_ro if read_only else connection.fcall
    return cast("list[Any]", run(function, 1, shard, *arguments))
