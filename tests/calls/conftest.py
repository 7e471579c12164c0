"""A store for property tests, which empty it themselves."""

from collections.abc import Iterator

import pytest
import redis

from trunkportal.embedded import Addresses


@pytest.fixture(scope="session")
def valkey_session(servers: Addresses) -> Iterator[redis.Redis]:
    """The store for tests that run many examples; each example empties it."""
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        yield client
