"""The second wall: PostgreSQL shows and takes only rows of the tenant a transaction names."""

from typing import Any

import pytest
from django.apps import apps
from django.db import InternalError, ProgrammingError, connection, transaction

from accounts.models import Account
from clients import tenancy
from clients.models import Client, Membership, Reseller, WorkingDay
from clients.tenancy import NOBODY, PLATFORM
from limits.models import LimitProfile
from tests.cast import Cast
from tests.tenancy_guard import QueryOutsideTenancy, tenant_tables

TABLES = sorted(tenant_tables())
POLICIES = {"tenant_read", "tenant_insert", "tenant_update", "tenant_delete"}


def fetch(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_every_table_with_a_tenants_column_is_under_forced_row_security():
    columns = fetch(
        "SELECT DISTINCT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname IN ('reseller_id', 'client_id') AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in columns} <= set(TABLES)
    forced = fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s)"
        " AND relrowsecurity AND relforcerowsecurity",
        [TABLES],
    )
    assert sorted(name for (name,) in forced) == TABLES


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_table_has_a_policy_for_reading_and_for_each_kind_of_writing(table: str):
    policies = fetch("SELECT policyname FROM pg_policies WHERE tablename = %s", [table])
    assert {name for (name,) in policies} >= POLICIES


@pytest.mark.django_db
def test_application_role_is_bound_by_row_security():
    assert fetch("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]
    owned = fetch("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
    assert owned == [(0,)]


def test_partitions_have_no_grants_of_their_own(cast: Cast):
    assert fetch("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    open_ones = fetch(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND ("
        " has_table_privilege(current_user, oid, 'SELECT, INSERT, UPDATE, DELETE')"
        " OR has_any_column_privilege(current_user, oid, 'SELECT'))"
    )
    assert open_ones == []


def test_without_a_context_no_row_is_seen(cast: Cast):
    def counts() -> set[str]:
        # Past Django, whose guard in tests would refuse the question.
        ask = connection.connection.execute
        return {table for table in TABLES if ask(f"SELECT count(*) FROM {table}").fetchone()[0]}

    with tenancy.reading(PLATFORM):
        assert sorted(counts()) == TABLES
    assert counts() == set()


def test_a_tenant_reads_its_own_subtree_and_no_more(cast: Cast):
    with tenancy.reading(cast.ours.scope):
        assert set(Reseller.objects.values_list("reference", flat=True)) == {"OURS", "BELOW"}
        assert Client.objects.count() == 2
        assert Account.objects.count() == 2
    with tenancy.reading(cast.ours.client_scope):
        assert list(Client.objects.values_list("name", flat=True)) == ["Client of ours"]
        assert list(Reseller.objects.values_list("reference", flat=True)) == ["OURS"]
        assert list(LimitProfile.objects.values_list("name", flat=True)) == ["Profile ours"]
        assert not Membership.objects.exclude(client=cast.ours.client).exists()


def test_a_row_for_another_tenant_is_refused(cast: Cast):
    foreign = {"reseller": cast.beside.reseller, "client": cast.beside.client}
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with refused, tenancy.writing(cast.ours.scope):
        WorkingDay.objects.create(day=1, **foreign)


def test_a_row_is_not_given_to_another_tenant(cast: Cast):
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with refused, tenancy.writing(cast.ours.scope):
        Account.objects.filter(pk=cast.ours.account.pk).update(reseller=cast.beside.reseller)


def test_a_client_changes_nothing_not_even_its_own(cast: Cast):
    with tenancy.writing(cast.ours.client_scope):
        assert Client.objects.filter(pk=cast.ours.client.pk).update(name="Mine") == 0
        assert Account.objects.filter(client=cast.ours.client).delete()[0] == 0


def test_another_tenants_rows_are_neither_changed_nor_deleted(cast: Cast):
    with tenancy.writing(cast.ours.scope):
        assert Account.objects.filter(pk=cast.beside.account.pk).update(name="Mine") == 0
        assert WorkingDay.objects.filter(client=cast.beside.client).delete()[0] == 0


def test_a_reading_transaction_writes_nothing(transactional_db: None):
    with pytest.raises(InternalError, match="read-only"), tenancy.reading(PLATFORM):
        Reseller.objects.create(name="New", reference="NEW", shard=0)


def test_the_context_ends_with_its_transaction(transactional_db: None):
    with tenancy.writing(PLATFORM):
        Reseller.objects.create(name="New", reference="NEW", shard=0)
    assert fetch("SELECT NULLIF(current_setting('trunkportal.scope', true), '')") == [(None,)]
    with pytest.raises(RuntimeError), tenancy.writing(PLATFORM):
        raise RuntimeError
    assert fetch("SELECT NULLIF(current_setting('trunkportal.scope', true), '')") == [(None,)]
    assert tenancy.current() == NOBODY


def test_the_context_ends_with_a_transaction_that_the_database_refused(transactional_db: None):
    with pytest.raises(ProgrammingError), tenancy.writing(PLATFORM):
        fetch("SELECT nonsense")
    assert fetch("SELECT NULLIF(current_setting('trunkportal.scope', true), '')") == [(None,)]
    assert tenancy.current() == NOBODY


def test_an_inner_context_gives_the_outer_one_back(cast: Cast):
    with tenancy.reading(cast.ours.scope):
        with tenancy.reading(PLATFORM):
            assert Reseller.objects.count() == len(cast.tenants)
        assert Reseller.objects.count() == 2


def test_a_service_inside_a_transaction_is_an_error(transactional_db: None):
    refused = pytest.raises(RuntimeError, match="durable")
    with transaction.atomic(), refused, tenancy.writing(PLATFORM):
        pass


def test_a_query_in_nobodys_name_is_an_error_in_tests(cast: Cast):
    with pytest.raises(QueryOutsideTenancy, match="clients_client"):
        Client.objects.count()
    with pytest.raises(QueryOutsideTenancy, match="clients_reseller"):
        fetch("select id from clients_reseller")


def test_every_tenant_model_names_its_reseller():
    models = {model._meta.db_table: model for model in apps.get_models()}
    for table in TABLES:
        columns = {field.attname for field in models[table]._meta.concrete_fields}
        assert "reseller_id" in columns or table.startswith("clients_reseller"), table
