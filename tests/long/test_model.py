"""The function in the store against the reference model: as it is, and with planted faults."""

import os
import resource
import signal
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from calls.store import library
from tests.model.agreement import agreement
from tests.model.faults import FAULTS, Fault
from tests.model.play import Disagreement
from trunkportal.embedded import Addresses

MEMORY = 1 << 30
PATIENCE_SECONDS = 30
ENOUGH = 2_000
"""Scenarios by which a fault must have been noticed; the rarest shows in one of two hundred."""


@pytest.fixture
def store(servers: Addresses) -> Iterator[redis.Redis]:
    """The store, empty, and held to some memory and to an answer in time: a planted fault may
    make the function loop, or hoard."""
    with redis.Redis.from_url(
        servers.redis_url,
        decode_responses=True,
        socket_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        process = int(client.info("server")["process_id"])
        _, most = resource.prlimit(process, resource.RLIMIT_AS)
        resource.prlimit(process, resource.RLIMIT_AS, (MEMORY, most))
        client.config_set("maxmemory", MEMORY // 4)
        yield client
        try:
            client.flushall()
        except redis.RedisError:
            os.kill(process, signal.SIGKILL)
            raise


@pytest.fixture
def faulty(store: redis.Redis, fault: Fault) -> Iterator[redis.Redis]:
    """The store with one fault in its function."""
    source = library.source()
    assert source.count(fault.text) == 1
    store.function_load(source.replace(fault.text, fault.instead), replace=True)
    yield store
    store.function_load(source, replace=True)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_store_agrees_with_the_reference_model(store: redis.Redis, seed: int) -> None:
    assert agreement(store, 5_000, seed=seed) == 5_000


def test_without_a_fault_there_is_nothing_to_notice(store: redis.Redis) -> None:
    assert agreement(store, ENOUGH, smallest=False) == ENOUGH


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_planted_in_the_function_is_noticed(faulty: redis.Redis, fault: Fault) -> None:
    with pytest.raises(Disagreement):
        agreement(faulty, ENOUGH, smallest=False)
