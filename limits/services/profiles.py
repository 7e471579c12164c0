"""Limit profiles: making them and changing what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clients import outbox
from clients.errors import DomainError
from clients.models import Reseller, User
from clients.services.base import changing, save_version
from clients.tenancy import Scope
from limits.domain.effective import BLANK, Values
from limits.models import (
    ClientProfile,
    Destination,
    LimitProfile,
    LimitRow,
    ListKind,
    ProfilePrefix,
    ResellerTotal,
)
from limits.selectors import DEFAULT_PROFILE, may_edit, profiles_for, values_of

PREFIX = re.compile(r"[A-Z]{2}:[0-9]{0,15}|[0-9]{1,15}")

# What DEFAULT_RESELLER_PROFILE begins with; all else is blank, so barred.
DEFAULT_ROWS = {
    "UK/Geographic": Values(minutes=3000),
    "UK/Non-geographic": Values(minutes=3000),
    "UK/Mobile": Values(minutes=1000),
    "UK/Freephone": Values(unlimited=True),
    "UK/Special services": Values(minutes=60),
    "UK/Short codes": Values(minutes=60),
    "International": Values(minutes=120),
}
DEFAULT_COUNTRIES = "AT BE CH DE DK ES FI FR IE IT LU NL NO PT SE US CA".split()
DEFAULT_COUNTRY_ROW = Values(minutes=120)


def default_profile_insert(*, reseller: Reseller, at: datetime) -> LimitProfile:
    """Give a reseller its restrictive DEFAULT_RESELLER_PROFILE, in the caller's transaction."""
    profile = LimitProfile.objects.create(
        reseller=reseller, name=DEFAULT_PROFILE, currency=reseller.currency, created_at=at
    )
    known = Destination.objects.filter(path__in=DEFAULT_ROWS)
    rows = {destination.pk: DEFAULT_ROWS[destination.path] for destination in known}
    abroad = Destination.objects.filter(
        path__startswith="International/", country__in=DEFAULT_COUNTRIES, is_leaf=True
    )
    rows |= dict.fromkeys(abroad.values_list("pk", flat=True), DEFAULT_COUNTRY_ROW)
    _write_rows(profile, rows)
    return profile


