"""From PostgreSQL to the store: what has changed, or everything.

Each function reads in a transaction of its own, after it has taken its version from the store:
whoever read later writes over whoever read before. Publishing twice is publishing once.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import cast

import redis

from accounts.models import Account
from calls.store import library, read, writer
from calls.store.connection import IDENTITIES, tag
from clients import tenancy
from clients.models import Client, ClientType, Reseller
from clients.tenancy import PLATFORM
from rates.models import RateTable


def publish_client(connection: redis.Redis, client_id: int, *, at: datetime) -> None:
    """Write a client and its accounts; what is gone or no client any more is removed."""
    with tenancy.reading(PLATFORM):
        found = Client.objects.filter(pk=client_id, type=ClientType.CLIENT)
        client = found.select_related("reseller").first()
        tiers = read.tiers(client) if client else []
    home = tag(cast("Reseller", client.reseller).shard) if client else ""
    for shard in shards_in_use(connection) - {home}:
        if connection.sismember(f"{shard}:clients", str(client_id)):
            _remove_client(connection, shard, client_id)
    if client is None:
        return
    ensure_shard(connection, home)
    for reseller in tiers:
        if not connection.exists(f"{home}:t:{reseller.pk}"):
            publish_reseller(connection, reseller.pk, at=at)
    version = writer.next_version(connection, home)
    identities = writer.next_version(connection, IDENTITIES)
    with tenancy.reading(PLATFORM):
        client = Client.objects.select_related("reseller").get(pk=client_id)
        policy = read.client_policy(client, version=version, at=at)
        accounts = read.accounts_of(client, version=version)
    writer.put_client(connection, home, policy)
    _remove_accounts(connection, home, client_id, {a.account_id for a in accounts})
    for account in accounts:
        writer.put_account(connection, home, account, identity_version=identities)


def publish_reseller(connection: redis.Redis, reseller_id: int, *, at: datetime) -> None:
    """Write what all below a reseller may use, to its shard."""
    with tenancy.reading(PLATFORM):
        reseller = Reseller.objects.get(pk=reseller_id)
    version = writer.next_version(connection, tag(reseller.shard))
    with tenancy.reading(PLATFORM):
        policy = read.reseller_policy(reseller, version=version, at=at)
    writer.put_reseller(connection, tag(reseller.shard), policy)


def publish_rates(connection: redis.Redis, table_id: int, shards: Iterable[str]) -> None:
    """Write a rate table to the shards whose tenants may use it."""
    for shard in shards:
        version = writer.next_version(connection, shard)
        with tenancy.reading(PLATFORM):
            policy = read.rates(table_id)
        if policy:
            writer.put_rates(connection, shard, policy, version)


def publish_catalogue(connection: redis.Redis, shards: Iterable[str]) -> None:
    """Write destinations and number plans to some shards."""
    for shard in shards:
        version = writer.next_version(connection, shard)
        with tenancy.reading(PLATFORM):
            catalogue = read.catalogue(version)
        writer.put_catalogue(connection, shard, catalogue)


def publish_routing(connection: redis.Redis, shards: Iterable[str]) -> None:
    """Write the platform's routes to some shards."""
    with tenancy.reading(PLATFORM):
        routing = read.routing()
    for shard in shards:
        writer.put_routing(connection, shard, routing)


def publish_all(connection: redis.Redis, *, at: datetime) -> int:
    """Write everything, counters excepted, and remove what PostgreSQL does not know.

    Returns the number of clients. Nothing is decided on a shard before its epoch is written, which
    the caller does once the counters are right too (``mark_whole``).
    """
    library.ensure_loaded(connection)
    with tenancy.reading(PLATFORM):
        resellers = dict(Reseller.objects.values_list("pk", "shard"))
        clients = set(Client.objects.filter(type=ClientType.CLIENT).values_list("pk", flat=True))
    shards = {tag(shard) for shard in resellers.values()}
    for shard in sorted(shards):
        publish_basics(connection, shard)
    for reseller_id in sorted(resellers):
        publish_reseller(connection, reseller_id, at=at)
    for shard in shards | shards_in_use(connection):
        for known in cast("set[str]", connection.smembers(f"{shard}:clients")):
            if int(known) not in clients:
                _remove_client(connection, shard, int(known))
        connection.sadd(writer.SHARDS_IN_USE, shard)
    for client_id in sorted(clients):
        publish_client(connection, client_id, at=at)
    return len(clients)


def mark_whole(connection: redis.Redis) -> str:
    """Write the epoch where none is: from now on calls are decided. Returns the epoch."""
    epoch = connection.hget(f"{IDENTITIES}:g", "epoch") or uuid.uuid4().hex
    for shard in shards_in_use(connection):
        writer.put_epoch(connection, shard, str(epoch))
    writer.put_epoch(connection, IDENTITIES, str(epoch))
    return str(epoch)


def is_whole(connection: redis.Redis) -> bool:
    """Whether the store says that it has everything; an emptied one does not."""
    return bool(connection.hexists(f"{IDENTITIES}:g", "epoch"))


def mark_incomplete(connection: redis.Redis) -> None:
    """Take the epoch away: nothing is decided (501) until the store is whole again."""
    for shard in {IDENTITIES, *shards_in_use(connection)}:
        connection.hdel(f"{shard}:g", "epoch")


def ensure_shard(connection: redis.Redis, shard: str) -> None:
    """Make a shard of a whole store ready that has had no tenant so far."""
    epoch = connection.hget(f"{IDENTITIES}:g", "epoch")
    if epoch and not connection.hexists(f"{shard}:g", "epoch"):
        publish_basics(connection, shard)
        writer.put_epoch(connection, shard, str(epoch))


def shards_in_use(connection: redis.Redis) -> set[str]:
    """The tags of the shards that hold tenants."""
    return cast("set[str]", connection.smembers(writer.SHARDS_IN_USE))


def read_shard(connection: redis.Redis, shard: str) -> str:
    """The shard, or ``{id}`` for one that holds no tenant: nobody reads the events of those."""
    return shard if connection.sismember(writer.SHARDS_IN_USE, shard) else IDENTITIES


def publish_basics(connection: redis.Redis, shard: str) -> None:
    """Write what is no client's own to a shard: destinations, routes, rate tables."""
    publish_catalogue(connection, [shard])
    publish_routing(connection, [shard])
    with tenancy.reading(PLATFORM):
        tables = list(RateTable.objects.select_related("reseller"))
    for table in tables:
        if table.reseller is None or tag(table.reseller.shard) == shard:
            publish_rates(connection, table.pk, [shard])


def _remove_client(connection: redis.Redis, shard: str, client_id: int) -> None:
    _remove_accounts(connection, shard, client_id, set())
    version = writer.next_version(connection, shard)
    writer.remove_client(connection, shard, client_id, version)


def _remove_accounts(connection: redis.Redis, shard: str, client_id: int, kept: set[int]) -> None:
    known = cast("set[str]", connection.smembers(f"{shard}:accounts:{client_id}"))
    for account_id in {int(each) for each in known} - kept:
        with tenancy.reading(PLATFORM):
            moved = Account.objects.filter(pk=account_id).exclude(client_id=client_id).exists()
        version = writer.next_version(connection, shard)
        if moved:
            writer.remove_from_shard(connection, shard, account_id, client_id, version)
        else:
            identities = writer.next_version(connection, IDENTITIES)
            writer.remove_account(connection, shard, account_id, client_id, version, identities)
