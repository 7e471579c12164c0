"""The wizard, as a browser without JavaScript uses it."""

from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as Browser

from clients import tenancy
from clients.errors import DomainError
from clients.models import Client, Membership, Reseller, User
from clients.roles import Role
from clients.tasks import clear_outbox
from clients.tenancy import PLATFORM
from limits.models import LimitProfile
from rates.models import Rate, RateTable
from tests.clients.people import ADDRESS, AT, BILLING, GENERAL, People

STEPS = ("new-client", "general", "additional", "billing", "address")


class Run:
    """One run of the wizard in a browser."""

    def __init__(self, web: Browser, people: People) -> None:
        self.web = web
        self.typed: dict[str, dict[str, Any]] = {
            "new-client": {},
            "general": dict(GENERAL),
            "additional": people.additional,
            "billing": dict(BILLING),
            "address": dict(ADDRESS),
        }
        answer: Any = web.get("/clients/new/", {"reseller": people.reseller.pk})
        assert answer.status_code == 302
        path, _question, self.query = answer.url.partition("?")
        self.base = path.removesuffix("new-client/")

    def get(self, step: str) -> Any:
        return self.web.get(f"{self.base}{step}/?{self.query}")

    def post(self, step: str, **extra: Any) -> Any:
        data = {f"{step}-{name}": value for name, value in self.typed[step].items()}
        return self.web.post(f"{self.base}{step}/?{self.query}", data | extra)

    def next(self, step: str) -> Any:
        answer = self.post(step)
        assert answer.status_code == 302, answer.context["form"].errors
        return answer

    def through(self, *steps: str) -> None:
        for step in steps:
            self.next(step)

    def errors(self, step: str, **typed: Any) -> Any:
        self.typed[step] |= typed
        answer = self.post(step)
        assert answer.status_code == 422
        return answer.context["form"].errors


@pytest.fixture
def web(people: People) -> Browser:
    web = Browser()
    web.force_login(people.owner)
    return web


@pytest.fixture
def run(web: Browser, people: People) -> Run:
    return Run(web, people)


def clients() -> list[Client]:
    with tenancy.reading(PLATFORM):
        return list(Client.objects.order_by("id"))


def step_of(answer: Any) -> str:
    return str(urlsplit(answer.url).path.rstrip("/").rpartition("/")[2])


def test_five_steps_make_a_client_and_nothing_before_create(run, people):
    with tenancy.writing(PLATFORM):
        Reseller.objects.filter(pk=people.reseller.pk).update(time_zone="Asia/Tokyo")
    for step, following in pairwise(STEPS):
        assert run.get(step).status_code == 200
        assert step_of(run.next(step)) == following
        assert clients() == []
    page = run.get("address")
    assert "Thornbury Instruments Ltd, THORN01" in page.content.decode()
    answer = run.next("address")
    (client,) = clients()
    assert answer.url == f"/clients/{client.pk}/"
    assert client.reseller_id == people.reseller.pk
    assert client.phone == "+44 113 496 0142"
    assert client.address_postcode == "LS3 1LH"
    assert client.high_price_amount == Decimal("0.5")
    page = run.web.get(answer.url)
    when = client.created_at.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%H:%M:%S")
    assert f"Created beneath Calder Telecom at {when}." in page.content.decode()


def test_the_first_step_names_the_reseller(run):
    assert "beneath <strong>Calder Telecom</strong>" in run.get("new-client").content.decode()


def test_a_reload_shows_what_was_typed(run):
    run.through("new-client", "general")
    for _reload in range(2):
        page = run.get("general").content.decode()
        assert 'value="Thornbury Instruments Ltd"' in page


def test_back_keeps_what_was_typed_without_complaint(run):
    run.through("new-client")
    run.typed["general"] |= {"name": "Half a na", "email": "not an address"}
    answer = run.post("general", wizard_goto_step="new-client")
    assert step_of(answer) == "new-client"
    page = run.get("general")
    assert 'value="Half a na"' in page.content.decode()
    assert 'value="not an address"' in page.content.decode()
    assert not page.context["form"].errors


