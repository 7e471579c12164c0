"""A small cast: two resellers that know nothing of each other, one below the first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from clients import tenancy
from clients.models import Client, Reseller
from clients.roles import Role
from clients.tenancy import PLATFORM, Scope

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    top: Reseller
    below: Reseller
    stranger: Reseller
    client: Client
    scope: Scope
    stranger_scope: Scope


def scope_of(*resellers: Reseller) -> Scope:
    ids = tuple(reseller.pk for reseller in resellers)
    return Scope(kind="reseller", role=Role.MANAGER, reseller_id=ids[0], reseller_ids=ids)


def make_cast() -> Cast:
    with tenancy.writing(PLATFORM):
        top = Reseller.objects.create(name="Calder Telecom", reference="CALDER", shard=0)
        below = Reseller.objects.create(
            name="Severn Comms", reference="SEVERN", shard=0, parent=top
        )
        stranger = Reseller.objects.create(name="Tyne Voice", reference="TYNE", shard=1)
        client = Client.objects.create(reseller=top, name="Acme Ltd", reference="ACME")
    return Cast(top, below, stranger, client, scope_of(top, below), scope_of(stranger))
