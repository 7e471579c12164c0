"""Options → area → Edit → Save, and what bears on a client's status and people."""

from typing import Any

import pytest
from django.test import Client as Browser

from clients import tenancy
from clients.forms.working_time import WorkingTimeForm
from clients.models import Client, Membership, OutboxEntry, Status, User, WorkingDay
from clients.roles import Role
from clients.services.clients import client_update, working_time_set
from clients.services.users import invite
from clients.tenancy import PLATFORM
from limits.models import ClientProfile, LimitProfile, LimitRow
from rates.models import ClientRates, RateTable
from tests.clients.people import ADDRESS, AT, BILLING, GENERAL, People

EDITED = {name: value for name, value in GENERAL.items() if not name.startswith("trunk_")}


@pytest.fixture
def client(people: People) -> Client:
    return people.client()


@pytest.fixture
def web(people: People) -> Browser:
    web = Browser()
    web.force_login(people.owner)
    return web


def stored(client: Client) -> Client:
    with tenancy.reading(PLATFORM):
        return Client.objects.get(pk=client.pk)


def edit(web: Browser, client: Client, area: str, typed: dict[str, Any], **extra: Any) -> Any:
    version = extra.pop("version", stored(client).version)
    address = f"/clients/{client.pk}/options/{area}/edit/"
    return web.post(address, typed | {"version": version} | extra)


def working_time(**changes: str) -> dict[str, str]:
    typed = {f"intervals_{day}": "08:30-17:30" if day < 5 else "" for day in range(8)}
    return typed | {f"percent_{day}": "100" for day in range(8)} | changes


@pytest.mark.parametrize(
    ("area", "shows"),
    [
        ("general", "trunks@acme.example"),
        ("additional", "30 days, with weekends"),
        ("working-time", "08:30–17:30"),
        ("limits", "DEFAULT_RESELLER_PROFILE"),
        ("billing", "Postpaid"),
        ("address", "Postcode"),
        ("users", "owner@calder.example"),
    ],
)
def test_each_area_shows_what_is_stored(web, client, area, shows):
    page = web.get(f"/clients/{client.pk}/options/{area}/")
    assert page.status_code == 200
    assert shows in page.content.decode()


def test_money_is_shown_with_its_currency(web, client):
    edit(web, client, "billing", BILLING | {"credit_limit": "1234.5"})
    assert "£1,234.50" in web.get(f"/clients/{client.pk}/options/billing/").content.decode()
    assert (
        'value="1234.50"' in web.get(f"/clients/{client.pk}/options/billing/edit/").content.decode()
    )


def test_an_unknown_area_is_not_found(web, client):
    assert web.get(f"/clients/{client.pk}/options/money/").status_code == 404


def test_general_is_saved_with_its_rate_table(web, client, people):
    with tenancy.writing(PLATFORM):
        table = RateTable.objects.create(reseller=people.reseller, name="Retail", created_at=AT)
    before = OutboxEntry.objects.filter(topic="policy.client").count()
    answer = edit(web, client, "general", EDITED | {"rate_table": table.pk, "capacity": "20"})
    assert answer.url == f"/clients/{client.pk}/options/general/"
    after = stored(client)
    assert (after.name, after.capacity, after.version) == ("Thornbury Instruments Ltd", 20, 2)
    with tenancy.reading(PLATFORM):
        assert ClientRates.objects.get(client=client).table_id == table.pk
    assert OutboxEntry.objects.filter(topic="policy.client").count() > before
    edit(web, client, "general", EDITED)
    with tenancy.reading(PLATFORM):
        assert not ClientRates.objects.filter(client=client).exists()


def test_a_currency_is_not_changed_under_a_rate_table_of_another(web, client, people):
    with tenancy.writing(PLATFORM):
        table = RateTable.objects.create(reseller=people.reseller, name="Retail", created_at=AT)
    answer = edit(web, client, "general", EDITED | {"rate_table": table.pk, "currency": "EUR"})
    assert "Retail is in GBP" in answer.context["form"].errors["rate_table"][0]
    assert stored(client).currency == "GBP"


def test_a_currency_is_not_changed_under_a_profile_with_prices(web, client, people):
    with tenancy.writing(PLATFORM):
        LimitRow.objects.filter(profile=people.profile).update(max_price_per_minute="0.25")
    answer = edit(web, client, "general", EDITED | {"currency": "EUR"})
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert stored(client).currency == "GBP"


