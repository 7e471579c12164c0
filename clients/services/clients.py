"""Clients: their rows and the areas that people edit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clients import outbox
from clients.domain.working_time import SATURDAY, SUNDAY, Day, default_days, weekend_percent
from clients.errors import Conflict, DomainError
from clients.models import Client, Reseller, Status, User, WorkingDay
from clients.services.base import changing, save_version
from clients.tenancy import Scope

# The areas of a client that people edit, and their columns.
AREAS: dict[str, tuple[str, ...]] = {
    "general": (
        "name",
        "reference",
        "contact_name",
        "email",
        "phone",
        "country",
        "time_zone",
        "currency",
        "capacity",
        "warn_client",
    ),
    "additional": ("long_call_minutes", "high_price_amount", "working_schedule"),
    "billing": ("billing_email", "billing_mode", "credit_limit"),
    "address": (
        "address_line1",
        "address_line2",
        "address_city",
        "address_region",
        "address_postcode",
        "address_country",
    ),
}


def client_insert(
    *,
    reseller: Reseller,
    creation_key: UUID,
    acting_user: User | None,
    at: datetime,
    values: Mapping[str, Any],
) -> Client:
    """Add a client with its working days inside the caller's transaction.

    Raises DomainError at the field that is refused.
    """
    _check_ceiling(values)
    try:
        with transaction.atomic():
            client = Client.objects.create(
                reseller=reseller,
                creation_key=creation_key,
                created_at=at,
                status_at=at,
                status_by=acting_user,
                **values,
            )
    except IntegrityError:
        raise _reference_taken() from None
    for day in default_days(client.working_schedule):
        _write_day(client, day)
    outbox.enqueue("policy.client", client_id=client.pk)
    return client


def client_area_write(
    *, client: Client, area: str, version: int, values: Mapping[str, Any]
) -> None:
    """Write the columns of one area inside the caller's transaction.

    Raises Conflict when somebody else has saved the client since ``version``, DomainError at the
    field that is refused.
    """
    _check_ceiling(values)
    before = client.working_schedule
    chosen = {name: values[name] for name in AREAS[area] if name in values}
    try:
        with transaction.atomic():
            save_version(client, version, chosen)
    except IntegrityError:
        raise _reference_taken() from None
    if client.working_schedule != before:
        _follow_schedule(client)
    outbox.enqueue("policy.client", client_id=client.pk)


def client_update(
    *,
    client_id: int,
    area: str,
    version: int,
    values: Mapping[str, Any],
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Client:
    """Save one area of a client; see ``client_area_write`` for what is refused."""
    with changing(scope, acting_user):
        client = Client.objects.get(pk=client_id)
        client_area_write(client=client, area=area, version=version, values=values)
    return client


def client_status_set(
    *,
    client_id: int,
    status: Status,
    reason: str,
    acting_user: User,
    scope: Scope,
    at: datetime,
) -> Client:
    """Suspend a client (its running calls are cut) or let it call again; if it is so, nothing."""
    with changing(scope, acting_user):
        client = Client.objects.select_for_update().get(pk=client_id)
        if client.status == status:
            return client
        client.status = status
        client.status_reason = reason
        client.status_at = at
        client.status_by = acting_user
        client.version += 1
        client.save(update_fields=["status", "status_reason", "status_at", "status_by", "version"])
        outbox.enqueue("policy.client", client_id=client.pk)
    return client


def working_time_set(
    *,
    client_id: int,
    version: int,
    days: list[Day],
    bar_high_price_off_hours: bool,
    bar_international_off_hours: bool,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Client:
    """Save the Working time area: eight days and the two bars. Raises Conflict."""
    with changing(scope, acting_user):
        client = Client.objects.get(pk=client_id)
        save_version(
            client,
            version,
            {
                "bar_high_price_off_hours": bar_high_price_off_hours,
                "bar_international_off_hours": bar_international_off_hours,
            },
        )
        for day in days:
            _write_day(client, day)
        outbox.enqueue("policy.client", client_id=client.pk)
    return client


def _write_day(client: Client, day: Day) -> None:
    reseller = cast("Reseller", client.reseller)  # vendors have no working days
    WorkingDay.objects.update_or_create(
        client=client,
        day=day.day,
        defaults={
            "reseller": reseller,
            "intervals": [list(interval) for interval in day.intervals],
            "off_hours_percent": day.off_hours_percent,
        },
    )


def _follow_schedule(client: Client) -> None:
    """Put Saturday and Sunday at the share of the schedule just chosen.

    Back on 30 days only a 0 % is undone: another figure was somebody's own choice.
    """
    weekend = WorkingDay.objects.filter(client=client, day__in=[SATURDAY, SUNDAY])
    percent = weekend_percent(client.working_schedule, SATURDAY)
    if percent:
        weekend = weekend.filter(off_hours_percent=0)
    weekend.update(off_hours_percent=percent)


def _check_ceiling(values: Mapping[str, Any]) -> None:
    ceiling = settings.LONG_CALL_CEILING_MINUTES
    if values.get("long_call_minutes", 0) > ceiling:
        raise DomainError(
            _("The platform allows %s minutes at most.") % ceiling, field="long_call_minutes"
        )


def _reference_taken() -> DomainError:
    return DomainError(_("This reference is already used by another client."), field="reference")


__all__ = [
    "AREAS",
    "Conflict",
    "client_area_write",
    "client_insert",
    "client_status_set",
    "client_update",
    "working_time_set",
]
