"""Whole tenants, written in one durable transaction each: a reseller, a client with its trunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.mail import trunk_details_queue
from accounts.models import Account
from accounts.services import account_insert
from clients.models import Client, Reseller, User
from clients.roles import Role
from clients.services.base import changing, lock, save_version
from clients.services.clients import client_area_write, client_insert
from clients.services.resellers import reseller_insert
from clients.services.users import membership_insert
from clients.tenancy import Scope
from limits.models import LimitProfile
from limits.services import (
    client_currency_check,
    client_profiles_write,
    default_profile_insert,
)
from rates.models import RateTable
from rates.services.tables import client_rates_write, default_table_insert


@dataclass(frozen=True)
class Created:
    """A client with its first account; ``is_new`` is False when the same run had made it before."""

    client: Client
    account: Account
    is_new: bool


def client_arguments(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What the forms of Add Client were cleaned to, as ``client_create`` takes it."""
    apart = ("limit_profiles", "rate_table", "trunk_name", "trunk_capacity")
    values = {name: value for name, value in typed.items() if name not in apart}
    return {"values": values} | {name: typed[name] for name in apart}


def client_create(
    *,
    reseller_id: int,
    creation_key: UUID,
    values: Mapping[str, Any],
    limit_profiles: Sequence[LimitProfile],
    rate_table: RateTable | None,
    trunk_name: str,
    trunk_capacity: int | None,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> Created:
    """Make a client beneath a reseller, with its first account, and queue its trunk details.

    ``values`` are the client's columns. The same ``creation_key`` again gives the client that was
    made then. Raises DomainError at the field that is refused; then nothing is stored.
    """
    with changing(scope, acting_user):
        lock(f"client {creation_key}")
        if before := Client.objects.filter(creation_key=creation_key).first():
            account = before.accounts.order_by("id")[0]
            return Created(before, account, is_new=False)
        reseller = Reseller.objects.get(pk=reseller_id)
        client = client_insert(
            reseller=reseller,
            creation_key=creation_key,
            acting_user=acting_user,
            at=at,
            values=values,
        )
        client_profiles_write(client=client, profiles=limit_profiles)
        client_rates_write(client=client, table=rate_table)
        account = account_insert(
            client=client,
            at=at,
            scope=scope,
            values={"name": trunk_name, "orig_capacity": trunk_capacity},
        )
        trunk_details_queue(account=account, created_by=acting_user, at=at)
    return Created(client, account, is_new=True)


def client_update_general(
    *,
    client_id: int,
    version: int,
    values: Mapping[str, Any],
    rate_table: RateTable | None,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Client:
    """Save the General area of a client, its rate table with it.

    Raises Conflict when somebody else has saved the client since ``version``, DomainError at the
    field that is refused.
    """
    with changing(scope, acting_user):
        client = Client.objects.select_related("reseller").get(pk=client_id)
        client_area_write(client=client, area="general", version=version, values=values)
        client_rates_write(client=client, table=rate_table)
        client_currency_check(client=client)
    return client


def client_profiles_set(
    *,
    client_id: int,
    version: int,
    limit_profiles: Sequence[LimitProfile],
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Client:
    """Save which limit profiles a client is allocated. Raises Conflict."""
    with changing(scope, acting_user):
        client = Client.objects.select_related("reseller").get(pk=client_id)
        save_version(client, version, {})
        client_profiles_write(client=client, profiles=limit_profiles)
    return client


def reseller_create(
    *,
    parent_id: int | None,
    email: str,
    values: Mapping[str, Any],
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> Reseller:
    """Make a reseller with its default profile and rate table; ``email`` is its owner, invited.

    ``values`` are the reseller's columns. Raises DomainError at the field that is refused; then
    nothing is stored.
    """
    with changing(scope, acting_user):
        parent = Reseller.objects.get(pk=parent_id) if parent_id else None
        reseller = reseller_insert(
            parent=parent, acting_user=acting_user, at=at, values={"email": email} | dict(values)
        )
        default_profile_insert(reseller=reseller, at=at)
        default_table_insert(reseller=reseller, at=at)
        if email:
            membership_insert(
                email=email, name="", reseller=reseller, client=None, role=Role.OWNER, at=at
            )
    return reseller
