"""Reads policy from PostgreSQL; the caller has opened a transaction of the platform's scope."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal, cast

import holidays
from django.conf import settings

from accounts.models import Account, DefaultRoute
from calls.store.addresses import parse_entry
from calls.store.policy import (
    DEFAULT_STEPS,
    AccountPolicy,
    Calendar,
    Catalogue,
    ClientPolicy,
    DestinationInfo,
    NodeRules,
    RateEntry,
    RatePolicy,
    ResellerPolicy,
    Route,
    Routing,
    Segment,
    Status,
    Tier,
)
from clients.domain import local_days
from clients.domain.local_days import DayRule
from clients.models import Client, Reseller, WorkingDay
from clients.tenancy import PLATFORM
from limits.catalogue.shipped import number_plan_records
from limits.domain import effective as profiles
from limits.domain.split import daily_seconds, off_hours_seconds
from limits.models import Destination, DestinationPrefix, LimitProfile
from limits.selectors import client_limits, destination_parents, domain_profiles
from rates.models import ClientRates, Rate, RateTable, ResellerRates

DAYS_BEHIND, DAYS_AHEAD = 2, 10
Protocol = Literal["udp", "tcp", "tls"]
# Where a country's bank holidays differ by region, the region meant.
REGIONS = {"GB": "ENG"}


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(at.timestamp() * 1000)


def client_policy(client: Client, *, version: int, at: datetime) -> ClientPolicy:
    """All that decides a client's calls, as of now; its calendar reaches over the next days."""
    chain = tiers(client)
    limits = client_limits(PLATFORM, client)
    parents = destination_parents()
    above = {
        level: profiles.strictest_rows(profiles.above(limits.profiles, level), parents)
        for level in sorted(set(limits.effective.allowed.values()))
    }
    week = client_week(client)
    percents = {rule.off_hours_percent for rule in week} | {100}
    divisor = client.working_schedule
    assigned = {
        row.reseller_id: row
        for row in ResellerRates.objects.filter(
            reseller__in=[each.pk for each in chain]
        ).select_related("default_table")
    }
    own = assigned.get(cast("int", client.reseller_id))
    table = _table_of(client, own)
    steps = chain[0].warning_steps if chain else []
    return ClientPolicy(
        client_id=client.pk,
        version=version,
        country=client.country,
        currency=client.currency,
        status=cast("Status", client.status),
        capacity=client.capacity,
        long_call_seconds=client.long_call_minutes * 60,
        rate_table_id=table.pk if table else None,
        high_price=client.high_price_amount,
        bar_high_price_off_hours=client.bar_high_price_off_hours,
        bar_international_off_hours=client.bar_international_off_hours,
        prepaid=client.billing_mode == "prepaid",
        tiers=tuple(
            Tier(
                reseller_id=each.pk,
                status=cast("Status", each.status),
                capacity=each.capacity,
                rate_table_id=row.assigned_table_id if (row := assigned.get(each.pk)) else None,
            )
            for each in chain
        ),
        calendar=calendar(client, week, at=at),
        rules=_rules(limits.effective.rows, divisor, percents),
        blocked=tuple(sorted(limits.effective.blocked)),
        allowed=limits.effective.allowed,
        rules_above={level: _rules(rows, divisor, percents) for level, rows in above.items()},
        warning_steps=tuple(int(step) for step in steps) or DEFAULT_STEPS,
    )


def _table_of(client: Client, reseller: ResellerRates | None) -> RateTable | None:
    """The table a client pays by: its own, else its reseller's default.

    Without a rate of exchange a table in another currency prices nothing, so its calls have no
    rate (203).
    """
    own = ClientRates.objects.filter(client=client).select_related("table").first()
    table = own.table if own else reseller.default_table if reseller else None
    return table if table and table.currency == client.currency else None


def tiers(client: Client) -> list[Reseller]:
    """The resellers above a client, its own first."""
    chain: list[Reseller] = []
    reseller = client.reseller
    while reseller is not None:
        chain.append(reseller)
        reseller = reseller.parent
    return chain


def reseller_policy(reseller: Reseller, *, version: int, at: datetime) -> ResellerPolicy:
    """What all below a reseller may use together, on the days of its zone."""
    given = LimitProfile.objects.filter(total_links__receiver=reseller)
    rows = profiles.strictest_rows(domain_profiles(given), destination_parents())
    return ResellerPolicy(
        reseller_id=reseller.pk,
        version=version,
        calendar=reseller_calendar(reseller, at=at),
        totals=_rules(rows, reseller.working_schedule, set()),
    )


def reseller_calendar(reseller: Reseller, *, at: datetime) -> Calendar:
    """The days of a reseller's zone, none of them with off-hours."""
    week = (DayRule(((0, 1440),)),) * 8
    return _calendar(reseller.time_zone, week, frozenset(), at)


def _rules(
    rows: Mapping[int, profiles.Values], divisor: int, percents: set[int]
) -> dict[int, NodeRules]:
    return {
        node: NodeRules(
            monthly_minutes=values.minutes,
            unlimited=values.unlimited,
            day_seconds=daily_seconds(values.minutes or 0, divisor),
            off_seconds={
                percent: off_hours_seconds(values.minutes or 0, divisor, percent)
                for percent in percents
            },
            max_price_per_minute=values.max_price_per_minute,
            max_setup_price=values.max_setup_price,
        )
        for node, values in rows.items()
    }


