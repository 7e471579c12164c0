"""The test database: the application role, and nothing left from one test to the next."""

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from clients.models import OutboxEntry
from trunkportal.embedded.addresses import APP_ROLE, OWNER_ROLE


@pytest.mark.django_db
def test_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == (APP_ROLE, "test_trunkportal")


@pytest.mark.django_db
def test_every_table_belongs_to_the_owner_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [(OWNER_ROLE,)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_committed_rows_are_gone_after_the_test(run: int) -> None:
    with transaction.atomic():
        assert not OutboxEntry.objects.exists()
        OutboxEntry.objects.create(topic="test", payload={})


def test_store_is_empty_at_first(valkey: redis.Redis) -> None:
    assert valkey.dbsize() == 0
    assert redis.Redis.from_url(settings.REDIS_URL).ping()


@pytest.mark.django_db
def test_partitions_are_no_way_around_their_parent() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_month_partition('calls_callrecord', '2030-01-01')")
        cursor.execute(
            "SELECT bool_or(has_table_privilege(current_user, oid, 'SELECT')) FROM pg_class"
            " WHERE relispartition"
        )
        assert cursor.fetchone() == (False,)
