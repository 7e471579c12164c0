"""The function in the store, spoken to as the reference model is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import redis

from calls.store import functions, policy, testing, writer
from calls.store.connection import IDENTITIES, tag
from calls.store.functions import Request
from calls.store.testing import ROUTES
from clients.domain.local_days import DayRule, segments
from limits.domain.effective import Effective, Profile, Values, above, effective, strictest_rows
from limits.domain.split import daily_seconds, off_hours_seconds
from tests.model import world as told
from tests.model.play import same
from tests.model.reference import REPEAT_WINDOW, Verdict
from tests.model.rules import Counter, day_of
from tests.model.world import World

SHARD = tag(0)
EPOCH = "test"
DAYS_PUBLISHED = 18


def key(prefix: str) -> str:
    """A prefix of canonical numbers as the store looks numbers up."""
    return prefix[1:] if prefix.startswith("+") else f"GB:{prefix}"


class Store:
    """One shard of a real store holding one world; numbers stand for the world's names."""

    long_call_grace = 2000

    def __init__(self, connection: redis.Redis) -> None:
        self.connection = connection
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._asked_at: dict[str, int] = {}
        self._version = 0
        self._published: World | None = None
        connection.flushall()

    # Policy

    def publish(self, now: int, world: World) -> None:
        """Write what differs from the world published before."""
        before, self._version = self._published, self._version + 1
        if before is None:
            self._start(now, world)
        if before is None or before.routed != world.routed:
            routing = policy.Routing(version=self._version, routes=ROUTES if world.routed else ())
            writer.put_routing(self.connection, SHARD, routing)
        for name in world.clients:
            if before is None or before != world:
                client = client_policy(now, world, name, self._version)
                assert testing.put_client(self.connection, SHARD, client, now_ms=now)
        for name, account in world.accounts.items():
            if before is None or before.accounts[name] != account:
                packed = account_policy(world, name, self._version)
                writer.put_account(self.connection, SHARD, packed)
        self._published = world

    def _start(self, now: int, world: World) -> None:
        writer.put_catalogue(self.connection, SHARD, catalogue(world))
        for number, rates in enumerate(world.rate_tables.values(), 1):
            entries = tuple(
                policy.RateEntry(
                    prefix=key(rate.prefix),
                    price_per_minute=rate.price,
                    setup_price=rate.setup,
                    from_ms=rate.starts_at,
                    until_ms=rate.ends_at,
                )
                for rate in rates
            )
            table = policy.RatePolicy(table_id=number, version=1, currency="GBP", rates=entries)
            writer.put_rates(self.connection, SHARD, table, table.version)
        for shard in (SHARD, IDENTITIES):
            writer.put_epoch(self.connection, shard, EPOCH)
        self.cut(now)  # enforcement runs: it sweeps each time the clock moves

    # Events

    def authorize(
        self, now: int, request_id: str, account: str, dialled: str, expected: Verdict
    ) -> Verdict:
        """The store's verdict in the model's terms; what the store does not say is `expected`'s."""
        world = self._published
        assert world is not None
        if now - self._asked_at.setdefault(request_id, now) > REPEAT_WINDOW:
            self._asked_at[request_id] = now
            for key in self.connection.keys(f"{SHARD}:q::{request_id}:*"):
                self.connection.delete(key)  # as the store's own clock does
        request = Request(
            account_id=number_of(world.accounts, account),
            dialled=dialled,
            request_id=request_id,
            source="192.0.2.1",
            now_ms=now,
        )
        found = functions.authorize(self.connection, SHARD, request)
        if not found.allowed:
            refusal = replace(expected, code=found.code, max_seconds=None, call=None)
            same(found.sip_status, refusal.sip_status, f"SIP status of {found.code}", now)
            return refusal
        if expected.call is not None and expected.call not in self._ids:
            self._ids[expected.call] = found.call_id
            self._names[found.call_id] = expected.call
        return Verdict(
            max_seconds=found.max_seconds,
            destination=found.destination or None,
            number=found.number,
            emergency=found.emergency,
            call=self._names.get(found.call_id),
        )

    def answer(self, at: int, call: str) -> None:
        functions.answer(
            self.connection, SHARD, self._ids[call], node="sw1", h_entry="1", now_ms=at
        )

    def end(self, at: int, call: str, talk_ms: int | None) -> None:
        functions.end(self.connection, SHARD, self._ids[call], talk_ms=talk_ms, now_ms=at)

    def cut(self, now: int) -> dict[str, int]:
        swept = functions.sweep(self.connection, SHARD, retry_ms=1, now_ms=now)
        return {self._names[each.call_id]: each.code for each in swept.hang_ups}

    def counters(self, now: int, client: str, wanted: dict[Counter, int]) -> dict[Counter, int]:
        """Every counter of the days wanted, and of today, that is not nought."""
        world = self._published
        assert world is not None
        days = {day for _, day, _ in wanted} | {day_of(world.clients[client].zone, now)}
        found: dict[Counter, int] = {}
        for day in days:
            used = functions.usage(
                self.connection,
                SHARD,
                number_of(world.clients, client),
                day.isoformat(),
                now_ms=now,
            )
            for (node, kind), use in used.items():
                if "@" in node:  # what allowed numbers are held to
                    continue
                name = world.destinations[int(node) - 1].name
                found[name, day, kind == "o"] = use.used_ms + use.in_progress_ms
        return {counter: value for counter, value in found.items() if value}


# --- A world as policy ---------------------------------------------------------------------------


def number_of(names: Iterable[str], name: str) -> int:
    """The id that stands for a name: its place, from 1."""
    return list(names).index(name) + 1