def test_a_refused_next_keeps_what_was_typed(run):
    run.through("new-client")
    run.errors("general", name="Half a na", email="not an address")
    page = run.get("general").content.decode()
    assert 'value="Half a na"' in page
    assert 'value="not an address"' in page
    assert step_of(run.get("additional")) == "general"


def test_a_later_step_is_reached_through_the_earlier_ones(run):
    assert step_of(run.get("billing")) == "new-client"
    run.through("new-client")
    assert step_of(run.get("billing")) == "general"


def test_two_tabs_never_mix(web, people):
    one, two = Run(web, people), Run(web, people)
    two.typed["general"] |= {"name": "Second Ltd", "reference": "SECOND"}
    for step in STEPS[:-1]:
        one.next(step)
        two.next(step)
    two.next("address")
    one.next("address")
    assert [client.name for client in clients()] == ["Second Ltd", "Thornbury Instruments Ltd"]


def test_create_pressed_twice_makes_one_client(run):
    run.through(*STEPS)
    (client,) = clients()
    again = run.post("address")
    assert again.url == f"/clients/{client.pk}/"
    assert run.get("general").url == again.url
    assert len(clients()) == 1


def test_a_changed_currency_keeps_later_steps(run):
    run.through("new-client", "general", "additional", "billing")
    run.typed["general"]["currency"] = "EUR"
    run.next("general")
    page = run.get("additional")
    assert not page.context["form"].errors
    run.through("address")
    assert clients()[0].currency == "EUR"


def test_a_profile_that_vanished_is_told_at_its_field_when_create_is_pressed(run, people):
    with tenancy.writing(PLATFORM):
        other = LimitProfile.objects.create(reseller=people.reseller, name="OFFICE", created_at=AT)
    run.typed["additional"]["limit_profiles"] += [str(other.pk)]
    run.through("new-client", "general", "additional", "billing")
    with tenancy.writing(PLATFORM):
        other.delete()
    assert step_of(run.post("address")) == "additional"
    page = run.get("additional")
    assert "limit_profiles" in page.context["form"].errors
    assert "Not created yet" in page.content.decode()
    assert clients() == []
    run.typed["additional"] = people.additional
    run.through("additional", "address")
    assert len(clients()) == 1


def test_a_reference_taken_meanwhile_is_told_at_its_field(run, people):
    run.through("new-client", "general", "additional", "billing")
    people.client(reference="thorn01")
    assert step_of(run.post("address")) == "general"
    page = run.get("general")
    assert page.context["form"].errors["reference"] == [
        "THORN01 is already the reference of Acme Ltd."
    ]


def test_the_two_lists_work_without_javascript(run, people):
    with tenancy.writing(PLATFORM):
        office = LimitProfile.objects.create(reseller=people.reseller, name="OFFICE", created_at=AT)
    run.through("new-client", "general")
    page = run.get("additional")
    assert page.context["form"]["limit_profiles"].value() == [str(people.profile.pk)]
    picked = {"additional-limit_profiles_picked": [str(office.pk)]}
    answer = run.post("additional", **picked, **{"additional-limit_profiles_move": "add"})
    assert step_of(answer) == "additional"
    page = run.get("additional")
    both = [str(people.profile.pk), str(office.pk)]
    assert page.context["form"]["limit_profiles"].value() == both
    run.typed["additional"]["limit_profiles"] = both
    answer = run.post("additional", **{"additional-limit_profiles_move": "remove-all"})
    page = run.get("additional")
    assert page.context["form"]["limit_profiles"].value() == []
    assert not page.context["form"].errors
    assert "limit_profiles" in run.errors("additional", limit_profiles=[])


