"""Resellers and clients made whole, or not at all."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Account, OutboundEmail
from accounts.secrets import ha1
from clients import tenancy
from clients.errors import DomainError
from clients.models import Client, Membership, OutboxEntry, Reseller, WorkingDay
from clients.onboarding.services import client_create, reseller_create
from clients.roles import Role
from clients.tenancy import PLATFORM
from limits.models import ClientProfile
from rates.models import ResellerRates
from tests.clients.people import AT, People


def topics() -> list[str]:
    return list(OutboxEntry.objects.order_by("id").values_list("topic", flat=True))


def create(people: People, **changes):
    arguments: dict[str, Any] = {
        "reseller_id": people.reseller.pk,
        "creation_key": uuid4(),
        "values": {"name": "Acme Ltd", "reference": "ACME", "email": "trunks@acme.example"},
        "limit_profiles": [people.profile],
        "rate_table": None,
        "trunk_name": "Main trunk",
        "trunk_capacity": 10,
        "acting_user": people.owner,
        "scope": people.scope,
        "at": AT,
    }
    return client_create(**(arguments | changes))


def test_a_reseller_starts_with_a_profile_a_rate_table_and_an_invited_owner(people):
    with tenancy.reading(PLATFORM):
        assert people.profile.name == "DEFAULT_RESELLER_PROFILE"
        rates = ResellerRates.objects.get(reseller=people.reseller)
        assert rates.default_table
        assert rates.default_table.name == "Default"
        membership = Membership.objects.get(reseller=people.reseller)
    assert membership.role == Role.OWNER
    assert not membership.user.has_usable_password()
    assert "user.invite" in topics()


def test_top_level_resellers_take_the_least_used_shard_and_a_child_its_parents(people):
    assert people.reseller.shard == 0
    assert people.stranger.shard == 1
    child = reseller_create(
        parent_id=people.stranger.pk,
        email="",
        values={"name": "Below", "reference": "BELOW"},
        acting_user=None,
        scope=PLATFORM,
        at=AT,
    )
    assert child.shard == 1


def test_a_reseller_reference_is_taken_whatever_its_case(people):
    with pytest.raises(DomainError) as refusal:
        reseller_create(
            parent_id=None,
            email="",
            values={"name": "Again", "reference": "calder"},
            acting_user=None,
            scope=PLATFORM,
            at=AT,
        )
    assert refusal.value.field == "reference"
    with tenancy.reading(PLATFORM):
        assert Reseller.objects.count() == 2


def test_a_client_comes_with_working_days_profiles_an_account_and_one_mail(people):
    made = create(people)
    assert made.is_new
    with tenancy.reading(people.scope):
        client = Client.objects.get()
        days = {day.day: day for day in WorkingDay.objects.filter(client=client)}
        account = Account.objects.get()
        mail = OutboundEmail.objects.get()
        assert ClientProfile.objects.get().profile_id == people.profile.pk
    assert len(days) == 8
    assert days[4].intervals == [["08:30", "17:30"]]
    assert [days[day].intervals for day in (5, 6, 7)] == [[], [], []]
    assert {day.off_hours_percent for day in days.values()} == {100}
    assert account.sip_username
    assert account.password
    assert account.sip_username.startswith("acme-")
    assert account.orig_capacity == 10
    md5, sha256 = ha1(account.sip_username, account.realm, account.password)
    assert (account.ha1_md5, account.ha1_sha256) == (md5, sha256)
    assert mail.recipient == "trunks@acme.example"
    assert "policy.client" in topics()
    assert topics().count("mail.send") == 1


def test_the_24_day_schedule_begins_with_weekends_at_nothing(people):
    values = {"name": "A", "reference": "A", "email": "a@a.example", "working_schedule": 24}
    create(people, values=values)
    with tenancy.reading(people.scope):
        percent = dict(WorkingDay.objects.values_list("day", "off_hours_percent"))
    assert percent == {0: 100, 1: 100, 2: 100, 3: 100, 4: 100, 5: 0, 6: 0, 7: 100}


def test_the_same_creation_key_makes_one_client(people):
    key = uuid4()
    first = create(people, creation_key=key)
    again = create(people, creation_key=key)
    assert (again.client, again.account, again.is_new) == (first.client, first.account, False)
    with tenancy.reading(people.scope):
        assert Client.objects.count() == 1
        assert OutboundEmail.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit_profiles": []}, "limit_profiles"),
        ({"values": {"name": "A", "reference": "A", "email": ""}}, "email"),
        (
            {
                "values": {
                    "name": "A",
                    "reference": "A",
                    "email": "a@a.example",
                    "long_call_minutes": 181,
                }
            },
            "long_call_minutes",
        ),
    ],
)
def test_a_refused_client_leaves_nothing_behind(people, changes, field):
    before = topics()
    with pytest.raises(DomainError) as refusal:
        create(people, **changes)
    assert refusal.value.field == field
    with tenancy.reading(PLATFORM):
        assert not Client.objects.exists()
        assert not Account.objects.exists()
        assert not OutboundEmail.objects.exists()
    assert topics() == before


def test_a_reference_is_unique_beneath_its_reseller_only(people):
    create(people)
    with pytest.raises(DomainError) as refusal:
        create(people)
    assert refusal.value.field == "reference"
    with tenancy.reading(PLATFORM):
        profile = people.stranger.limit_profiles.get()
    create(
        people,
        reseller_id=people.stranger.pk,
        limit_profiles=[profile],
        scope=PLATFORM,
        acting_user=None,
    )


def test_a_profile_of_another_reseller_is_refused(people):
    with tenancy.reading(PLATFORM):
        foreign = people.stranger.limit_profiles.get()
    with pytest.raises(DomainError) as refusal:
        create(people, limit_profiles=[foreign])
    assert refusal.value.field == "limit_profiles"