def catalogue(world: World) -> policy.Catalogue:
    ids = {each.name: number for number, each in enumerate(world.destinations, 1)}
    countries: dict[str, str] = {}
    prefixes: dict[str, int] = {}
    for plan in world.plans.values():
        strip = "1470 141" if plan.country == "GB" else ""
        own = {"18000"} if plan.country == "GB" else set()
        emergency = " ".join(sorted({"112", "999"} | own | plan.emergency))
        short = " ".join(f"{code}:{len(code)}" for code in plan.short_codes)
        countries[plan.country] = (
            f"{plan.calling_code}|{plan.international_prefix}|{plan.trunk_prefix}"
            f"|{strip}|{emergency}|{short}"
        )
        prefixes |= {key(code): ids[name] for code, name in plan.short_codes.items()}
    for each in world.destinations:
        prefixes |= {key(prefix): ids[each.name] for prefix in each.prefixes}
    leaves = tuple(
        policy.DestinationInfo(
            ids[each.name],
            each.name,
            each.name,
            each.country or "",
            tuple(ids[name] for name in upwards(each.name)),
        )
        for each in world.destinations
        if not any(other.name.startswith(f"{each.name}/") for other in world.destinations)
    )
    return policy.Catalogue(
        version=1,
        prefixes=prefixes,
        leaves=leaves,
        labels={number: name for name, number in ids.items()},
        countries=countries,
        codes={
            code: ":" + ",".join(str(length) for length in sorted(lengths))
            for code, lengths in world.lengths.items()
        },
    )


def upwards(name: str) -> list[str]:
    """A destination's path and those above it."""
    return [name] + (upwards(name.rpartition("/")[0]) if "/" in name else [])


def client_policy(now: int, world: World, name: str, version: int) -> policy.ClientPolicy:
    client = world.clients[name]
    schedule, ids = client.schedule, [each.name for each in world.destinations]
    parents = {
        number: number_of(ids, each.rpartition("/")[0]) if "/" in each else None
        for number, each in enumerate(ids, 1)
    }
    profiles = [
        Profile(
            level=each.level,
            rows={number_of(ids, path): values(row) for path, row in each.rows.items()},
            block=frozenset(key(prefix) for prefix in each.block),
            allow=frozenset(key(prefix) for prefix in each.allow),
        )
        for each in client.profiles
    ]
    taken: Effective = effective(profiles, parents)
    table = client.rate_table or world.resellers[client.reseller].default_table
    tiers, reseller = [], client.reseller
    while reseller:
        above_it = world.resellers[reseller]
        status: policy.Status = "suspended" if above_it.suspended else "active"
        number = number_of(world.resellers, reseller)
        tiers.append(policy.Tier(reseller_id=number, status=status, capacity=above_it.capacity))
        reseller = above_it.parent or ""
    return policy.ClientPolicy(
        client_id=number_of(world.clients, name),
        version=version,
        country=client.country,
        calendar=calendar(now, client),
        rules=rules(taken.rows, schedule),
        tiers=tuple(tiers),
        status="suspended" if client.suspended else "active",
        capacity=client.capacity,
        long_call_seconds=client.long_call_minutes * 60,
        rate_table_id=None if table is None else number_of(world.rate_tables, table),
        high_price=client.high_price,
        bar_high_price_off_hours=schedule.bar_high_price,
        bar_international_off_hours=schedule.bar_international,
        prepaid=client.prepaid,
        blocked=tuple(taken.blocked),
        allowed=taken.allowed,
        rules_above={
            level: rules(strictest_rows(above(profiles, level), parents), schedule)
            for level in set(taken.allowed.values())
        },
    )


def values(row: told.Row) -> Values:
    unlimited = row.minutes is not None and row.minutes.is_infinite()
    return Values(
        minutes=None if row.minutes is None or unlimited else int(row.minutes),
        unlimited=unlimited,
        max_price_per_minute=row.max_price,
        max_setup_price=row.max_setup,
    )


def rules(rows: Mapping[int, Values], schedule: told.Schedule) -> dict[int, policy.NodeRules]:
    percents = {day.percent for day in (*schedule.weekdays, schedule.holiday)}
    found = {}
    for node, row in rows.items():
        limit = row.minutes or 0
        found[node] = policy.NodeRules(
            monthly_minutes=row.minutes,
            unlimited=row.unlimited,
            day_seconds=daily_seconds(limit, schedule.divisor),
            off_seconds={
                percent: off_hours_seconds(limit, schedule.divisor, percent) for percent in percents
            },
            max_price_per_minute=row.max_price_per_minute,
            max_setup_price=row.max_setup_price,
        )
    return found


def calendar(now: int, client: told.Client) -> policy.Calendar:
    rows = (*client.schedule.weekdays, client.schedule.holiday)
    first = day_of(client.zone, now) - timedelta(days=1)
    week = tuple(DayRule(row.intervals, row.percent) for row in rows)
    found = segments(client.zone, week, client.schedule.holidays, first, DAYS_PUBLISHED)
    kept = tuple(
        policy.Segment(
            starts_at_ms=each.starts_at_ms,
            day=each.day.isoformat(),
            working=each.working,
            off_percent=each.off_hours_percent,
        )
        for each in found
    )
    return policy.Calendar(segments=kept[:-1], ends_at_ms=kept[-1].starts_at_ms)


def account_policy(world: World, name: str, version: int) -> policy.AccountPolicy:
    account = world.accounts[name]
    table = account.rate_table
    return policy.AccountPolicy(
        account_id=number_of(world.accounts, name),
        client_id=number_of(world.clients, account.client),
        version=version,
        country=world.clients[account.client].country,
        username=name,
        addresses=account.addresses,
        tech_prefix=account.tech_prefix,
        callers=account.callers,
        originates=account.active,
        capacity=account.capacity,
        rate_table_id=None if table is None else number_of(world.rate_tables, table),
    )
