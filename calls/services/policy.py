"""The store follows PostgreSQL: handlers of the outbox, and the whole anew."""

import logging
from datetime import datetime

import redis
from django.utils import timezone

from calls.services import usage
from calls.store import library, publish
from calls.store.connection import store, tag
from calls.store.read import tiers
from clients import outbox, tenancy
from clients.models import Client, ClientType, Reseller
from clients.selectors import subtree_ids
from clients.tenancy import PLATFORM
from rates.models import RateTable

logger = logging.getLogger(__name__)


def rebuild(connection: redis.Redis, *, at: datetime) -> int:
    """Write all policy, then today's counters, then say that the store is whole.

    Returns the number of clients. Until then an emptied store decides nothing (501).
    """
    count = publish.publish_all(connection, at=at)
    usage.rebuild_counters(connection, at=at)
    publish.mark_whole(connection)
    return count


def ensure_whole(connection: redis.Redis, *, at: datetime) -> bool:
    """Load the library and rebuild a store that was emptied; True when it had to be rebuilt."""
    library.ensure_loaded(connection)
    if publish.is_whole(connection) and not usage.is_behind(connection):
        return False
    publish.mark_incomplete(connection)
    logger.warning("the store is empty or older than PostgreSQL; it is being rebuilt")
    rebuild(connection, at=at)
    return True


def refresh_client(connection: redis.Redis, client: Client, *, at: datetime) -> None:
    """Publish all that bears on one client, for whoever cannot wait for the outbox."""
    if ensure_whole(connection, at=at) or client.reseller is None:
        return
    publish.publish_basics(connection, tag(client.reseller.shard))
    with tenancy.reading(PLATFORM):
        above = tiers(client)
    for reseller in above:
        publish.publish_reseller(connection, reseller.pk, at=at)
    publish.publish_client(connection, client.pk, at=at)


@outbox.handles("policy.client")
def client_changed(*, client_id: int) -> None:
    """A client, its accounts, limits, working time or profiles have changed."""
    connection, at = store(), timezone.now()
    if ensure_whole(connection, at=at):
        return
    with tenancy.reading(PLATFORM):
        vendor = Client.objects.filter(pk=client_id, type=ClientType.VENDOR).exists()
    if vendor:
        publish.publish_routing(connection, publish.shards_in_use(connection))
    publish.publish_client(connection, client_id, at=at)


@outbox.handles("policy.reseller")
def reseller_changed(*, reseller_id: int) -> None:
    """A reseller has changed in a way that its clients and those below it feel."""
    connection, at = store(), timezone.now()
    if ensure_whole(connection, at=at):
        return
    with tenancy.reading(PLATFORM):
        reseller = Reseller.objects.filter(pk=reseller_id).first()
        below = subtree_ids(reseller_id)
        clients = list(Client.objects.filter(reseller_id__in=below).values_list("pk", flat=True))
    if reseller:
        publish.ensure_shard(connection, tag(reseller.shard))
        publish.publish_reseller(connection, reseller_id, at=at)
    for client_id in clients:
        publish.publish_client(connection, client_id, at=at)


@outbox.handles("policy.totals")
def totals_changed(*, reseller_id: int) -> None:
    """What all below a reseller may use together has changed, or its days have."""
    connection, at = store(), timezone.now()
    if not ensure_whole(connection, at=at):
        publish.publish_reseller(connection, reseller_id, at=at)


@outbox.handles("policy.rates")
def rates_changed(*, table_id: int) -> None:
    """A rate table has a new version."""
    connection = store()
    if ensure_whole(connection, at=timezone.now()):
        return
    with tenancy.reading(PLATFORM):
        table = RateTable.objects.select_related("reseller").filter(pk=table_id).first()
    if table is None:
        return
    home = {tag(table.reseller.shard)} if table.reseller else publish.shards_in_use(connection)
    publish.publish_rates(connection, table_id, home)


@outbox.handles("policy.catalogue")
def catalogue_changed() -> None:
    """Destinations or number plans have changed; limits are by destination."""
    connection, at = store(), timezone.now()
    if ensure_whole(connection, at=at):
        return
    publish.publish_catalogue(connection, publish.shards_in_use(connection))
    publish.publish_routing(connection, publish.shards_in_use(connection))
    with tenancy.reading(PLATFORM):
        clients = list(Client.objects.filter(type=ClientType.CLIENT).values_list("pk", flat=True))
    for client_id in clients:
        publish.publish_client(connection, client_id, at=at)
