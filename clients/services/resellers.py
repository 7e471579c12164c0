"""Resellers: nodes of the tenant tree."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from clients import outbox
from clients.errors import DomainError
from clients.models import SHARDS, Reseller, Status, User
from clients.services.base import changing, lock, save_version
from clients.tenancy import Scope

# What its owners and managers, and those above, may edit of a reseller.
SETTINGS = (
    "name",
    "email",
    "country",
    "alerts_email",
    "send_one_time_link",
    "default_credit_limit",
    "warning_steps",
)


def reseller_insert(
    *, parent: Reseller | None, acting_user: User | None, at: datetime, values: Mapping[str, Any]
) -> Reseller:
    """Add a reseller inside the caller's transaction.

    A child lives on the shard of its top-level reseller, a new top-level one on the shard with the
    fewest of them. Raises DomainError (field ``reference``) when the reference is taken.
    """
    if parent is None:
        lock("reseller shard")
        shard = _least_used_shard()
    else:
        shard = parent.shard
    try:
        with transaction.atomic():
            return Reseller.objects.create(
                parent=parent,
                shard=shard,
                created_at=at,
                status_at=at,
                status_by=acting_user,
                **values,
            )
    except IntegrityError:
        raise DomainError(_("This reference is already in use."), field="reference") from None


def _least_used_shard() -> int:
    used = dict(
        Reseller.objects.filter(parent=None).values_list("shard").annotate(count=Count("id"))
    )
    return min(range(SHARDS), key=lambda shard: (used.get(shard, 0), shard))


def is_own(scope: Scope, reseller_id: int) -> bool:
    """Whether a reseller is the one that the scope's person works for."""
    return scope.kind == "reseller" and scope.reseller_id == reseller_id


def reseller_update(
    *,
    reseller_id: int,
    version: int,
    values: Mapping[str, Any],
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Reseller:
    """Save the settings of a reseller: those of ``values`` that are in ``SETTINGS``.

    Raises Conflict when somebody else has saved the reseller since ``version``.
    """
    with changing(scope, acting_user):
        reseller = Reseller.objects.get(pk=reseller_id)
        save_version(reseller, version, {name: values[name] for name in SETTINGS if name in values})
        outbox.enqueue("policy.reseller", reseller_id=reseller.pk)
    return reseller


def reseller_status_set(
    *,
    reseller_id: int,
    status: Status,
    reason: str,
    acting_user: User,
    scope: Scope,
    at: datetime,
) -> Reseller:
    """Suspend a reseller, all below it with it (running calls are cut), or let it call again.

    If it is so, nothing. Raises DomainError for the reseller of the person themselves: that is
    for those above it.
    """
    if is_own(scope, reseller_id):
        raise DomainError(_("Your own reseller is suspended, and let call again, by those above."))
    with changing(scope, acting_user):
        reseller = Reseller.objects.select_for_update().get(pk=reseller_id)
        if reseller.status == status:
            return reseller
        reseller.status = status
        reseller.status_reason = reason
        reseller.status_at = at
        reseller.status_by = acting_user
        reseller.version += 1
        reseller.save(
            update_fields=["status", "status_reason", "status_at", "status_by", "version"]
        )
        outbox.enqueue("policy.reseller", reseller_id=reseller.pk)
    return reseller
