"""The panel “What this allows each day”."""

import pytest
from django.test import Client as Browser

from clients import tenancy
from clients.tenancy import PLATFORM
from clients.views.figures import Figures, Line, figures
from limits.models import Destination, LimitProfile, LimitRow
from tests.clients.people import AT, People


def panel(people: People, *profiles: LimitProfile, days: object = 30) -> Figures:
    with tenancy.reading(people.scope):
        return figures(people.scope, people.reseller, [str(p.pk) for p in profiles], days)


def line(found: Figures, heading: str, name: str) -> Line:
    return next(each for each in dict(found.groups)[heading] if each.name == name)


def profile(people: People, name: str, **minutes: int) -> LimitProfile:
    with tenancy.writing(PLATFORM):
        made = LimitProfile.objects.create(reseller=people.reseller, name=name, created_at=AT)
        for path, value in minutes.items():
            LimitRow.objects.create(
                reseller=people.reseller,
                profile=made,
                destination=Destination.objects.get(path=f"UK/{path}"),
                minutes=value,
            )
    return made


@pytest.mark.parametrize(("days", "seconds"), [(30, 2000), ("30", 2000), ("24", 2500), ("x", 2000)])
def test_mobile_is_a_thirtieth_or_a_twenty_fourth_of_a_thousand_minutes(people, days, seconds):
    found = panel(people, people.profile, days=days)
    assert found.example
    assert (found.example.name, found.example.monthly) == ("Mobile", 1000)
    assert found.example.seconds == seconds


def test_the_default_profile_reads_as_it_begins(people):
    found = panel(people, people.profile)
    assert line(found, "UK", "Freephone").unlimited
    assert line(found, "UK", "Premium").seconds is None
    assert line(found, "International", "All of International together").monthly == 120
    countries = [each for each in dict(found.groups)["International"] if each.monthly == 120]
    assert any("France" in each.names and len(each.names) == 17 for each in countries)


def test_the_stricter_profile_is_named(people):
    office = profile(people, "OFFICE", Mobile=300, Geographic=9000)
    found = panel(people, people.profile, office)
    mobile = line(found, "UK", "Mobile")
    assert (mobile.monthly, mobile.note) == (300, "OFFICE is the stricter")
    assert line(found, "UK", "Geographic").note == "DEFAULT_RESELLER_PROFILE is the stricter"
    assert line(found, "UK", "Short codes").note == ""


def test_without_a_profile_all_is_barred(people):
    found = panel(people)
    assert found.example is None
    assert {each.seconds for _name, lines in found.groups for each in lines} == {None}


def test_a_profile_of_a_stranger_counts_nothing(people):
    with tenancy.reading(PLATFORM):
        foreign = LimitProfile.objects.get(reseller=people.stranger)
    assert panel(people, foreign).example is None


def test_the_panel_answers_alone_as_the_person_chooses(people):
    web = Browser()
    web.force_login(people.owner)
    address = f"/resellers/{people.reseller.pk}/daily-figures/"
    asked = {"additional-limit_profiles": [people.profile.pk], "additional-working_schedule": "24"}
    page = web.get(address, asked).content.decode()
    assert "1000 min ÷ 24" in page
    assert "41.67 min" in page
    odd = {"additional-limit_profiles": ["x", "9" * 40, "-1"], "additional-working_schedule": "7"}
    assert web.get(address, odd).status_code == 200
