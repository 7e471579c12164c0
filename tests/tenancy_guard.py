"""In tests a query on a tenant table outside a tenancy context is an error.

In production row-level security would show it no rows; here the mistake is loud.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from clients import tenancy


class QueryOutsideTenancy(AssertionError):
    """SQL that reached a tenant table in nobody's name."""


@cache
def tenant_tables() -> frozenset[str]:
    """Tables whose rows belong to a tenant: resellers, clients, and what carries their ids."""
    from django.apps import apps

    return frozenset(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in {"clients", "accounts", "limits", "rates", "calls"}
        and (
            model._meta.model_name in {"reseller", "resellerevent"}
            or {"reseller_id", "client_id"} & {f.attname for f in model._meta.concrete_fields}
        )
    )


@cache
def _names_tenant_table() -> re.Pattern[str]:
    names = "|".join(sorted(tenant_tables()))
    return re.compile(rf'\b(?:FROM|JOIN|INTO|UPDATE)\s+"?({names})\b', re.IGNORECASE)


def _refuse(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    if tenancy.current().kind == "none" and (found := _names_tenant_table().search(str(sql))):
        raise QueryOutsideTenancy(f"{found[1]} is queried outside a tenancy context: {sql}")
    return execute(sql, params, many, context)


@contextmanager
def guarded() -> Iterator[None]:
    """Refuse such queries on this thread's connection to the application's database."""
    from django.db import connection

    with connection.execute_wrapper(_refuse):
        yield
