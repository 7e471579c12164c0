"""Writes policy into the store: each object at once, an older version never over a newer one."""

from collections.abc import Iterable, Iterator
from itertools import islice

import redis

from calls.store.addresses import parse_entry
from calls.store.connection import IDENTITIES, call
from calls.store.encode import (
    encode_account,
    encode_catalogue,
    encode_policy,
    encode_rates,
    encode_reseller,
    encode_routing,
    packed,
)
from calls.store.policy import (
    AccountPolicy,
    Catalogue,
    ClientPolicy,
    RatePolicy,
    ResellerPolicy,
    Routing,
)

CHUNK = 5000
OLD_TABLE_SECONDS = 60
SHARDS_IN_USE = f"{IDENTITIES}:shards"


def next_version(store: redis.Redis, shard: str) -> int:
    """A number for what is about to be read: whoever reads later writes over it."""
    return int(store.incr(f"{shard}:version"))


def put_client(
    store: redis.Redis, shard: str, policy: ClientPolicy, *, now_ms: int | None = None
) -> bool:
    """Write a client; live calls are held to it at once. False when a later version is there."""
    fields = _flat(encode_policy(policy).items())
    head = f"{policy.client_id}|{policy.version}|{'' if now_ms is None else now_ms}"
    return call(store, "tp_put_client", shard, head, *fields) == ["OK"]


def remove_client(store: redis.Redis, shard: str, client_id: int, version: int) -> None:
    """Forget a client; its live calls are cut (309)."""
    call(store, "tp_put_client", shard, f"{client_id}|{version}|")


def put_reseller(
    store: redis.Redis, shard: str, policy: ResellerPolicy, *, now_ms: int | None = None
) -> bool:
    """Write a reseller; live calls below it are held to it at once. False when a later is there."""
    fields = _flat(encode_reseller(policy).items())
    head = f"{policy.reseller_id}|{policy.version}|{'' if now_ms is None else now_ms}"
    return call(store, "tp_put_reseller", shard, head, *fields) == ["OK"]


def put_account(
    store: redis.Redis, shard: str, account: AccountPolicy, *, identity_version: int | None = None
) -> None:
    """Write an account on its shard, and what it is recognised by under ``{id}``.

    ``identity_version`` orders writings under ``{id}``; the account's own where there is none.
    """
    entries = [parse_entry(text) for text in account.addresses]
    fields = encode_account(account, [entry.packed for entry in entries])
    head = f"{account.account_id}|{account.version}"
    call(store, "tp_put_account", shard, f"{head}|{account.client_id}", *_flat(fields.items()))
    by_address = account.ident_by == "ip"
    identity = packed(
        {
            "shard": shard,
            "on": account.originates or None,
            "name": account.username.lower() or None if account.ident_by == "name" else None,
            "ha1": account.ha1 or None,
            "addresses": " ".join(str(entry.network) for entry in entries),
            "tech": account.tech_prefix,
            "nets": [[each.packed, each.protocol, each.port] for each in entries]
            if by_address
            else [],
        }
    )
    head = f"{account.account_id}|{identity_version or account.version}"
    call(store, "tp_put_identity", IDENTITIES, head, identity)


def remove_account(
    store: redis.Redis,
    shard: str,
    account_id: int,
    client_id: int,
    version: int,
    identity_version: int,
) -> None:
    """Forget an account: it is not found (305) from the next call on."""
    call(store, "tp_put_identity", IDENTITIES, f"{account_id}|{identity_version}")
    remove_from_shard(store, shard, account_id, client_id, version)


def remove_from_shard(
    store: redis.Redis, shard: str, account_id: int, client_id: int, version: int
) -> None:
    """Forget an account on a shard that it has left."""
    call(store, "tp_put_account", shard, f"{account_id}|{version}|{client_id}")


def put_catalogue(store: redis.Redis, shard: str, catalogue: Catalogue) -> None:
    """Write a version of the catalogue beside the one in use, then switch to it."""
    pairs = encode_catalogue(catalogue)
    _put_version(store, shard, "cat", "catalogue", catalogue.version, pairs)


def put_rates(store: redis.Redis, shard: str, rates: RatePolicy, version: int) -> None:
    """Write a version of a rate table beside the one in use, then switch to it.

    ``version`` is of this writing, ``rates.version`` the table's own, for the call records.
    """
    name = f"rates:{rates.table_id}"
    _put_version(store, shard, name, name, version, encode_rates(rates), f" {rates.version}")


def put_routing(store: redis.Redis, shard: str, routing: Routing) -> None:
    """Write the platform's routes."""
    store.hset(f"{shard}:g", items=_flat(encode_routing(routing).items()))


def put_epoch(store: redis.Redis, shard: str, epoch: str) -> None:
    """Say that a shard's policy and counters are whole; without this nothing is decided."""
    if shard != IDENTITIES:
        store.sadd(SHARDS_IN_USE, shard)
    store.hset(f"{shard}:g", "epoch", epoch)


def _put_version(
    store: redis.Redis,
    shard: str,
    name: str,
    field: str,
    version: int,
    pairs: Iterable[tuple[str, str]],
    note: str = "",
) -> None:
    before = int((store.hget(f"{shard}:g", field) or "0").split()[0])
    if before >= version:
        return
    key = f"{shard}:{name}:v{version}"
    store.delete(key)
    for chunk in _chunks(iter(pairs)):
        store.hset(key, items=_flat(chunk))
    store.hset(f"{shard}:g", field, f"{version}{note}")
    if before:
        store.expire(f"{shard}:{name}:v{before}", OLD_TABLE_SECONDS)


def _flat(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [part for pair in pairs for part in pair]


def _chunks(pairs: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while chunk := list(islice(pairs, CHUNK)):
        yield chunk