def profile_create(
    *,
    reseller_id: int | None,
    name: str,
    currency: str = "",
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> LimitProfile:
    """Make an empty profile; of the platform where ``reseller_id`` is None.

    ``currency`` is the reseller's where it is not given. Raises DomainError at the field.
    """
    with changing(scope, acting_user):
        return profile_insert(reseller_id=reseller_id, name=name, currency=currency, at=at)


def profile_insert(
    *, reseller_id: int | None, name: str, currency: str = "", at: datetime
) -> LimitProfile:
    """``profile_create`` inside the caller's transaction."""
    reseller = Reseller.objects.get(pk=reseller_id) if reseller_id else None
    try:
        with transaction.atomic():
            return LimitProfile.objects.create(
                reseller=reseller,
                name=name,
                currency=currency or (reseller.currency if reseller else "GBP"),
                created_at=at,
            )
    except IntegrityError:
        raise DomainError(
            _("There is already a limit profile of this name."), field="name"
        ) from None


def profile_copy(
    *,
    profile_id: int,
    reseller_id: int | None,
    name: str,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> LimitProfile:
    """Make a profile that says what another says. Raises DomainError at the field."""
    with changing(scope, acting_user):
        source = profiles_for(scope).get(pk=profile_id)
        copy = profile_insert(reseller_id=reseller_id, name=name, currency=source.currency, at=at)
        _write_rows(copy, {row.destination_id: values_of(row) for row in source.rows.all()})
        ProfilePrefix.objects.bulk_create(
            ProfilePrefix(
                reseller_id=copy.reseller_id, profile=copy, kind=each.kind, prefix=each.prefix
            )
            for each in source.prefixes.all()
        )
        return copy


def profile_rows_set(
    *,
    profile_id: int,
    version: int,
    rows: Mapping[int, Values],
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> LimitProfile:
    """Set the rows named, by destination id, and leave the others; a blank row says nothing.

    Raises Conflict when somebody else has saved the profile since ``version``, DomainError when a
    row may not be set.
    """
    with changing(scope, acting_user):
        profile = _editable(scope, profile_id)
        save_version(profile, version, {})
        profile_rows_write(profile=profile, rows=rows)
    return profile


def profile_rows_write(*, profile: LimitProfile, rows: Mapping[int, Values]) -> None:
    """``profile_rows_set`` inside the caller's transaction."""
    if any(values.spend is not None for values in rows.values()):
        raise DomainError(no_spend(), field="spend")
    _check_currency(profile, rows.values())
    _write_rows(profile, rows)
    publish_clients_of(profile)


def no_spend() -> str:
    """Why a row with a spend is refused."""
    return _(
        "A spend a month cannot be set: money limits are not enforced. Leave it blank and use"
        " minutes and price caps."
    )


def profile_prefixes_set(
    *,
    profile_id: int,
    version: int,
    kind: ListKind,
    prefixes: Iterable[str],
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> LimitProfile:
    """Replace the block list or the allow list; prefixes are digits of the international form.

    Raises Conflict, or DomainError (field ``prefixes``) naming what is no prefix.
    """
    chosen = {prefix.strip().removeprefix("+") for prefix in prefixes} - {""}
    for prefix in sorted(chosen):
        if not PREFIX.fullmatch(prefix):
            raise DomainError(
                _("“%s” is not a prefix: digits of the international form, such as 4470.") % prefix,
                field="prefixes",
            )
    with changing(scope, acting_user):
        profile = _editable(scope, profile_id)
        save_version(profile, version, {})
        listed = ProfilePrefix.objects.filter(profile=profile, kind=kind)
        listed.exclude(prefix__in=chosen).delete()
        new = sorted(chosen - set(listed.values_list("prefix", flat=True)))
        ProfilePrefix.objects.bulk_create(
            ProfilePrefix(
                reseller_id=profile.reseller_id, profile=profile, kind=kind, prefix=prefix
            )
            for prefix in new
        )
        publish_clients_of(profile)
    return profile


def publish_clients_of(profile: LimitProfile) -> None:
    """Have everyone that is held to a profile published anew after the commit."""
    links = ClientProfile.objects.filter(profile=profile)
    for client_id in links.values_list("client_id", flat=True):
        outbox.enqueue("policy.client", client_id=client_id)
    totals = ResellerTotal.objects.filter(profile=profile)
    for reseller_id in totals.values_list("receiver_id", flat=True):
        outbox.enqueue("policy.totals", reseller_id=reseller_id)


def _editable(scope: Scope, profile_id: int) -> LimitProfile:
    profile = profiles_for(scope).get(pk=profile_id)
    if not may_edit(scope, profile):
        raise DomainError(not_yours())
    return profile


def not_yours() -> str:
    """Why a reseller may not change a platform's profile."""
    return _("This profile belongs to the platform: duplicate it to change it.")


def _check_currency(profile: LimitProfile, rows: Iterable[Values]) -> None:
    """A profile with price caps goes only to clients of its currency."""
    if any(has_money(values) for values in rows):
        others = ClientProfile.objects.filter(profile=profile).exclude(
            client__currency=profile.currency
        )
        if link := others.select_related("client").first():
            raise DomainError(
                _("%(client)s uses this profile and pays in %(currency)s: price caps need %(own)s.")
                % {
                    "client": link.client,
                    "currency": link.client.currency,
                    "own": profile.currency,
                }
            )


def has_money(values: Values) -> bool:
    """Whether a row says anything in a currency."""
    caps = (values.max_price_per_minute, values.max_setup_price, values.spend)
    return any(cap is not None for cap in caps)


def _write_rows(profile: LimitProfile, rows: Mapping[int, Values]) -> None:
    blank = [destination for destination, values in rows.items() if values == BLANK]
    LimitRow.objects.filter(profile=profile, destination_id__in=blank).delete()
    fields = ["minutes", "unlimited", "max_price_per_minute", "max_setup_price", "spend"]
    LimitRow.objects.bulk_create(
        [
            LimitRow(
                reseller_id=profile.reseller_id,
                profile=profile,
                destination_id=destination,
                **{field: getattr(values, field) for field in fields},
            )
            for destination, values in rows.items()
            if values != BLANK
        ],
        update_conflicts=True,
        unique_fields=["profile", "destination"],
        update_fields=fields,
    )
