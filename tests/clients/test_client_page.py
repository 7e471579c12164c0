"""The page of a client: allowances today, barred calls, accounts, details."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from calls.models import BarredCall
from clients import tenancy
from clients.models import Client, ClientType, Reseller, WorkingDay
from clients.views.allowances import Row, Shown, allowances_shown
from limits.models import ClientProfile, DailyUsage, Destination, LimitProfile, LimitRow
from tests.calls.test_lists import record
from tests.tenants import browser_of, make_clients, make_reseller, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calder() -> Reseller:
    return make_reseller("Calder")


@pytest.fixture
def holroyd(calder: Reseller, valkey: redis.Redis) -> Client:
    """A client with 1000 minutes a month to mobiles, 3000 to geographic numbers."""
    [client] = make_clients(calder, "Holroyd")
    with tenancy.writing(tenancy.PLATFORM):
        profile = LimitProfile.objects.create(reseller=calder, name="OFFICE")
        ClientProfile.objects.create(reseller=calder, client=client, profile=profile)
        for path, minutes in (("UK/Mobile", 1000), ("UK/Geographic", 3000)):
            LimitRow.objects.create(
                reseller=calder,
                profile=profile,
                destination=Destination.objects.get(path=path),
                minutes=minutes,
            )
    return client


def use(client: Client, path: str, seconds: int, off_hours: int = 0) -> None:
    today = timezone.now().astimezone(ZoneInfo(client.time_zone)).date()
    with tenancy.writing(tenancy.PLATFORM):
        DailyUsage.objects.create(
            reseller_id=client.reseller_id or 0,
            client=client,
            destination=Destination.objects.get(path=path),
            on=today,
            day_ms=seconds * 1000,
            off_hours_ms=off_hours * 1000,
        )


def shown(client: Client, *, everything: bool = True) -> Shown:
    with tenancy.reading(tenancy.PLATFORM):
        return allowances_shown(tenancy.PLATFORM, client, at=timezone.now(), everything=everything)


def row(client: Client, name: str) -> Row:
    [found] = [row for row in shown(client).rows if row.destination == name]
    return found


def test_untouched_allowance_is_the_day_share_of_the_month(holroyd: Client) -> None:
    mobile = row(holroyd, "UK Mobile")
    assert (mobile.daily_seconds, mobile.left_seconds, mobile.state) == (2000, 2000, "")


def test_near_from_the_first_warning_step_on(holroyd: Client) -> None:
    use(holroyd, "UK/Mobile", 1599)
    assert row(holroyd, "UK Mobile").state == ""
    use(holroyd, "UK/Geographic", 4800)
    near = row(holroyd, "UK Geographic")
    assert (near.state, near.sentence) == ("near", "80 % of the day is used.")


def test_resellers_own_first_step_counts(calder: Reseller, holroyd: Client) -> None:
    with tenancy.writing(tenancy.PLATFORM):
        Reseller.objects.filter(pk=calder.pk).update(warning_steps=[50, 100])
    use(holroyd, "UK/Mobile", 1000)
    with tenancy.reading(tenancy.PLATFORM):
        client = Client.objects.select_related("reseller").get(pk=holroyd.pk)
    assert row(client, "UK Mobile").state == "near"


def test_spent_stands_first_and_in_the_heading(calder: Reseller, holroyd: Client) -> None:
    use(holroyd, "UK/Mobile", 2000, 250)
    first = shown(holroyd).rows[0]
    assert (first.destination, first.state) == ("UK Mobile", "spent")
    assert first.sentence == "Spent. New calls are barred until midnight."
    page = browser_of(make_user(calder)).get(reverse("client", args=[holroyd.pk]))
    assert "UK Mobile spent" in page.content.decode()


def test_spent_off_hours_share_is_said(holroyd: Client) -> None:
    with tenancy.writing(tenancy.PLATFORM):
        for day in range(8):
            WorkingDay.objects.create(
                reseller_id=holroyd.reseller_id or 0, client=holroyd, day=day, off_hours_percent=50
            )
    use(holroyd, "UK/Mobile", 1000, 1000)
    assert "off-hours share, 16.67 min, is spent" in row(holroyd, "UK Mobile").sentence


def test_barred_destinations_are_counted_not_listed(holroyd: Client) -> None:
    found = shown(holroyd)
    assert len(found.rows) == 2
    assert found.barred == Destination.objects.filter(is_leaf=True).count() - 2


def test_few_rows_and_a_count_of_the_rest_unless_all_are_asked_for(
    calder: Reseller, holroyd: Client
) -> None:
    with tenancy.writing(tenancy.PLATFORM):
        profile = LimitProfile.objects.get(name="OFFICE")
        countries = Destination.objects.filter(path__startswith="International/Europe/")
        LimitRow.objects.bulk_create(
            LimitRow(reseller=calder, profile=profile, destination=each, minutes=60)
            for each in countries.filter(is_leaf=True)[:20]
        )
    few = shown(holroyd, everything=False)
    assert (len(few.rows), few.untouched, few.more_in_use) == (8, 14, 0)
    assert len(shown(holroyd).rows) == 22


def test_allowances_come_as_a_part_that_asks_again(calder: Reseller, holroyd: Client) -> None:
    path = reverse("client_allowances", args=[holroyd.pk])
    html = browser_of(make_user(calder)).get(path).content.decode()
    assert "<html" not in html
    assert f'hx-get="{path}"' in html
    assert 'hx-trigger="every 5s"' in html


def test_client_with_no_profile_is_told_that_everything_is_barred(
    calder: Reseller, valkey: redis.Redis
) -> None:
    [client] = make_clients(calder, "New")
    page = browser_of(make_user(calder)).get(reverse("client", args=[client.pk]))
    assert "Every destination is barred" in page.content.decode()


def test_barred_calls_of_the_clients_own_day_with_a_link_to_the_log(
    calder: Reseller, holroyd: Client
) -> None:
    told: dict[str, Any] = {"code": 107, "parameters": {"destination": "UK Premium"}}
    record(BarredCall, holroyd, "b1", dialled="09098790346", **told)
    before = timezone.now() - timedelta(days=2)  # a day may have 25 hours
    record(BarredCall, holroyd, "b2", dialled="09098790347", at=before, **told)
    html = browser_of(make_user(calder)).get(reverse("client", args=[holroyd.pk])).content.decode()
    assert "UK Premium is barred by the limit profiles." in html
    assert "09098790346" in html
    assert "09098790347" not in html
    assert f"{reverse('barred_calls')}?client={holroyd.pk}" in html


def test_accounts_show_their_calls_in_progress(
    calder: Reseller, holroyd: Client, valkey: redis.Redis
) -> None:
    with tenancy.reading(tenancy.PLATFORM):
        account = Account.objects.get(client=holroyd)
    lost_at = (timezone.now() + timedelta(hours=3)).timestamp() * 1000
    valkey.zadd(f"{{s00}}:slots:a:{account.pk}", {"one": lost_at, "two": lost_at, "gone": 1})
    page = browser_of(make_user(calder)).get(reverse("client_accounts_now", args=[holroyd.pk]))
    assert [each["running"] for each in page.context["accounts"]] == [2]


def test_page_stands_with_the_store_away(calder: Reseller, holroyd: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    use(holroyd, "UK/Mobile", 600)
    html = browser_of(make_user(calder)).get(reverse("client", args=[holroyd.pk])).content.decode()
    assert "Finished calls only: the store does not answer" in html
    assert "10.00" in html


def test_vendor_has_no_limits(calder: Reseller) -> None:
    [vendor] = make_clients(calder, "Carrier")
    with tenancy.writing(tenancy.PLATFORM):
        Client.objects.filter(pk=vendor.pk).update(type=ClientType.VENDOR)
    html = browser_of(make_user(calder)).get(reverse("client", args=[vendor.pk])).content.decode()
    assert "Allowances" not in html
    assert "Main trunk" in html


def test_clients_people_are_shown_no_mails_and_no_options(
    calder: Reseller, holroyd: Client
) -> None:
    person = browser_of(make_user(calder, "client", holroyd))
    html = person.get(reverse("client", args=[holroyd.pk])).content.decode()
    assert "Allowances today" in html
    for hidden in ("Trunk details by email", "Options", "Add Client", "New Account"):
        assert hidden not in html
