"""Which profiles a client has."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from clients import outbox
from clients.errors import DomainError
from clients.models import Client, Reseller, User
from clients.selectors import clients_for, resellers_for
from clients.services.base import changing
from clients.tenancy import Scope
from limits.models import ClientProfile, LimitProfile, LimitRow, ResellerTotal
from limits.selectors import profiles_for


def profile_allocate(
    *,
    client_id: int,
    profile_ids: Collection[int],
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Client:
    """Give a client these profiles and no others. Raises DomainError (``limit_profiles``)."""
    with changing(scope, acting_user):
        client = clients_for(scope).get(pk=client_id)
        profiles = list(profiles_for(scope).filter(pk__in=profile_ids))
        client_profiles_write(client=client, profiles=profiles)
    return client


def client_profiles_write(*, client: Client, profiles: Collection[LimitProfile]) -> None:
    """``profile_allocate`` inside the caller's transaction."""
    if not profiles:
        raise DomainError(_("Allocate at least one limit profile."), field="limit_profiles")
    for profile in profiles:
        if profile.reseller_id not in (None, client.reseller_id):
            raise DomainError(
                _("“%s” does not belong to this client's reseller.") % profile,
                field="limit_profiles",
            )
        _check_currency(client, profile)
    ClientProfile.objects.filter(client=client).exclude(profile__in=profiles).delete()
    ClientProfile.objects.bulk_create(
        [
            ClientProfile(reseller=client.reseller, client=client, profile=profile)
            for profile in profiles
        ],
        ignore_conflicts=True,
    )
    outbox.enqueue("policy.client", client_id=client.pk)


def totals_set(
    *,
    reseller_id: int,
    profile_ids: Collection[int],
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Reseller:
    """Hold a reseller, with all below it, to these profiles as totals and to no others (109).

    They belong to its parent, or to the platform; so does the right to set them. Raises
    DomainError (``profiles``).
    """
    with changing(scope, acting_user):
        receiver = resellers_for(scope).get(pk=reseller_id)
        if scope.kind != "platform" and receiver.parent_id not in scope.reseller_ids:
            raise DomainError(_("Only the provider above sets this reseller's totals."))
        profiles = list(LimitProfile.objects.filter(pk__in=profile_ids))
        for profile in profiles:
            if profile.reseller_id not in (None, receiver.parent_id):
                raise DomainError(
                    _("“%s” does not belong to the provider above this reseller.") % profile,
                    field="profiles",
                )
        ResellerTotal.objects.filter(receiver=receiver).exclude(profile__in=profiles).delete()
        ResellerTotal.objects.bulk_create(
            [
                ResellerTotal(reseller_id=receiver.parent_id, receiver=receiver, profile=profile)
                for profile in profiles
            ],
            ignore_conflicts=True,
        )
        outbox.enqueue("policy.totals", reseller_id=receiver.pk)
    return receiver


def client_currency_check(*, client: Client) -> None:
    """Refuse a client's new currency where a profile it has holds prices in another one.

    Raises DomainError (field ``currency``); runs inside the caller's transaction.
    """
    for link in ClientProfile.objects.filter(client=client).select_related("profile"):
        _check_currency(client, link.profile, field="currency")


def _check_currency(
    client: Client, profile: LimitProfile, *, field: str = "limit_profiles"
) -> None:
    if profile.currency != client.currency and _says_money(profile):
        raise DomainError(
            _("“%(profile)s” has prices in %(own)s; this client pays in %(currency)s.")
            % {"profile": profile, "own": profile.currency, "currency": client.currency},
            field=field,
        )


def _says_money(profile: LimitProfile) -> bool:
    says = Q(max_price_per_minute__isnull=False) | Q(max_setup_price__isnull=False)
    return LimitRow.objects.filter(says | Q(spend__isnull=False), profile=profile).exists()