def client_week(client: Client) -> tuple[DayRule, ...]:
    """Eight rules, Monday first, bank holidays last; a day without a row has no working time."""
    week = [DayRule()] * 8
    for row in WorkingDay.objects.filter(client=client):
        week[row.day] = local_days.day_rule(row.intervals, row.off_hours_percent)
    return tuple(week)


def calendar(
    client: Client,
    week: tuple[DayRule, ...],
    *,
    at: datetime,
    behind: int = DAYS_BEHIND,
    ahead: int = DAYS_AHEAD,
) -> Calendar:
    """The client's segments around a moment."""
    years = tuple(range(at.year - 1, at.year + 2))
    closed = _bank_holidays(client.country, years)
    return _calendar(client.time_zone, week, closed, at, behind, ahead)


def _calendar(
    zone: str,
    week: tuple[DayRule, ...],
    closed: frozenset[date],
    at: datetime,
    behind: int = DAYS_BEHIND,
    ahead: int = DAYS_AHEAD,
) -> Calendar:
    first = local_days.local_day(zone, at) - timedelta(days=behind)
    days = behind + ahead
    end = first + timedelta(days=days)
    found = local_days.segments(zone, week, closed, first, days)
    return Calendar(
        segments=tuple(
            Segment(
                starts_at_ms=each.starts_at_ms,
                day=each.day.isoformat(),
                working=each.working,
                off_percent=each.off_hours_percent,
            )
            for each in found
        ),
        ends_at_ms=to_ms(local_days.day_start(zone, end)),
    )


@cache
def _bank_holidays(country: str, years: tuple[int, ...]) -> frozenset[date]:
    if country not in holidays.list_supported_countries():
        return frozenset()
    region = REGIONS.get(country)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=years))


def accounts_of(client: Client, *, version: int) -> list[AccountPolicy]:
    """A client's accounts, terminators without an originator's half too: they are inactive."""
    return [
        AccountPolicy(
            account_id=account.pk,
            client_id=client.pk,
            version=version,
            country=client.country,
            ident_by=cast("Literal['name', 'ip', 'ani']", account.ident_by),
            username=account.sip_username or "",
            ha1=account.ha1_md5,
            addresses=tuple(account.ips),
            tech_prefix=account.tech_prefix,
            originates=account.orig_enabled,
            capacity=account.orig_capacity,
        )
        for account in Account.objects.filter(client=client)
    ]


def catalogue(version: int) -> Catalogue:
    """Destinations with their prefixes, and the number plans that ship with the product."""
    nodes = {node.pk: node for node in Destination.objects.all()}
    parents = {pk: node.parent_id for pk, node in nodes.items()}
    plans = number_plan_records()
    return Catalogue(
        version=version,
        prefixes=dict(DestinationPrefix.objects.values_list("prefix", "destination_id")),
        leaves=tuple(
            DestinationInfo(
                pk, node.path, label(node.path), node.country, tuple(profiles.path(parents, pk))
            )
            for pk, node in nodes.items()
        ),
        labels={pk: label(node.path) for pk, node in nodes.items()},
        countries=plans["countries"],
        codes=plans["codes"],
    )


def label(path: str) -> str:
    """A destination in a sentence: ``UK Mobile``, ``France``."""
    first, *rest = path.split("/")
    return rest[-1] if first == "International" and rest else " ".join([first, *rest])


def rates(table_id: int) -> RatePolicy | None:
    """One rate table with all its rates, past and future; None where there is none."""
    table = RateTable.objects.filter(pk=table_id).first()
    if table is None:
        return None
    return RatePolicy(
        table_id=table.pk,
        version=table.version,
        currency=table.currency,
        rates=tuple(
            RateEntry(
                prefix=rate.prefix,
                price_per_minute=rate.price_per_minute,
                setup_price=rate.setup_price,
                minimum_seconds=rate.minimum_seconds,
                increment_seconds=rate.increment_seconds,
                from_ms=to_ms(rate.effective_from),
                until_ms=to_ms(rate.effective_until) if rate.effective_until else None,
            )
            for rate in Rate.objects.filter(table=table)
        ),
    )


def routing() -> Routing:
    """The platform's default routes that are enabled; with none at all, the configured one.

    Emergency calls that have no route of their own take the ordinary ones.
    """
    found = list(DefaultRoute.objects.select_related("account"))
    enabled = [
        (each.emergency, _route(each.account)) for each in found if each.account.term_enabled
    ]
    if not found and settings.DEFAULT_ROUTE:
        entry = parse_entry(settings.DEFAULT_ROUTE)
        enabled = [
            (
                False,
                Route(
                    account_id=0,
                    host=str(entry.network.network_address),
                    port=int(entry.port) if entry.port else None,
                    protocol=cast("Protocol", entry.protocol or "udp"),
                ),
            )
        ]
    routes = tuple(route for emergency, route in enabled if not emergency)
    own = tuple(route for emergency, route in enabled if emergency)
    return Routing(version=1, routes=routes, emergency=own or routes)


def _route(account: Account) -> Route:
    host = account.term_host or (account.ips[0] if account.ips else "")
    return Route(
        account_id=account.pk,
        host=host,
        port=account.term_port,
        protocol=cast("Protocol", account.term_protocol),
        tech_prefix=account.tech_prefix,
    )
