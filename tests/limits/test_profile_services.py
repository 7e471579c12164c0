"""Making limit profiles, changing them and giving them to clients."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clients import tenancy
from clients.errors import Conflict, DomainError
from clients.models import Client, OutboxEntry
from clients.tenancy import PLATFORM
from limits import services
from limits.domain.effective import BLANK, Values
from limits.models import ClientProfile, Destination, LimitProfile, LimitRow, ListKind
from limits.selectors import (
    DEFAULT_PROFILE,
    client_limits,
    clients_of_profile,
    profile_prefixes,
    profile_rows,
    profiles_available,
    profiles_for,
    profiles_with_use,
)
from tests.limits.cast import AT, Cast

DEFAULT = {
    "UK/Geographic": 3000,
    "UK/Non-geographic": 3000,
    "UK/Mobile": 1000,
    "UK/Special services": 60,
    "UK/Short codes": 60,
    "International": 120,
}


def destination(path: str) -> int:
    return Destination.objects.get(path=path).pk


def make(cast: Cast, name: str = "Cautious", **rows: Values) -> LimitProfile:
    profile = services.profile_create(
        reseller_id=cast.top.pk, name=name, acting_user=None, scope=cast.scope, at=AT
    )
    return put(cast, profile, {path.replace("__", "/"): values for path, values in rows.items()})


def put(cast: Cast, profile: LimitProfile, rows: dict[str, Values]) -> LimitProfile:
    return services.profile_rows_set(
        profile_id=profile.pk,
        version=profile.version,
        rows={destination(path): values for path, values in rows.items()},
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )


def allocate(cast: Cast, *profiles: LimitProfile, client: Client | None = None) -> None:
    services.profile_allocate(
        client_id=(client or cast.client).pk,
        profile_ids=[profile.pk for profile in profiles],
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )


def queued(topic: str) -> list[dict[str, int]]:
    return list(OutboxEntry.objects.filter(topic=topic).values_list("payload", flat=True))


def test_the_default_profile_starts_restrictive(cast: Cast) -> None:
    with tenancy.writing(PLATFORM):
        profile = services.default_profile_insert(reseller=cast.top, at=AT)
    with tenancy.reading(cast.scope):
        rows = {row.destination.path: row for row in profile.rows.select_related("destination")}
    assert profile.name == DEFAULT_PROFILE
    assert {path: rows[path].minutes for path in DEFAULT} == DEFAULT
    assert rows["UK/Freephone"].unlimited
    countries = set(rows) - set(DEFAULT) - {"UK/Freephone"}
    assert len(countries) == 17
    assert {rows[path].minutes for path in countries} == {120}
    assert {"International/Europe/France", "International/North America/Canada"} <= countries
    assert not any("Isle of Man" in path for path in countries)


def test_rows_named_are_set_and_the_others_left(cast: Cast) -> None:
    profile = make(cast, UK__Mobile=Values(minutes=10), UK__Premium=Values(minutes=0))
    put(cast, fresh(cast, profile), {"UK/Mobile": Values(unlimited=True), "UK/Premium": BLANK})
    with tenancy.reading(cast.scope):
        assert profile_rows(cast.scope, profile) == {
            destination("UK/Mobile"): Values(unlimited=True)
        }


def fresh(cast: Cast, profile: LimitProfile) -> LimitProfile:
    with tenancy.reading(cast.scope):
        return LimitProfile.objects.get(pk=profile.pk)


def test_the_second_of_two_people_saving_is_told(cast: Cast) -> None:
    profile = make(cast)
    seen = fresh(cast, profile)
    put(cast, seen, {"UK/Mobile": Values(minutes=10)})
    with pytest.raises(Conflict):
        put(cast, seen, {"UK/Mobile": Values(minutes=20)})
    with tenancy.reading(cast.scope):
        assert profile_rows(cast.scope, profile)[destination("UK/Mobile")].minutes == 10


def test_a_spend_is_refused_and_nothing_is_stored(cast: Cast) -> None:
    with pytest.raises(DomainError) as refusal:
        make(cast, UK__Mobile=Values(minutes=10, spend=Decimal(5)))
    assert refusal.value.field == "spend"
    with tenancy.reading(cast.scope):
        assert not LimitRow.objects.exists()


def test_a_name_is_taken_once_in_a_reseller(cast: Cast) -> None:
    make(cast, "Same")
    with pytest.raises(DomainError) as refusal:
        make(cast, "Same")
    assert refusal.value.field == "name"


def test_a_copy_says_what_its_source_says(cast: Cast) -> None:
    source = make(cast, UK__Mobile=Values(minutes=10))
    services.profile_prefixes_set(
        profile_id=source.pk,
        version=fresh(cast, source).version,
        kind=ListKind.BLOCK,
        prefixes=["+4470", " 4470", ""],
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )
    copy = services.profile_copy(
        profile_id=source.pk,
        reseller_id=cast.below.pk,
        name="Copy",
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )
    with tenancy.reading(cast.scope):
        assert profile_rows(cast.scope, copy) == profile_rows(cast.scope, source)
        assert profile_prefixes(cast.scope, copy, ListKind.BLOCK) == ["4470"]
        assert copy.reseller_id == cast.below.pk


def test_what_is_no_prefix_is_refused_by_name(cast: Cast) -> None:
    profile = make(cast)
    with pytest.raises(DomainError, match="07x"):
        services.profile_prefixes_set(
            profile_id=profile.pk,
            version=fresh(cast, profile).version,
            kind=ListKind.ALLOW,
            prefixes=["44", "07x"],
            acting_user=None,
            scope=cast.scope,
            at=AT,
        )


def test_a_change_has_each_client_of_the_profile_published(cast: Cast) -> None:
    profile = make(cast)
    allocate(cast, profile)
    before = len(queued("policy.client"))
    put(cast, fresh(cast, profile), {"UK/Mobile": Values(minutes=10)})
    assert queued("policy.client")[before:] == [{"client_id": cast.client.pk}]


def test_a_client_has_the_profiles_it_was_given_and_no_others(cast: Cast) -> None:
    one, other = make(cast, "One", UK__Mobile=Values(minutes=9)), make(cast, "Other")
    allocate(cast, one, other)
    allocate(cast, one)
    with tenancy.reading(cast.scope):
        limits = client_limits(cast.scope, cast.client)
        assert list(ClientProfile.objects.values_list("profile__name", flat=True)) == ["One"]
        assert list(clients_of_profile(cast.scope, one)) == [cast.client]
    assert limits.effective.rows == {destination("UK/Mobile"): Values(minutes=9)}
    assert [profile.level for profile in limits.profiles] == [1]


def test_at_least_one_profile_is_needed(cast: Cast) -> None:
    with pytest.raises(DomainError) as refusal:
        allocate(cast)
    assert refusal.value.field == "limit_profiles"


def test_a_profile_of_another_reseller_is_refused(cast: Cast) -> None:
    foreign = services.profile_create(
        reseller_id=cast.below.pk, name="Below", acting_user=None, scope=cast.scope, at=AT
    )
    with pytest.raises(DomainError, match="reseller"):
        allocate(cast, foreign)


def test_price_caps_go_only_to_clients_of_their_currency(cast: Cast) -> None:
    capped = make(cast, UK=Values(max_price_per_minute=Decimal("0.1")))
    plain = make(cast, "Plain")
    with tenancy.writing(PLATFORM):
        client = Client.objects.create(
            reseller=cast.top, name="Euro", reference="EURO", currency="EUR"
        )
    with pytest.raises(DomainError, match="EUR"):
        allocate(cast, capped, client=client)
    allocate(cast, plain, client=client)
    with pytest.raises(DomainError, match="Euro"):
        put(cast, fresh(cast, plain), {"UK": Values(max_setup_price=Decimal(1))})


def test_a_client_keeps_its_currency_while_a_profile_has_prices_in_it(cast: Cast) -> None:
    allocate(cast, make(cast, UK=Values(max_price_per_minute=Decimal("0.1"))))
    with tenancy.writing(PLATFORM):
        cast.client.currency = "EUR"
        with pytest.raises(DomainError) as refusal:
            services.client_currency_check(client=cast.client)
        cast.client.currency = "GBP"
        services.client_currency_check(client=cast.client)
    assert refusal.value.field == "currency"


def test_a_reseller_uses_a_platform_profile_and_cannot_change_it(cast: Cast) -> None:
    shared = services.profile_create(
        reseller_id=None, name="Shared", acting_user=None, scope=PLATFORM, at=AT
    )
    allocate(cast, shared)
    with pytest.raises(DomainError, match="platform"):
        put(cast, shared, {"UK/Mobile": Values(minutes=10)})


def test_each_sees_its_own_profiles_and_the_platforms(cast: Cast) -> None:
    mine = make(cast, "Mine")
    shared = services.profile_create(
        reseller_id=None, name="Shared", acting_user=None, scope=PLATFORM, at=AT
    )
    with tenancy.reading(PLATFORM):  # the first wall alone: the second would let all through
        assert set(profiles_for(cast.scope)) == {mine, shared}
        assert set(profiles_for(cast.stranger_scope)) == {shared}
        assert set(profiles_available(cast.scope, cast.below)) == {shared}
        assert not profile_rows(cast.stranger_scope, mine)
        assert not profile_prefixes(cast.stranger_scope, mine, ListKind.BLOCK)
        assert not clients_of_profile(cast.stranger_scope, mine)
        listed = map(vars, profiles_with_use(cast.scope))
        assert [(row["name"], row["clients"]) for row in listed] == [("Shared", 0), ("Mine", 0)]
