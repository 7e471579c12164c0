"""Small worlds for tests of the store: one client of one reseller, a few destinations."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import redis

from calls.store import functions, testing
from calls.store.connection import tag
from calls.store.functions import Request, Swept, Verdict
from calls.store.policy import (
    AccountPolicy,
    Calendar,
    Catalogue,
    ClientPolicy,
    DestinationInfo,
    NodeRules,
    RateEntry,
    RatePolicy,
    Segment,
    Tier,
)

UK, MOBILE, GEOGRAPHIC, INTERNATIONAL, EUROPE, FRANCE, SHORT = 1, 2, 3, 4, 5, 6, 7
SHARD = tag(0)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # London is on UTC
NOON = int(MONDAY.timestamp() * 1000) + 12 * 3_600_000
HOUR = 3_600_000
MOBILE_NUMBER = "07700900123"
FRENCH_NUMBER = "0033612345678"

COUNTRIES, CODES = testing.number_plans()
CATALOGUE = Catalogue(
    version=1,
    prefixes={"441": GEOGRAPHIC, "442": GEOGRAPHIC, "447": MOBILE, "33": FRANCE, "GB:101": SHORT},
    leaves=(
        DestinationInfo(MOBILE, "UK/Mobile", "UK Mobile", "GB", (MOBILE, UK)),
        DestinationInfo(GEOGRAPHIC, "UK/Geographic", "UK Geographic", "GB", (GEOGRAPHIC, UK)),
        DestinationInfo(SHORT, "UK/Short codes", "UK Short codes", "GB", (SHORT, UK)),
        DestinationInfo(
            FRANCE, "International/Europe/France", "France", "FR", (FRANCE, EUROPE, INTERNATIONAL)
        ),
    ),
    labels={UK: "UK", MOBILE: "UK Mobile", FRANCE: "France", INTERNATIONAL: "International"},
    countries=COUNTRIES,
    codes=CODES,
)
RATES = RatePolicy(
    table_id=1,
    version=1,
    currency="GBP",
    rates=(
        RateEntry(prefix="44", price_per_minute=Decimal("0.0128")),
        RateEntry(prefix="33", price_per_minute=Decimal("0.02"), setup_price=Decimal("0.05")),
        RateEntry(prefix="GB:", price_per_minute=Decimal(0)),
    ),
)


def working_week(
    first: datetime = MONDAY - timedelta(days=1), days: int = 10, percent: int = 100
) -> Calendar:
    """Days with working time from 08:30 to 17:30 UTC, whatever the weekday."""
    segments = []
    for number in range(days):
        day = first + timedelta(days=number)
        midnight, name = int(day.timestamp() * 1000), day.date().isoformat()
        for hours, working in ((0, False), (8.5, True), (17.5, False)):
            segments.append(
                Segment(
                    starts_at_ms=midnight + int(hours * HOUR),
                    day=name,
                    working=working,
                    off_percent=percent,
                )
            )
    return Calendar(
        segments=tuple(segments),
        ends_at_ms=int((first + timedelta(days=days)).timestamp() * 1000),
    )


def limited(minutes: int, *, divisor: int = 30, **rules: object) -> NodeRules:
    """The rules of a month's minutes, split as the product does."""
    off = {p: minutes * 60 * p // (100 * divisor) for p in (0, 10, 50, 100)}
    return NodeRules(
        monthly_minutes=minutes,
        day_seconds=minutes * 60 // divisor,
        off_seconds=off,
        **rules,  # type: ignore[arg-type]
    )


UNLIMITED = NodeRules(unlimited=True)
ACCOUNT = AccountPolicy(account_id=11, client_id=1, version=1, country="GB", username="acme")


def client(**changes: object) -> ClientPolicy:
    """Mobile 1000 min a month, geographic unlimited, France 120 under an international cap."""
    policy = ClientPolicy(
        client_id=1,
        version=1,
        country="GB",
        calendar=working_week(),
        rules={
            MOBILE: limited(1000),
            GEOGRAPHIC: UNLIMITED,
            SHORT: UNLIMITED,
            FRANCE: limited(120),
            INTERNATIONAL: limited(120),
        },
        tiers=(Tier(reseller_id=5),),
        rate_table_id=1,
    )
    return replace(policy, **changes)  # type: ignore[arg-type]


class Switch:
    """A switch at a clock of its own: ``now`` is moved by the test."""

    def __init__(self, store: redis.Redis, *, sweeping: bool = True) -> None:
        self.store = store
        self.now = NOON
        self.sweeping = sweeping
        self._versions: Iterator[int] = itertools.count(2)

    def load(
        self,
        policy: ClientPolicy | None = None,
        *accounts: AccountPolicy,
        totals: testing.Totals | None = None,
    ) -> None:
        testing.load(
            self.store,
            catalogue=CATALOGUE,
            rates=(RATES,),
            clients=(policy or client(),),
            accounts=accounts or (ACCOUNT,),
            totals=totals,
        )
        if self.sweeping:
            self.sweep()

    def change(self, totals: testing.Totals | None = None, **changes: object) -> None:
        """Publish the client anew, and the resellers above it."""
        policy = client(**changes, version=next(self._versions))
        assert testing.put_client(self.store, SHARD, policy, totals=totals, now_ms=self.now)

    def authorize(self, dialled: str = MOBILE_NUMBER, **request: object) -> Verdict:
        if self.sweeping:
            self.store.set(f"{SHARD}:beat", self.now)
        fields = {"account_id": 11, "dialled": dialled, "now_ms": self.now} | request
        return functions.authorize(self.store, SHARD, Request(**fields))  # type: ignore[arg-type]

    def answer(self, call_id: str) -> list[str]:
        return functions.answer(
            self.store, SHARD, call_id, node="sw1", h_entry="1", h_id="2", now_ms=self.now
        )

    def call(self, dialled: str = MOBILE_NUMBER) -> str:
        """An answered call's id."""
        verdict = self.authorize(dialled)
        assert verdict.allowed, verdict.sentence
        assert self.answer(verdict.call_id)[0] == "OK"
        return verdict.call_id

    def end(self, call_id: str, **how: object) -> list[str]:
        return functions.end(
            self.store,
            SHARD,
            call_id,
            **({"now_ms": self.now} | how),  # type: ignore[arg-type]
        )

    def sweep(self) -> Swept:
        return functions.sweep(self.store, SHARD, now_ms=self.now)

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    def used(
        self, node: int, day: str = "2026-03-02", kind: str = "d", holder: int | str = 1
    ) -> int:
        """Use in ms, calls in progress included."""
        uses = functions.usage(self.store, SHARD, holder, day, now_ms=self.now)
        use = uses.get((str(node), kind))
        return use.used_ms + use.in_progress_ms if use else 0

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind, oldest first."""
        entries: Any = self.store.xrange(f"{SHARD}:ev")
        return [json.loads(fields["d"]) for _, fields in entries if fields["k"] == kind]
