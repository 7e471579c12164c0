"""The first wall alone: readers filter by their scope where row-level security does not hold.

Everything here runs as a superuser, whom PostgreSQL shows every row. What a reader returns is held
beside what it returns as the application role, under row-level security: were its own filter
incomplete, the two would differ.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from clients import selectors, tenancy
from clients.tenancy import NOBODY, Scope
from tests.cast import Cast, Tenant, make_cast
from tests.isolation.readers import Reader, modules, readers, returned
from trunkportal.embedded.addresses import APP_ROLE, SUPERUSER

READERS = readers()


@pytest.fixture
def superuser(django_db_setup: None) -> Iterator[None]:
    """The test's connection as a role that row-level security does not hold for."""
    connection.close()
    user = connection.settings_dict["USER"]
    connection.settings_dict["USER"] = SUPERUSER
    yield
    connection.close()
    connection.settings_dict["USER"] = user


@pytest.fixture
def cast(superuser: None, db: None) -> Cast:
    return make_cast()


def unguarded(name: str, reader: Reader, scope: Scope, tenant: Tenant) -> Any:
    """The result with the first wall alone."""
    with tenancy.reading(scope):
        return returned(name, reader, scope, tenant)


def guarded(name: str, reader: Reader, scope: Scope, tenant: Tenant) -> Any:
    """The result as the application gets it, behind both walls."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}")
        try:
            return unguarded(name, reader, scope, tenant)
        finally:
            cursor.execute("RESET ROLE")


def leaks(name: str, cast: Cast) -> list[str]:
    """Where a reader would show more than row-level security lets through."""
    reader = READERS[name]
    return [
        f"{scope.kind} of ours on {who}"
        for scope in (cast.ours.scope, cast.ours.client_scope)
        for who, tenant in cast.tenants.items()
        if unguarded(name, reader, scope, tenant) != guarded(name, reader, scope, tenant)
    ]


@contextmanager
def without_tenant_filter() -> Iterator[None]:
    """Take the condition that ``owned_by`` makes out of every query."""
    owned_by = selectors.owned_by
    everything = ~Q(pk__in=[])  # a bare Q() would vanish from an "or"
    with pytest.MonkeyPatch.context() as patch:
        for module in modules():
            if getattr(module, "owned_by", None) is owned_by:
                patch.setattr(module, "owned_by", lambda *args, **names: everything)
        yield


def test_the_superuser_does_see_every_row(cast: Cast):
    with tenancy.reading(cast.ours.scope), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM clients_reseller")
        assert cursor.fetchone() == (len(cast.tenants),)


@pytest.mark.parametrize("name", READERS)
def test_reader_shows_its_own_rows_and_no_foreign_ones(cast: Cast, name: str):
    assert leaks(name, cast) == []
    assert unguarded(name, READERS[name], cast.ours.scope, cast.ours)


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith("_for")])
def test_nobody_is_shown_nothing(cast: Cast, name: str):
    assert unguarded(name, READERS[name], NOBODY, cast.ours) == []


@pytest.mark.parametrize("name", READERS)
def test_reader_without_its_tenant_filter_is_noticed(cast: Cast, name: str):
    with without_tenant_filter():
        assert leaks(name, cast) != []
