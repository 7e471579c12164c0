"""Kamailio in front of a real store, sipp at both ends."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.switch import kamailio, sipp
from tests.switch.kamailio import Switch
from tests.switch.raw import Phone
from tests.switch.sipp import Call, Sipp
from trunkportal.embedded import Addresses

if TYPE_CHECKING:
    from tests.switch.provider import Provider, Trunk

# A database of the store that no portal of this test process uses.
STORE_DB = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.switch)


@pytest.fixture
def redis_url(servers: Addresses) -> str:
    return f"unix://{servers.valkey_socket}?db={STORE_DB}"


@pytest.fixture
def provider(db: None, redis_url: str) -> Iterator["Provider"]:
    from tests.switch.provider import Provider

    with redis.Redis.from_url(redis_url, decode_responses=True) as store:
        store.flushdb()
        yield Provider(store)


@pytest.fixture
def switch(redis_url: str, tmp_path: Path) -> Iterator[Switch]:
    with kamailio.running(tmp_path / "switch", redis_url) as started:
        yield started


@pytest.fixture
def far_end(provider: "Provider", tmp_path: Path) -> Iterator[Sipp]:
    """What the platform's route leads to: it rings a moment and answers."""
    with sipp.callee(tmp_path / "sipp", provider.far_end) as started:
        yield started


@pytest.fixture
def begin(switch: Switch, tmp_path: Path) -> Iterator[Callable[..., Sipp]]:
    """Begin a call: ``begin(trunk, number, **sipp.caller's)``."""
    with contextlib.ExitStack() as calls:

        def call(trunk: "Trunk", number: str, **how) -> Sipp:
            how = {"username": trunk.username, "password": trunk.password} | how
            started = sipp.caller(tmp_path / "sipp", switch.address, number, **how)
            return calls.enter_context(started)

        yield call


@pytest.fixture
def call(begin: Callable[..., Sipp]) -> Callable[..., Call]:
    """Make a call and wait for its end."""

    def made(trunk: "Trunk", number: str = "07700900123", **how) -> Call:
        return sipp.finish(begin(trunk, number, **how))

    return made


@pytest.fixture
def phone(switch: Switch) -> Iterator[Phone]:
    with Phone(switch.address) as made:
        yield made


@pytest.fixture
def uri(switch: Switch) -> str:
    return f"sip:07700900123@{switch.address}"
