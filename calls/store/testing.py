"""A store without a database: policy given by hand, for tests and measurements."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import redis

from calls.store import library, writer
from calls.store.connection import IDENTITIES, tag
from calls.store.policy import (
    AccountPolicy,
    Calendar,
    Catalogue,
    ClientPolicy,
    NodeRules,
    RatePolicy,
    ResellerPolicy,
    Route,
    Routing,
    Segment,
)

PLANS = Path(__file__).parents[2] / "limits" / "data" / "number_plans.json"
Totals = Mapping[int, Mapping[int, NodeRules]]
ROUTES = (Route(account_id=900001, host="192.0.2.10", port=5060),)


def number_plans() -> tuple[dict[str, str], dict[str, str]]:
    """The shipped plans: packed records by country and by calling code."""
    plans = json.loads(PLANS.read_text(encoding="utf-8"))
    return plans["countries"], plans["codes"]


def days(calendar: Calendar) -> Calendar:
    """The same days without off-hours."""
    kept: dict[str, Segment] = {}
    for each in calendar.segments:
        kept.setdefault(each.day, replace(each, working=True, off_percent=100))
    return replace(calendar, segments=tuple(kept.values()))


def put_client(
    store: redis.Redis,
    shard: str,
    client: ClientPolicy,
    *,
    totals: Totals | None = None,
    now_ms: int | None = None,
) -> bool:
    """Write a client, after the resellers above it, who have its days; by id, their totals."""
    for tier in client.tiers:
        reseller = ResellerPolicy(
            reseller_id=tier.reseller_id,
            version=client.version,
            calendar=days(client.calendar),
            totals=(totals or {}).get(tier.reseller_id, {}),
        )
        writer.put_reseller(store, shard, reseller, now_ms=now_ms)
    return writer.put_client(store, shard, client, now_ms=now_ms)


def load(
    store: redis.Redis,
    *,
    catalogue: Catalogue | None = None,
    rates: tuple[RatePolicy, ...] = (),
    clients: tuple[ClientPolicy, ...] = (),
    accounts: tuple[AccountPolicy, ...] = (),
    totals: Totals | None = None,
    routing: Routing | None = None,
    shard: str = tag(0),
    beat_ms: int | None = None,
) -> str:
    """Load the library and what is given into one shard; its tag is returned.

    ``beat_ms`` pretends that enforcement ran then; without it calls do not share an allowance.
    ``totals`` are those of resellers above the clients.
    """
    library.ensure_loaded(store)
    if catalogue:
        writer.put_catalogue(store, shard, catalogue)
    for table in rates:
        writer.put_rates(store, shard, table, table.version)
    for client in clients:
        put_client(store, shard, client, totals=totals, now_ms=beat_ms)
    for account in accounts:
        writer.put_account(store, shard, account)
    writer.put_routing(store, shard, routing or Routing(version=1, routes=ROUTES))
    for each in (shard, IDENTITIES):
        writer.put_epoch(store, each, "test")
    if beat_ms is not None:
        store.set(f"{shard}:beat", beat_ms)
    return shard