def test_cancel_forgets_the_run(run):
    run.through("new-client", "general")
    assert run.post("additional", cancel="1").url == "/"
    assert step_of(run.get("general")) == "new-client"
    assert clients() == []


def test_a_stranger_cannot_add_to_this_reseller(people):
    web = Browser()
    web.force_login(people.stranger_owner)
    answer: Any = web.get("/clients/new/", {"reseller": people.reseller.pk})
    assert answer.status_code == 404


def test_a_run_is_known_only_to_the_person_who_began_it(run, people):
    run.through("new-client", "general")
    colleague = User.objects.create_user("colleague@calder.example")
    with tenancy.writing(PLATFORM):
        Membership.objects.create(user=colleague, reseller=people.reseller, role=Role.OWNER)
    web = Browser()
    web.force_login(colleague)
    assert web.get(f"{run.base}general/").status_code == 404
    assert web.post(f"{run.base}general/").status_code == 404


def test_looking_at_the_first_step_stores_nothing_and_old_runs_are_cleared(run):
    before = Session.objects.count()
    run.get("new-client")
    assert Session.objects.count() == before
    run.through("new-client", "general")
    assert Session.objects.count() == before + 1
    Session.objects.filter(session_key__startswith="run").update(expire_date=AT)
    assert run.get("billing").status_code == 302
    clear_outbox()
    assert Session.objects.count() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("email", "x" * 300 + "@example.com"),
        ("name", "a\x07b"),
        ("name", "a\u202eb"),
        ("contact_name", "a\u2066b"),
        ("reference", ""),
        ("reference", "two words"),
        ("reference", "../etc"),
        ("reference", "X" * 33),
        ("email", ""),
        ("email", "nobody"),
        ("email", "a@exam\u202eple.com"),
        ("phone", "nothing"),
        ("phone", "12"),
        ("phone", "+44 113 496 0142 9999 9999"),
        ("phone", "+999 12345678"),
        ("country", ""),
        ("country", "XX"),
        ("time_zone", ""),
        ("time_zone", "Europe/Leeds"),
        ("currency", ""),
        ("currency", "Gold"),
        ("rate_table", "999999"),
        ("trunk_name", ""),
        ("trunk_name", "x" * 81),
        ("trunk_capacity", "-1"),
        ("trunk_capacity", "ten"),
        ("trunk_capacity", "٣"),
        ("trunk_capacity", "1_0"),
        ("trunk_capacity", "99999999999999999999"),
    ],
)
def test_general_tells_bad_input_at_its_field_and_keeps_it(run, field, value):
    run.through("new-client")
    assert list(run.errors("general", **{field: value})) == [field]
    assert clients() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit_profiles", []),
        ("limit_profiles", ["999999"]),
        ("long_call_minutes", ""),
        ("long_call_minutes", "0"),
        ("long_call_minutes", "181"),
        ("long_call_minutes", "2.5"),
        ("long_call_minutes", "١٨٠"),
        ("high_price_amount", "-0.01"),
        ("high_price_amount", "NaN"),
        ("high_price_amount", "٣"),
        ("high_price_amount", "1_0"),
        ("high_price_amount", "0.1234567"),
        ("high_price_amount", "1" * 30),
        ("working_schedule", ""),
        ("working_schedule", "31"),
    ],
)
def test_additional_tells_bad_input_at_its_field(run, field, value):
    run.through("new-client", "general")
    assert list(run.errors("additional", **{field: value})) == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"billing_email": ""}, "billing_email"),
        ({"billing_email": "a@b"}, "billing_email"),
        ({"billing_mode": "never"}, "billing_mode"),
        ({"credit_limit": "-1"}, "credit_limit"),
        ({"credit_limit": "much"}, "credit_limit"),
        ({"billing_mode": "prepaid", "credit_limit": "5"}, "credit_limit"),
    ],
)
def test_billing_tells_bad_input_at_its_field(run, changes, field):
    run.through("new-client", "general", "additional")
    assert list(run.errors("billing", **changes)) == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address_line1": ""}, "address_line1"),
        ({"address_line2": "x" * 121}, "address_line2"),
        ({"address_city": ""}, "address_city"),
        ({"address_postcode": ""}, "address_postcode"),
        ({"address_postcode": "LS3 1L"}, "address_postcode"),
        ({"address_country": "ZZ"}, "address_country"),
    ],
)
def test_address_tells_bad_input_at_its_field(run, changes, field):
    run.through("new-client", "general", "additional", "billing")
    assert list(run.errors("address", **changes)) == [field]
    assert clients() == []


