"""One client's trunk in the real store, Kamailio in front of it, sipp at both ends."""

import contextlib
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from calls.store import testing
from calls.store.policy import (
    AccountPolicy,
    Calendar,
    NodeRules,
    RateEntry,
    RatePolicy,
    Route,
    Routing,
    Segment,
)
from tests.calls import worlds
from tests.switch import kamailio, sipp
from tests.switch.kamailio import Switch
from tests.switch.sipp import Call, Sipp
from trunkportal.stack import free_port

REALM = "sip.localhost"
HOUR_MS = 3_600_000
NODES = {
    "UK/Mobile": worlds.MOBILE,
    "UK/Geographic": worlds.GEOGRAPHIC,
    "International/Europe/France": worlds.FRANCE,
}


def rule(minutes: int | None) -> NodeRules:
    if minutes == 0:
        return NodeRules(monthly_minutes=0)
    return worlds.UNLIMITED if minutes is None else worlds.limited(minutes)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.switch)


@dataclass(frozen=True)
class Trunk:
    """What a client types into its PBX."""

    username: str = ""
    password: str = ""


def calendar(off_hours: int | None) -> Calendar:
    """Yesterday to tomorrow as one day: working time, or off-hours at so many per cent."""
    now = time.time_ns() // 1_000_000
    today = Segment(
        starts_at_ms=now - 24 * HOUR_MS,
        day=datetime.now(UTC).date().isoformat(),
        working=off_hours is None,
        off_percent=100 if off_hours is None else off_hours,
    )
    return Calendar(segments=(today,), ends_at_ms=now + 24 * HOUR_MS)


class Portal:
    """The store as the portal leaves it, and the far end as the platform's route."""

    def __init__(self, store: redis.Redis, run: Path) -> None:
        self.store = store
        self.run = run
        self.route_ports: tuple[int, ...] = (free_port(),)
        self._ids = itertools.count(11)

    def trunk(
        self,
        *,
        username: str = "acme",
        addresses: tuple[str, ...] = (),
        by_address: bool = False,
        account_capacity: int | None = None,
        minutes: Mapping[str, int | None] | None = None,
        rates: Mapping[str, str] | None = None,
        off_hours: int | None = None,
        high_price: str | None = None,
        **client: Any,
    ) -> Trunk:
        """Publish one client with one account.

        ``minutes`` a month by destination, None for unlimited; ``rates`` are prices a minute by
        prefix; ``off_hours`` puts the present moment into off-hours at so many per cent.
        """
        number = next(self._ids)
        ha1 = hashlib.md5(f"{username}:{REALM}:secret-{username}".encode()).hexdigest()
        account = AccountPolicy(
            account_id=number,
            client_id=number,
            version=1,
            country="GB",
            ident_by="ip" if by_address else "name",
            username="" if by_address else username,
            ha1="" if by_address else ha1,
            addresses=addresses,
            capacity=account_capacity,
        )
        policy = worlds.client(
            client_id=number,
            calendar=calendar(off_hours),
            high_price=Decimal(high_price) if high_price else None,
            rate_table_id=number,
            **client,
        )
        if minutes is not None:
            policy = replace(policy, rules={NODES[path]: rule(m) for path, m in minutes.items()})
        table = RatePolicy(
            table_id=number,
            version=1,
            currency="GBP",
            rates=tuple(
                RateEntry(prefix=prefix, price_per_minute=Decimal(price))
                for prefix, price in (rates or {"44": "0.0128", "33": "0.02"}).items()
            ),
        )
        routes = tuple(
            Route(account_id=900 + port, host="127.0.0.1", port=port) for port in self.route_ports
        )
        testing.load(
            self.store,
            catalogue=worlds.CATALOGUE,
            rates=(table,),
            clients=(policy,),
            accounts=(account,),
            routing=Routing(version=1, routes=routes, emergency=routes),
            beat_ms=time.time_ns() // 1_000_000 + HOUR_MS,
        )
        return Trunk() if by_address else Trunk(username, f"secret-{username}")

    def events(self) -> list[dict[str, Any]]:
        """The events the function wrote, oldest first."""
        found: list[dict[str, Any]] = []
        for stream in self.store.scan_iter("*:ev"):
            entries: Any = self.store.xrange(stream)
            found += [{"kind": entry["k"], **json.loads(entry["d"])} for _, entry in entries]
        return sorted(found, key=lambda event: str(event["id"]))

    def wait_for_event(self, kind: str, seconds: float = 5) -> dict[str, Any]:
        """The newest event of a kind, waited for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := [event for event in self.events() if event["kind"] == kind]:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no {kind} event; there are {self.events()}")


@pytest.fixture
def portal(valkey: redis.Redis, tmp_path: Path) -> Portal:
    return Portal(valkey, tmp_path)


@pytest.fixture
def switch(servers, portal: Portal, tmp_path: Path) -> Iterator[Switch]:
    with kamailio.running(tmp_path / "switch", servers.redis_url) as started:
        yield started


@pytest.fixture
def far_end(portal: Portal, tmp_path: Path) -> Iterator[Sipp]:
    """What the platform's route leads to: it rings a moment and answers."""
    with sipp.callee(tmp_path / "sipp", portal.route_ports[0]) as started:
        yield started


@pytest.fixture
def begin(switch: Switch, tmp_path: Path) -> Iterator[Callable[..., Sipp]]:
    """Begin a call: ``begin(trunk, number, **sipp.caller's)``."""
    with contextlib.ExitStack() as calls:

        def call(trunk: Trunk, number: str, **how) -> Sipp:
            how = {"username": trunk.username, "password": trunk.password} | how
            started = sipp.caller(
                tmp_path / "sipp", switch.address, number, port=free_port(), **how
            )
            return calls.enter_context(started)

        yield call


@pytest.fixture
def call(begin: Callable[..., Sipp]) -> Callable[..., Call]:
    """Make a call and wait for its end."""

    def made(trunk: Trunk, number: str = "07700900123", **how) -> Call:
        return sipp.finish(begin(trunk, number, **how))

    return made
