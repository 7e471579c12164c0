"""Reads of rate tables and of the price of a call."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Length

from clients.models import Client, Reseller
from clients.selectors import owned_by
from clients.tenancy import Scope
from rates.models import ClientRates, Rate, RateTable, ResellerRates


def tables_for(scope: Scope) -> QuerySet[RateTable]:
    """Rate tables of the scope's resellers; the platform sees its own too."""
    return RateTable.objects.filter(owned_by(scope))


def tables_with_use(scope: Scope) -> QuerySet[RateTable]:
    """``tables_for`` with ``rate_count`` and the reseller, by reseller and name."""
    return (
        tables_for(scope)
        .select_related("reseller")
        .annotate(rate_count=Count("rates"))
        .order_by(F("reseller__name").asc(nulls_first=True), "name")
    )


def tables_available(scope: Scope, reseller: Reseller) -> QuerySet[RateTable]:
    """Tables that clients of ``reseller`` may be charged by."""
    return tables_for(scope).filter(reseller=reseller)


def table_named(scope: Scope, name: str) -> RateTable | None:
    """A table by its id or as ``RESELLER/name`` (the reseller's reference in any case)."""
    if name.isascii() and name.isdigit():
        return tables_for(scope).filter(pk=int(name[:18])).first()
    reference, _slash, table = name.partition("/")
    return tables_for(scope).filter(reseller__reference__iexact=reference, name=table).first()


def rates_of(scope: Scope, table: RateTable) -> QuerySet[Rate]:
    """All rates of a table, past and future ones too."""
    return Rate.objects.filter(table__in=tables_for(scope), table=table)


def rates_searched(rates: QuerySet[Rate], text: str) -> QuerySet[Rate]:
    """Rates whose prefix begins with ``text``, or that ``text``, a whole number, begins with."""
    key = text.removeprefix("+").upper()
    shorter = [key[:length] for length in range(1, len(key) + 1)]
    return rates.filter(Q(prefix__startswith=key) | Q(prefix__in=shorter))


def in_force(at: datetime) -> Q:
    """The condition that a rate holds at an instant."""
    open_end = Q(effective_until=None) | Q(effective_until__gt=at)
    return Q(effective_from__lte=at) & open_end


def rate_at(scope: Scope, table: RateTable, key: str, at: datetime) -> Rate | None:
    """The rate of a number's key (``limits.domain.numbers``): longest prefix, then the newest."""
    prefixes = [key[:length] for length in range(1, len(key) + 1)]
    found = rates_of(scope, table).filter(in_force(at), prefix__in=prefixes)
    return found.order_by(Length("prefix").desc(), "-effective_from").first()


def table_of_client(scope: Scope, client: Client) -> RateTable | None:
    """What a client pays by: its own table, else its reseller's default; None is 203.

    A client's own people are shown no table.
    """
    return own_table(scope, client) or default_table(scope, client.reseller_id)


def own_table(scope: Scope, client: Client) -> RateTable | None:
    """The table given to a client itself; None where it pays by its reseller's default."""
    own = ClientRates.objects.filter(owned_by(scope), client=client)
    chosen = own.select_related("table").first()
    return chosen.table if chosen else None


def default_table(scope: Scope, reseller_id: int | None) -> RateTable | None:
    """The table that a reseller's clients pay by unless they have one of their own."""
    if reseller_id is None:
        return None
    rates = ResellerRates.objects.filter(owned_by(scope), reseller_id=reseller_id)
    found = rates.select_related("default_table").first()
    return found.default_table if found else None
