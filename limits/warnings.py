"""Reads of the warnings of today: which clients are near a limit, or at one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from clients.selectors import owned_by
from clients.tenancy import Scope
from limits.models import LimitWarning

SPENT = 100


def warnings_for(scope: Scope) -> QuerySet[LimitWarning]:
    """Every warning the scope may see."""
    return LimitWarning.objects.filter(owned_by(scope, client="client_id"))


def warnings_today(
    scope: Scope, *, at: datetime, client_ids: Collection[int] | None = None
) -> list[LimitWarning]:
    """The highest step of each allowance on its client's own calendar day, most urgent first."""
    rows = (
        warnings_for(scope)
        .filter(on__gte=(at - timedelta(days=1)).date())
        .select_related("client", "destination")
        .order_by("-step", "-at")
    )
    if client_ids is not None:
        rows = rows.filter(client_id__in=client_ids)
    highest: dict[tuple[int, int, bool], LimitWarning] = {}
    for row in rows:
        if row.on == at.astimezone(ZoneInfo(row.client.time_zone)).date():
            highest.setdefault((row.client_id, row.destination_id, row.off_hours), row)
    return list(highest.values())


def steps_today(scope: Scope, *, at: datetime) -> dict[int, int]:
    """The highest warning step of today, in per cent, of each client that has one."""
    rows = warnings_for(scope).filter(on__gte=(at - timedelta(days=1)).date())
    steps: dict[int, int] = {}
    for client_id, zone, on, step in rows.values_list(
        "client_id", "client__time_zone", "on", "step"
    ):
        if on == at.astimezone(ZoneInfo(zone)).date():
            steps[client_id] = max(step, steps.get(client_id, 0))
    return steps
