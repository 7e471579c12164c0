"""Every function that reads for a scope, found in the apps' modules, and what it returned.

A reader is a function of an app, below its pages, whose first parameter is ``scope``. It is called
with the objects of a tenant of the cast: ``ARGUMENTS`` knows those by the name of the parameter, or
by ``reader.parameter`` where one name means two things.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

from clients.errors import DomainError
from tests.cast import AT, Tenant

APPS = ("clients", "accounts", "limits", "rates", "calls")
# Pages and commands ask readers; they are no readers.
OUTER = {"views", "admin", "management", "migrations", "urls", "templatetags"}
# Transactions and writes: what they take first is the scope they run in.
WRITES = {"tenancy", "services"}
# They answer about the scope itself and read nothing.
NOT_READERS = {"clients.selectors.owned_by", "limits.selectors.may_edit"}

Reader = Callable[..., Any]
ARGUMENTS: dict[str, Callable[[Tenant], Any]] = {
    "reseller": lambda tenant: tenant.reseller,
    "client": lambda tenant: tenant.client,
    "account": lambda tenant: tenant.account,
    "profile": lambda tenant: tenant.profile,
    "table": lambda tenant: tenant.table,
    "reseller_id": lambda tenant: tenant.reseller.pk,
    "client_id": lambda tenant: tenant.client.pk,
    "account_id": lambda tenant: tenant.account.pk,
    "reseller_ids": lambda tenant: [tenant.reseller.pk],
    "client_ids": lambda tenant: [tenant.client.pk],
    "words": lambda tenant: tenant.client.name,
    "kind": lambda tenant: "block",
    "skip": lambda tenant: 0,
    "limit": lambda tenant: 10,
    "also": lambda tenant: None,
    "at": lambda tenant: AT,
    "on": lambda tenant: AT.date(),
    "text": lambda tenant: tenant.account.sip_username,
    "key": lambda tenant: "447700900123",
    "rates.selectors.table_named.name": lambda tenant: (
        f"{tenant.reseller.reference}/{tenant.table.name}"
    ),
}


def modules() -> Iterator[ModuleType]:
    """The apps' modules below the pages."""
    for app in APPS:
        folder = Path(apps.get_app_config(app).path)
        for info in walk_packages([str(folder)], f"{app}."):
            if not (OUTER | WRITES) & set(info.name.split(".")):
                yield import_module(info.name)


def readers() -> dict[str, Reader]:
    """Each reader by its full name."""
    found: dict[str, Reader] = {}
    for module in modules():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            full_name = f"{module.__name__}.{name}"
            parameters = list(inspect.signature(function).parameters.values())
            takes_scope = (
                parameters
                and parameters[0].name == "scope"
                and parameters[0].kind is parameters[0].POSITIONAL_OR_KEYWORD
            )
            mine = function.__module__ == module.__name__ and not name.startswith("_")
            if takes_scope and mine and full_name not in NOT_READERS:
                found[full_name] = function
    return found


def returned(name: str, reader: Reader, scope: Any, tenant: Tenant) -> Any:
    """What a reader returns for ``scope``, asked about a tenant's objects, as plain values.

    None, [] and {} when there is nothing to see, a refusal included.
    """
    given = {}
    for parameter in list(inspect.signature(reader).parameters.values())[1:]:
        if parameter.default is parameter.empty:
            argument = f"{name}.{parameter.name}"
            known = ARGUMENTS.get(argument) or ARGUMENTS.get(parameter.name)
            assert known, f"tests.isolation.readers.ARGUMENTS has no {argument}"
            given[parameter.name] = known(tenant)
    try:
        return plain(reader(scope, **given))
    except (ObjectDoesNotExist, DomainError):
        return None


def plain(result: Any) -> Any:
    """A result as values that can be compared: rows as their table and key."""
    if isinstance(result, Model):
        return f"{result._meta.label} {result.pk}"
    if isinstance(result, Mapping):
        return {plain(key): plain(value) for key, value in result.items()}
    if isinstance(result, set | frozenset):
        return sorted(map(plain, result), key=repr)
    if isinstance(result, QuerySet | list | tuple):
        return [plain(part) for part in result]
    if is_dataclass(result) and not isinstance(result, type):
        return {field.name: plain(getattr(result, field.name)) for field in fields(result)}
    return result