def test_a_postcode_is_free_text_abroad(run):
    run.typed["address"] |= {"address_postcode": "", "address_country": "IE"}
    run.through(*STEPS)
    assert clients()[0].address_postcode == ""


def test_a_time_zone_is_found_by_its_city_and_a_currency_by_its_name(run):
    run.typed["general"] |= {"time_zone": "new york", "currency": "us dollar", "country": "US"}
    run.typed["general"]["phone"] = "+1 212 555 0100"
    run.through(*STEPS)
    assert (clients()[0].time_zone, clients()[0].currency) == ("America/New_York", "USD")


def told(page: Any) -> list[str]:
    """The obstacles a page tells of, by their codes."""
    return [each["sentence"].partition(":")[0] for each in page.context["obstacles"]]


def default_table_has_rates(people: People) -> None:
    with tenancy.writing(PLATFORM):
        table = RateTable.objects.get(reseller=people.reseller)
        rate = {"prefix": "44", "price_per_minute": "0.01", "effective_from": AT}
        Rate.objects.create(reseller=people.reseller, table=table, **rate)


def test_a_step_tells_what_will_refuse_every_call_and_holds_nobody_up(run, people):
    default_table_has_rates(people)
    run.through("new-client", "general")
    assert told(run.get("additional")) == []
    run.typed["general"]["currency"] = "EUR"
    run.typed["billing"]["billing_mode"] = "prepaid"
    run.next("general")
    page = run.get("additional")
    assert told(page) == ["Calls are refused with 203"]
    assert "Choose a rate table in EUR." in page.content.decode()
    run.through("additional", "billing")
    assert told(run.get("address")) == ["Calls are refused with 203", "Calls are refused with 110"]
    assert told(run.get("general")) == ["Calls are refused with 203", "Calls are refused with 110"]
    answer = run.next("address")
    page = run.web.get(answer.url)
    assert told(page) == ["Calls are refused with 203", "Calls are refused with 110"]
    (client,) = clients()
    for area in ("general", "billing"):
        assert f"/clients/{client.pk}/options/{area}/edit/" in page.content.decode()


def test_an_empty_rate_table_is_told(run):
    run.through("new-client", "general")
    page = run.get("additional")
    assert told(page) == ["Calls are refused with 203"]
    assert "is empty" in page.content.decode()


def test_a_run_left_too_long_leads_to_a_new_one(run, people):
    run.through("new-client", "general")
    Session.objects.filter(session_key__startswith="run").delete()
    run.query = ""
    for answer in (run.get("additional"), run.post("additional")):
        assert answer.status_code == 404
        page = answer.content.decode()
        assert "This Add Client was left too long ago" in page
        assert f"/clients/new/?reseller={people.reseller.pk}" in page


def test_a_create_that_a_service_refuses_keeps_the_last_step_too(run, people, monkeypatch):
    def refuse(**_given: Any) -> None:
        raise DomainError("This reference is already used by another client.", field="reference")

    run.through("new-client", "general", "additional", "billing")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("clients.views.add_client.client_create", refuse)
        answer = run.post("address")
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reference"]
    assert step_of(run.get("address")) == "general"
    run.next("general")
    assert 'value="Unit 4, Kirkstall Works"' in run.get("address").content.decode()
    run.next("address")
    assert len(clients()) == 1
