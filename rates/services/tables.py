"""Rate tables, and who pays by which."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clients import outbox
from clients.errors import DomainError
from clients.models import Client, Reseller, User
from clients.services.base import changing
from clients.tenancy import Scope
from rates.models import ClientRates, RateTable, ResellerRates
from rates.selectors import tables_for

DEFAULT_TABLE = "Default"


def default_table_insert(*, reseller: Reseller, at: datetime) -> RateTable:
    """Give a reseller an empty default table, in the caller's transaction."""
    table = RateTable.objects.create(
        reseller=reseller, name=DEFAULT_TABLE, currency=reseller.currency, created_at=at
    )
    ResellerRates.objects.create(reseller=reseller, default_table=table)
    return table


def rate_table_create(
    *,
    reseller_id: int,
    name: str,
    currency: str = "",
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> RateTable:
    """Make an empty table; the currency is the reseller's where none is given."""
    with changing(scope, acting_user):
        reseller = Reseller.objects.get(pk=reseller_id)
        try:
            with transaction.atomic():
                return RateTable.objects.create(
                    reseller=reseller,
                    name=name,
                    currency=currency or reseller.currency,
                    created_at=at,
                )
        except IntegrityError:
            raise DomainError(
                _("There is already a rate table of this name."), field="name"
            ) from None


def default_table_set(
    *,
    table_id: int,
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> RateTable:
    """Make a table the default of its reseller: clients without one of their own pay by it."""
    with changing(scope, acting_user):
        table = tables_for(scope).get(pk=table_id)
        if table.reseller is None:
            raise DomainError(_("Only a reseller's table can be its default."))
        ResellerRates.objects.update_or_create(
            reseller=table.reseller, defaults={"default_table": table}
        )
        outbox.enqueue("policy.reseller", reseller_id=table.reseller.pk)
    return table


def client_rates_write(*, client: Client, table: RateTable | None) -> None:
    """Give a client its own table, or with None its reseller's, in the caller's transaction.

    Raises DomainError (field ``rate_table``) for a table of another reseller or currency.
    """
    if table is None:
        ClientRates.objects.filter(client=client).delete()
    else:
        if client.reseller is None or table.reseller != client.reseller:
            raise DomainError(
                _("“%s” does not belong to this client's reseller.") % table, field="rate_table"
            )
        if table.currency != client.currency:
            raise DomainError(
                _("“%(table)s” is in %(own)s; this client pays in %(currency)s.")
                % {"table": table, "own": table.currency, "currency": client.currency},
                field="rate_table",
            )
        ClientRates.objects.update_or_create(
            client=client, defaults={"reseller": client.reseller, "table": table}
        )
    outbox.enqueue("policy.client", client_id=client.pk)
