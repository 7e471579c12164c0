"""Reads of destinations, limit profiles and what they come to for a client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Length

from clients.models import Client, Reseller
from clients.selectors import owned_by
from clients.tenancy import Scope
from limits.catalogue.shipped import number_plans
from limits.domain.effective import PLATFORM_LEVEL, Effective, Profile, Values, effective
from limits.domain.numbers import INVALID, Understood, understand
from limits.models import (
    ClientProfile,
    Destination,
    DestinationPrefix,
    LimitProfile,
    LimitRow,
    ListKind,
    ProfilePrefix,
)

RESELLER_LEVEL = PLATFORM_LEVEL + 1
DEFAULT_PROFILE = "DEFAULT_RESELLER_PROFILE"


# Destinations: the same for every tenant.


def destinations() -> QuerySet[Destination]:
    """Every node of the tree, in the order it is shown in: parents before their children."""
    return Destination.objects.all()


def destination_parents() -> dict[int, int | None]:
    """Each destination's id with its parent's."""
    return dict(Destination.objects.values_list("id", "parent_id"))


def destination_for_key(key: str) -> Destination | None:
    """The destination that owns the longest prefix of ``key`` (``limits.domain.numbers``)."""
    prefixes = [key[:length] for length in range(1, len(key) + 1)]
    found = (
        DestinationPrefix.objects.filter(prefix__in=prefixes)
        .select_related("destination")
        .order_by(Length("prefix").desc())
        .first()
    )
    return found.destination if found else None


def destination_for_number(dialled: str, country: str) -> tuple[Understood, Destination | None]:
    """What a number dialled in ``country`` (ISO) is, and where it goes."""
    plans = number_plans()
    understood = understand(dialled, country, plans) if country in plans.countries else INVALID
    return understood, destination_for_key(understood.key) if understood.key else None


def destinations_named(text: str) -> QuerySet[Destination]:
    """Destinations whose path holds ``text``, or whose country is that ISO code."""
    return Destination.objects.filter(Q(path__icontains=text) | Q(country__iexact=text))


def looks_like_number(text: str) -> bool:
    """Whether somebody who searches means a number rather than a name."""
    return any(c.isdigit() for c in text) and not any(c.isalpha() for c in text)


def destinations_found(text: str, country: str) -> set[int]:
    """Ids of the destinations that a name, or a number dialled in ``country``, means."""
    if looks_like_number(text):
        _understood, found = destination_for_number(text, country)
        return {found.pk} if found else set()
    return set(destinations_named(text).values_list("pk", flat=True))


# Profiles.


def profiles_for(scope: Scope) -> QuerySet[LimitProfile]:
    """Profiles that staff may see: those of their resellers, and the platform's."""
    seen = owned_by(scope)
    if scope.kind == "reseller":
        seen |= Q(reseller=None)
    return LimitProfile.objects.filter(seen)


def profiles_available(scope: Scope, reseller: Reseller) -> QuerySet[LimitProfile]:
    """Profiles that clients of ``reseller`` may be given: its own and the platform's."""
    return profiles_for(scope).filter(Q(reseller=reseller) | Q(reseller=None))


def may_edit(scope: Scope, profile: LimitProfile) -> bool:
    """Whether a profile belongs to what ``scope`` may change; a reseller only uses platform's."""
    if scope.kind == "platform":
        return True
    return scope.kind == "reseller" and profile.reseller_id in scope.reseller_ids


def profiles_with_use(scope: Scope) -> QuerySet[LimitProfile]:
    """``profiles_for`` with ``clients`` (how many of the scope's use it) and ``values``."""
    return (
        profiles_for(scope)
        .select_related("reseller")
        .annotate(
            clients=Count("client_links", distinct=True),
            values_count=Count("rows", distinct=True),
            first=Case(When(name=DEFAULT_PROFILE, then=Value(0)), default=Value(1)),
        )
        .order_by(F("reseller__name").asc(nulls_first=True), "first", "name")
    )


def profile_rows(scope: Scope, profile: LimitProfile) -> dict[int, Values]:
    """A profile's rows by destination id."""
    rows = LimitRow.objects.filter(profile__in=profiles_for(scope), profile=profile)
    return {row.destination_id: values_of(row) for row in rows}


def values_of(row: LimitRow) -> Values:
    """A row as the domain knows it."""
    return Values(
        minutes=row.minutes,
        unlimited=row.unlimited,
        max_price_per_minute=row.max_price_per_minute,
        max_setup_price=row.max_setup_price,
        spend=row.spend,
    )


def profile_prefixes(scope: Scope, profile: LimitProfile, kind: ListKind) -> list[str]:
    """The prefixes on one of a profile's lists."""
    listed = ProfilePrefix.objects.filter(
        profile__in=profiles_for(scope), profile=profile, kind=kind
    )
    return list(listed.order_by("prefix").values_list("prefix", flat=True))


def clients_of_profile(scope: Scope, profile: LimitProfile) -> QuerySet[Client]:
    """Clients of the scope that a profile is allocated to."""
    links = ClientProfile.objects.filter(owned_by(scope, client="client_id"), profile=profile)
    return Client.objects.filter(pk__in=links.values("client_id")).order_by("name")


def profiles_of_client(scope: Scope, client: Client) -> QuerySet[LimitProfile]:
    """The profiles allocated to a client."""
    links = ClientProfile.objects.filter(owned_by(scope, client="client_id"), client=client)
    return LimitProfile.objects.filter(pk__in=links.values("profile_id")).order_by("name")


# What they come to.


@dataclass(frozen=True)
class ClientLimits:
    """A client's allocated profiles, and what they come to taken together."""

    profiles: tuple[Profile, ...]
    effective: Effective


def client_limits(scope: Scope, client: Client) -> ClientLimits:
    """What a client's profiles come to."""
    profiles = domain_profiles(profiles_of_client(scope, client))
    return ClientLimits(profiles, effective(profiles, destination_parents()))


def domain_profiles(profiles: Iterable[LimitProfile]) -> tuple[Profile, ...]:
    """Profiles with their rows and lists as the domain knows them."""
    profiles = list(profiles)
    rows: dict[int, dict[int, Values]] = {profile.pk: {} for profile in profiles}
    lists: dict[tuple[int, str], set[str]] = {}
    for row in LimitRow.objects.filter(profile__in=profiles):
        rows[row.profile_id][row.destination_id] = values_of(row)
    for listed in ProfilePrefix.objects.filter(profile__in=profiles):
        lists.setdefault((listed.profile_id, listed.kind), set()).add(listed.prefix)
    return tuple(
        Profile(
            level=PLATFORM_LEVEL if profile.reseller_id is None else RESELLER_LEVEL,
            rows=rows[profile.pk],
            block=frozenset(lists.get((profile.pk, ListKind.BLOCK), ())),
            allow=frozenset(lists.get((profile.pk, ListKind.ALLOW), ())),
        )
        for profile in profiles
    )