@pytest.mark.parametrize(
    ("area", "typed", "field"),
    [
        ("general", EDITED | {"email": "nobody"}, "email"),
        ("general", EDITED | {"capacity": "-1"}, "capacity"),
        ("additional", {"long_call_minutes": "181", "working_schedule": "30"}, "long_call_minutes"),
        ("billing", BILLING | {"billing_email": ""}, "billing_email"),
        ("address", ADDRESS | {"address_postcode": "LS3"}, "address_postcode"),
        ("limits", {}, "limit_profiles"),
        ("working-time", working_time(intervals_0="9 to 5"), "intervals_0"),
        ("working-time", working_time(intervals_0="09:00-25:00"), "intervals_0"),
        ("working-time", working_time(intervals_0="17:00-09:00"), "intervals_0"),
        ("working-time", working_time(intervals_0="09:00-12:00, 11:00-13:00"), "intervals_0"),
        ("working-time", working_time(percent_7="101"), "percent_7"),
        ("working-time", working_time(percent_7=""), "percent_7"),
    ],
)
def test_bad_input_is_told_at_its_field_and_nothing_is_stored(web, client, area, typed, field):
    answer = edit(web, client, area, typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert stored(client).version == 1


def test_the_second_of_two_who_save_is_told_and_keeps_the_text(web, client, people):
    edit(web, client, "billing", BILLING | {"billing_email": "theirs@acme.example"})
    mine = BILLING | {"billing_email": "mine@acme.example"}
    answer = edit(web, client, "billing", mine, version=1)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert "Somebody else has saved this" in answer.content.decode()
    assert form["billing_email"].value() == "mine@acme.example"
    assert form.errors["billing_email"] == ["Stored meanwhile: theirs@acme.example"]
    assert stored(client).billing_email == "theirs@acme.example"
    again = edit(web, client, "billing", mine, version=form["version"].value())
    assert again.status_code == 302
    assert stored(client).billing_email == "mine@acme.example"


def percents(client: Client) -> dict[int, int]:
    with tenancy.reading(PLATFORM):
        days = WorkingDay.objects.filter(client=client)
        return dict(days.values_list("day", "off_hours_percent"))


def test_the_weekend_follows_the_schedule_unless_somebody_chose_otherwise(client, people):
    def schedule(days: int) -> None:
        client_update(
            client_id=client.pk,
            area="additional",
            version=stored(client).version,
            values={"working_schedule": days},
            acting_user=people.owner,
            scope=people.scope,
            at=AT,
        )

    schedule(24)
    assert (percents(client)[4], percents(client)[5], percents(client)[6]) == (100, 0, 0)
    schedule(30)
    assert (percents(client)[5], percents(client)[6]) == (100, 100)
    schedule(24)
    days = WorkingTimeForm(working_time(percent_5="50", percent_6="0"))
    assert days.is_valid()
    working_time_set(
        client_id=client.pk,
        version=stored(client).version,
        days=days.days(),
        bar_high_price_off_hours=False,
        bar_international_off_hours=False,
        acting_user=people.owner,
        scope=people.scope,
        at=AT,
    )
    schedule(30)
    assert (percents(client)[5], percents(client)[6]) == (50, 100)


def test_working_time_is_saved_as_it_was_written(web, client):
    typed = working_time(intervals_0="13:00–17.30; 8:30-12:00", intervals_5="00:00-24:00")
    typed |= {"percent_0": "50", "bar_international_off_hours": "on"}
    assert edit(web, client, "working-time", typed).status_code == 302
    with tenancy.reading(PLATFORM):
        days = {day.day: day for day in WorkingDay.objects.filter(client=client)}
    assert days[0].intervals == [["08:30", "12:00"], ["13:00", "17:30"]]
    assert days[0].off_hours_percent == 50
    assert days[5].intervals == [["00:00", "24:00"]]
    after = stored(client)
    assert (after.bar_high_price_off_hours, after.bar_international_off_hours) == (False, True)


def test_limits_are_moved_without_javascript_and_saved(web, client, people):
    with tenancy.writing(PLATFORM):
        office = LimitProfile.objects.create(reseller=people.reseller, name="OFFICE", created_at=AT)
    first = str(people.profile.pk)
    moved = edit(
        web,
        client,
        "limits",
        {"limit_profiles": [first], "limit_profiles_picked": [str(office.pk)]},
        limit_profiles_move="add",
    )
    assert moved.status_code == 200
    assert moved.context["form"]["limit_profiles"].value() == [first, str(office.pk)]
    assert edit(web, client, "limits", {"limit_profiles": [str(office.pk)]}).status_code == 302
    with tenancy.reading(PLATFORM):
        assert ClientProfile.objects.get(client=client).profile_id == office.pk


def test_the_schedule_page_shows_the_figures_of_the_clients_profiles(web, client):
    page = web.get(f"/clients/{client.pk}/options/additional/edit/").content.decode()
    assert "1000 min ÷ 30" in page


def test_suspending_keeps_reason_person_and_time_and_publishes(web, client, people):
    address = f"/clients/{client.pk}/status/"
    assert web.post(address, {"status": "suspended", "reason": ""}).status_code == 422
    before = OutboxEntry.objects.filter(topic="policy.client").count()
    assert web.post(address, {"status": "suspended", "reason": "unpaid"}).status_code == 302
    after = stored(client)
    assert (after.status, after.status_reason) == (Status.SUSPENDED, "unpaid")
    assert after.status_by_id == people.owner.pk
    assert OutboxEntry.objects.filter(topic="policy.client").count() == before + 1
    assert "unpaid" in web.get(address).content.decode()
    assert 'name="status" value="active"' in web.get(address).content.decode()
    web.post(address, {"status": "active", "reason": "paid"})
    assert stored(client).status == Status.ACTIVE


def test_suspend_pressed_twice_suspends_once(web, client):
    address = f"/clients/{client.pk}/status/"
    for _press in range(2):
        typed = {"status": "suspended", "reason": "unpaid"}
        assert web.post(address, typed).status_code == 302
    after = stored(client)
    assert (after.status, after.version) == (Status.SUSPENDED, client.version + 1)


def test_a_person_of_the_client_is_invited_and_only_looks(web, client):
    address = f"/clients/{client.pk}/options/users/"
    assert web.post(address, {"email": "pat@acme.example", "name": "Pat"}).status_code == 302
    with tenancy.reading(PLATFORM):
        membership = Membership.objects.get(client=client)
    assert membership.role == Role.CLIENT
    assert OutboxEntry.objects.filter(
        topic="user.invite", payload={"user_id": membership.user_id}
    ).exists()
    again = web.post(address, {"email": "PAT@acme.example", "name": ""})
    assert again.context["form"].errors["email"] == ["This address is already in use."]
    answer: Any = web.post(f"/memberships/{membership.pk}/end/")
    assert answer.url == address
    with tenancy.reading(PLATFORM):
        assert not Membership.objects.filter(client=client).exists()


def test_nobody_ends_their_own_access(web, people):
    with tenancy.reading(PLATFORM):
        own = Membership.objects.get(user=people.owner)
    web.post(f"/memberships/{own.pk}/end/")
    with tenancy.reading(PLATFORM):
        assert Membership.objects.filter(pk=own.pk).exists()


def test_an_invitation_lets_a_person_choose_a_password_once(people, mailoutbox):
    from accounts.mail.invitations import send

    user = User.objects.get(pk=people.stranger_owner.pk)
    with tenancy.writing(PLATFORM):
        invite(user)
    send(user_id=user.pk)
    send(user_id=user.pk)
    (mail,) = mailoutbox
    assert mail.to == ["owner@tyne.example"]
    link = next(line for line in mail.body.splitlines() if line.startswith("http"))
    web = Browser()
    page = web.get(link.partition("8000")[2], follow=True)
    form = page.redirect_chain[-1][0]
    chosen = {"new_password1": "a long enough password", "new_password2": "a long enough password"}
    answer: Any = web.post(form, chosen)
    assert answer.url == "/"
    assert web.get("/").status_code == 200
    with tenancy.writing(PLATFORM):
        invite(user)
    send(user_id=user.pk)
    assert len(mailoutbox) == 1
    late = Browser().get(link.partition("8000")[2], follow=True)
    assert "no longer good" in late.content.decode()


def test_warnings_go_to_the_client_too_once_that_is_ticked(web, client):
    edit(web, client, "general", EDITED | {"warn_client": "on"})
    assert stored(client).warn_client
    edit(web, client, "general", EDITED)
    assert not stored(client).warn_client
