"""Reads of calls and of what is left of today's allowances."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import redis
from django.db.models import Q, QuerySet

from calls.models import BarredCall, CallRecord
from calls.store import functions
from calls.store.connection import store, tag
from calls.store.functions import Use
from calls.store.read import calendar, client_week, label, to_ms
from clients.domain.local_days import local_day
from clients.models import Client
from clients.selectors import owned_by
from clients.tenancy import Scope
from limits.domain.effective import Values, path
from limits.domain.split import daily_seconds, off_hours_seconds
from limits.models import DailyUsage, Destination
from limits.selectors import client_limits, destination_parents, destinations

logger = logging.getLogger(__name__)
NONE = Use(used_ms=0, in_progress_ms=0)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """One destination's share of a client's local day, in whole seconds.

    ``monthly_minutes`` None with ``unlimited`` false: no profile says anything, so it is barred.
    For an unlimited destination the other figures are None. ``used_seconds`` is of finished calls,
    ``off_used_seconds`` the part of it outside working time; ``left_seconds`` = daily − used − in
    progress, floored, never below 0; ``off_left_seconds`` the same of the off-hours share.
    """

    destination: Destination
    label: str
    is_leaf: bool
    monthly_minutes: int | None
    unlimited: bool
    barred: bool
    divisor: int
    daily_seconds: int | None = 0
    off_hours_seconds: int | None = 0
    used_seconds: int | None = 0
    off_used_seconds: int | None = 0
    in_progress_seconds: int | None = 0
    left_seconds: int | None = 0
    off_left_seconds: int | None = 0


@dataclass(frozen=True, kw_only=True)
class Today:
    """A client's allowances on its local day; ``live`` when calls in progress are counted."""

    on: date
    live: bool
    off_percent: int
    allowances: tuple[Allowance, ...]


def allowances_today(scope: Scope, client: Client, at: datetime) -> Today:
    """Every leaf and each capped parent, in the tree's order; from the store.

    With the store away, or for a day it has forgotten, from PostgreSQL: finished calls only.
    """
    limits = client_limits(scope, client)
    parents = destination_parents()
    day = local_day(client.time_zone, at)
    percent = off_hours_percent(client, at)
    use, live = _use(scope, client, day, parents, at)
    rows = []
    for node in destinations():
        values = limits.effective.rows.get(node.pk, Values())
        capped_parent = not node.is_leaf and values.minutes is not None
        if node.is_leaf or capped_parent:
            whole = use.get((str(node.pk), "d"), NONE)
            off = use.get((str(node.pk), "o"), NONE)
            rows.append(_allowance(node, values, client.working_schedule, percent, whole, off))
    return Today(on=day, live=live, off_percent=percent, allowances=tuple(rows))


def off_hours_percent(client: Client, at: datetime) -> int:
    """The off-hours limit, in per cent, of the client's local day."""
    day = local_day(client.time_zone, at).isoformat()
    found = calendar(client, client_week(client), at=at, behind=0, ahead=1)
    return next(each.off_percent for each in found.segments if each.day == day)


def _allowance(
    node: Destination, values: Values, divisor: int, percent: int, whole: Use, off: Use
) -> Allowance:
    named: dict[str, Any] = {
        "destination": node,
        "label": label(node.path),
        "is_leaf": node.is_leaf,
        "monthly_minutes": values.minutes,
        "unlimited": values.unlimited,
        "barred": not values.unlimited and not values.minutes,
        "divisor": divisor,
    }
    if values.unlimited:
        return Allowance(
            **named,
            daily_seconds=None,
            off_hours_seconds=None,
            used_seconds=None,
            off_used_seconds=None,
            in_progress_seconds=None,
            left_seconds=None,
            off_left_seconds=None,
        )
    daily = daily_seconds(values.minutes or 0, divisor)
    off_share = off_hours_seconds(values.minutes or 0, divisor, percent)
    return Allowance(
        **named,
        daily_seconds=daily,
        off_hours_seconds=off_share,
        used_seconds=whole.used_ms // 1000,
        off_used_seconds=off.used_ms // 1000,
        in_progress_seconds=whole.in_progress_ms // 1000,
        left_seconds=_left(daily, whole),
        off_left_seconds=min(_left(daily, whole), _left(off_share, off)),
    )


def _left(seconds: int, use: Use) -> int:
    return max(0, (seconds * 1000 - use.used_ms - use.in_progress_ms) // 1000)


def _use(
    scope: Scope, client: Client, day: date, parents: dict[int, int | None], at: datetime
) -> tuple[dict[tuple[str, str], Use], bool]:
    live = False
    if client.reseller is not None:
        shard = tag(client.reseller.shard)
        try:
            if store().hexists(f"{shard}:g", "epoch"):
                use = functions.usage(store(), shard, client.pk, day.isoformat(), now_ms=to_ms(at))
                live = True
                if any(each.used_ms or each.in_progress_ms for each in use.values()):
                    return use, live
        except redis.RedisError as error:
            logger.warning("usage of client %s is read from PostgreSQL: %s", client.pk, error)
    sums: dict[tuple[str, str], int] = {}
    rows = DailyUsage.objects.filter(owned_by(scope, client="client_id"), client=client, on=day)
    for row in rows:
        for node in path(parents, row.destination_id):
            for kind, ms in (("d", row.day_ms), ("o", row.off_hours_ms)):
                sums[str(node), kind] = sums.get((str(node), kind), 0) + ms
    return {key: Use(used_ms=ms, in_progress_ms=0) for key, ms in sums.items()}, live


def calls_for(scope: Scope) -> QuerySet[CallRecord]:
    """Finished calls that the scope may see, the latest first."""
    return CallRecord.objects.filter(_of(scope))


def barred_calls_for(scope: Scope) -> QuerySet[BarredCall]:
    """Refused calls that the scope may see, the latest first."""
    return BarredCall.objects.filter(_of(scope))


def _of(scope: Scope) -> Q:
    return owned_by(scope, client="client_id")


def between(since: datetime | None, until: datetime | None) -> Q:
    """The condition that a row is of this stretch of time; None is open."""
    condition = Q()
    if since is not None:
        condition &= Q(at__gte=since)
    if until is not None:
        condition &= Q(at__lt=until)
    return condition


def with_number(text: str) -> Q:
    """The condition that a number, or the whole of a call id, is what a person typed.

    Spaces, the + and a national number's leading zeros do not matter.
    """
    typed = "".join(text.split())
    digits = typed.lstrip("+").lstrip("0")
    condition = Q(pk=text.strip()) | Q(sip_call_id=text.strip())
    if digits:
        condition |= Q(number__contains=digits) | Q(dialled__contains=digits)
        condition |= Q(caller__contains=digits)
    return condition
