"""Commands of the store: the JSON that scripts rely on, exit codes, and pages beside them."""

import json
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from accounts.selectors import account_named, accounts_for
from calls.services import policy
from calls.store import functions
from calls.store.connection import tag
from calls.store.functions import Request
from clients import tenancy
from clients.models import Client, WorkingDay
from clients.roles import Role
from clients.tenancy import PLATFORM
from limits.models import DailyUsage, Destination, LimitRow
from tests.calls.test_records import Live
from tests.tenants import browser_of

pytestmark = pytest.mark.django_db
MONDAY_NOON = "2026-11-23T12:00:00+00:00"
MONDAY_EVENING = "2026-11-23T18:00:00+00:00"


@pytest.fixture
def live(valkey, cast):
    return Live(valkey, cast)


def printed(*command: str) -> Any:
    out = StringIO()
    call_command(*command, stdout=out)
    return json.loads(out.getvalue())


def explained(number: str = "07700 900123", at: str = MONDAY_NOON) -> Any:
    return printed("explain_call", "--account", "user-ours", "--to", number, "--at", at)


def limits_of(destination: str, *more: str) -> Any:
    rows = printed("daily_limits", "OURS/ACME", *more)
    return next(row for row in rows if row["destination"] == destination)


def test_explain_call_prints_what_scripts_rely_on(live):
    answer = explained()
    assert list(answer) == [
        "allowed", "code", "sip_status", "sentence", "number", "destination", "max_seconds",
        "routes", "rules",
    ]  # fmt: skip
    assert (answer["allowed"], answer["code"], answer["sip_status"]) == (True, None, 200)
    assert (answer["number"], answer["destination"]) == ("+447700900123", "UK/Mobile")
    assert answer["max_seconds"] == 2000
    assert answer["routes"] == ["sip:+447700900123@192.0.2.10;transport=udp"]
    assert {tuple(rule) for rule in answer["rules"]} == {("rule", "passed", "detail")}


def test_explain_call_names_the_rule_that_refuses(live):
    answer = explained("0123")
    assert (answer["allowed"], answer["code"], answer["sip_status"]) == (False, 201, 484)
    assert [each["rule"] for each in answer["rules"] if not each["passed"]] == ["Number"]
    assert explained("999")["max_seconds"] is None


def test_explain_call_of_no_number_is_refused(live):
    account = live.cast.ours.account.sip_username
    with pytest.raises(CommandError, match="--to names no number"):
        call_command("explain_call", "--account", account, "--to", " ")


def test_a_table_in_another_currency_prices_nothing(live):
    ours = live.cast.ours
    with tenancy.writing(PLATFORM):
        ours.client.currency = "EUR"
        ours.client.save()
    policy.client_changed(client_id=ours.client.pk)
    assert explained()["code"] == 203


def test_explain_call_of_an_unknown_account_ends_with_1(live):
    with pytest.raises(CommandError, match="There is no account nobody"):
        call_command("explain_call", "--account", "nobody", "--to", "1")


def test_an_id_comes_before_a_username_of_digits_from_before(live):
    ours, elsewhere = live.cast.ours.account, live.cast.elsewhere.account
    with tenancy.writing(PLATFORM):
        Account.objects.filter(pk=elsewhere.pk).update(sip_username=str(ours.pk))
    with tenancy.reading(PLATFORM):
        assert account_named(accounts_for(PLATFORM), str(ours.pk)) == ours
        assert account_named(accounts_for(PLATFORM), f"{10**18 + ours.pk}") is None


@pytest.mark.parametrize(
    ("minutes", "schedule", "daily", "text", "off"),
    [(1000, 30, 2000, "33.33", 1000), (1000, 24, 2500, "41.67", 1250)],
)
def test_worked_examples_of_the_daily_split(live, minutes, schedule, daily, text, off):
    ours = live.cast.ours
    with tenancy.writing(PLATFORM):
        WorkingDay.objects.filter(client=ours.client, day=0).update(off_hours_percent=50)
        ours.client.working_schedule = schedule
        ours.client.save()
    assert limits_of("UK/Mobile", "--at", MONDAY_NOON) == {
        "destination": "UK/Mobile",
        "monthly_minutes": str(minutes),
        "divisor": schedule,
        "daily_seconds": daily,
        "daily_minutes": text,
        "off_hours_seconds": off,
        "used_seconds": 0,
        "in_progress_seconds": 0,
        "left_seconds": daily,
        "barred": False,
    }
    assert explained(at=MONDAY_NOON)["max_seconds"] == daily
    assert explained(at=MONDAY_EVENING)["max_seconds"] == off


def test_daily_limits_of_unlimited_barred_and_blank_destinations(live):
    with tenancy.writing(PLATFORM):
        row = LimitRow.objects.get(pk=live.cast.ours.row.pk)
        row.minutes, row.unlimited = None, True
        row.save()
    unlimited, blank = limits_of("UK/Mobile"), limits_of("UK/Freephone")
    assert unlimited["monthly_minutes"] == "unlimited"
    figures = set(unlimited) - {"destination", "monthly_minutes", "barred"}
    assert {unlimited[each] for each in figures} == {None}
    assert (unlimited["barred"], blank["barred"]) == (False, True)
    assert (blank["monthly_minutes"], blank["daily_seconds"]) == (None, 0)


def test_used_and_in_progress_are_told_apart(live):
    live.talk(100)
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    running = functions.authorize(live.store, live.shard, request)
    functions.answer(
        live.store,
        live.shard,
        running.call_id,
        now_ms=int(timezone.now().timestamp() * 1000) - 50_000,
    )
    row = limits_of("UK/Mobile")
    assert row["used_seconds"] == 100
    assert row["in_progress_seconds"] in {50, 51}
    assert row["left_seconds"] in range(1840, 1851)


def test_a_client_that_several_resellers_have_is_named_with_its_reseller(live):
    with pytest.raises(CommandError, match="name it RESELLER/ACME"):
        call_command("daily_limits", "ACME")
    with pytest.raises(CommandError, match="There is no client OURS/NOBODY"):
        call_command("daily_limits", "OURS/NOBODY")


def test_publishing_rebuilding_and_comparing(live):
    live.talk(5)
    assert printed("publish_policies", "--json") == {"clients": 5}
    assert printed("rebuild_counters", "--json") == {"clients": 5}
    assert printed("reconcile_usage", "--json") == []
    shard = tag(live.cast.ours.reseller.shard)
    key = next(live.store.scan_iter(f"{shard}:a:{live.cast.ours.client.pk}:*:d"))
    live.store.hincrby(key, "used", 9000)
    with pytest.raises(CommandError, match="counters differ"):
        call_command("reconcile_usage", stdout=StringIO())


def test_enforce_limits_sweeps_and_takes_only_sensible_intervals(live):
    call_command("enforce_limits", "--interval", "0.01", "--rounds", "2")
    with pytest.raises(CommandError, match="is not between"):
        call_command("enforce_limits", "--interval", "-1")


def test_a_token_is_made_once(live):
    token = printed("create_api_token", "sw1", "--json")
    assert len(token["token"]) > 30
    with pytest.raises(CommandError, match="already a token"):
        call_command("create_api_token", "sw1")


@pytest.mark.parametrize("name", ["", " ", "a|b", "sw 1", "s" * 65, "sché"])
def test_a_token_has_a_name_that_call_records_can_hold(live, name):
    with pytest.raises(CommandError, match="1 to 64 letters, digits"):
        call_command("create_api_token", name)


def test_the_explain_page_shows_verdict_rules_and_what_would_help(live):
    browser = browser_of(live.cast.people["read_only"])
    asked = {"account": live.cast.ours.account.pk, "to": "0123", "at": "2026-11-23T12:00:00"}
    page = browser.get(reverse("explain"), asked)
    text = page.content.decode()
    assert page.status_code == 200
    assert "201" in text
    assert "0123 is not a valid number." in text
    assert "Dial a valid number." in text
    foreign = browser.get(reverse("explain"), asked | {"account": "user-elsewhere"})
    assert "There is no such account." in foreign.content.decode()
    wrong = browser.get(reverse("explain"), asked | {"at": "yesterday"})
    assert "This is not a date and time." in wrong.content.decode()


def test_only_the_platform_is_shown_its_routes(live):
    asked = {"account": live.cast.ours.account.pk, "to": "07700900123"}
    for person in ("self_care", "operator", "staff"):
        user = live.cast.people.get(person) or live.cast.people[Role(person)]
        text = browser_of(user).get(reverse("explain"), asked).content.decode()
        assert "may last" in text
        assert ("192.0.2.10" in text) == (person == "staff")
        assert ("There is a route" in text) == (person != "staff")
    assert "192.0.2.10" in explained()["routes"][0]


def test_a_calendar_reaches_over_the_next_days_and_a_worker_renews_it(live):
    from calls.tasks import roll_calendars

    assert roll_calendars() == 5
    far = datetime(2027, 3, 1, 12, tzinfo=UTC).isoformat()
    assert explained(at=far)["allowed"]
    assert not policy.ensure_whole(live.store, at=timezone.now())


def test_bank_holidays_are_those_of_the_client_s_country(live):
    with tenancy.writing(PLATFORM):
        client = live.cast.ours.client
        WorkingDay.objects.create(
            reseller=live.cast.ours.reseller,
            client=client,
            day=WorkingDay.BANK_HOLIDAY,
            off_hours_percent=0,
        )
        WorkingDay.objects.create(
            reseller=live.cast.ours.reseller,
            client=client,
            day=4,
            intervals=[["08:30", "17:30"]],
        )
    assert explained(at="2026-12-25T12:00:00+00:00")["code"] == 106
    assert explained(at="2026-12-18T12:00:00+00:00")["allowed"]
    assert explained(at="2026-04-06T12:00:00+01:00")["code"] == 106


def test_each_leaf_and_each_capped_parent_has_a_row(live):
    """A parent that says nothing, or Unlimited, is no cap."""
    ours = live.cast.ours
    with tenancy.writing(PLATFORM):
        said = {"International": 120, "International/Europe": 0, "UK/Premium": 0}
        for path, minutes in said.items():
            LimitRow.objects.create(
                reseller=ours.reseller,
                profile=ours.profile,
                destination=Destination.objects.get(path=path),
                minutes=minutes,
            )
        LimitRow.objects.create(
            reseller=ours.reseller,
            profile=ours.profile,
            destination=Destination.objects.get(path="UK"),
            unlimited=True,
        )
        parents = set(Destination.objects.filter(is_leaf=False).values_list("path", flat=True))
        leaves = set(Destination.objects.filter(is_leaf=True).values_list("path", flat=True))
    rows = {row["destination"]: row for row in printed("daily_limits", "OURS/ACME")}
    assert set(rows) - leaves == {"International", "International/Europe"} <= parents
    assert leaves <= set(rows)
    assert rows["International"]["daily_seconds"] == 240
    zero = {"daily_seconds": 0, "off_hours_seconds": 0, "left_seconds": 0, "daily_minutes": "0.00"}
    for path, month in (("International/Europe", "0"), ("UK/Premium", "0"), ("UK/Freephone", None)):
        assert rows[path] == {
            "destination": path,
            "monthly_minutes": month,
            "divisor": 30,
            "used_seconds": 0,
            "in_progress_seconds": 0,
            "barred": True,
            **zero,
        }


def test_a_shared_cap_shows_what_all_below_it_have_used(live):
    ours = live.cast.ours
    with tenancy.writing(PLATFORM):
        LimitRow.objects.create(
            reseller=ours.reseller,
            profile=ours.profile,
            destination=Destination.objects.get(path="UK"),
            minutes=3000,
        )
    policy.rebuild(live.store, at=timezone.now())
    live.talk(100)
    uk, mobile = limits_of("UK"), limits_of("UK/Mobile")
    assert (uk["used_seconds"], uk["left_seconds"]) == (100, 5900)
    assert (mobile["used_seconds"], mobile["left_seconds"]) == (100, 1900)


def test_a_day_that_the_store_has_forgotten_is_read_from_postgresql(live):
    ours = live.cast.ours
    with tenancy.writing(PLATFORM):
        Client.objects.filter(pk=ours.client.pk).update(time_zone="Europe/London")
        DailyUsage.objects.create(
            reseller=ours.reseller,
            client=ours.client,
            destination=Destination.objects.get(path="UK/Mobile"),
            on=date(2026, 2, 3),
            day_ms=60_000,
        )
    assert limits_of("UK/Mobile", "--at", "2026-02-03T12:00")["used_seconds"] == 60
    assert limits_of("UK/Mobile", "--at", "2026-02-04T12:00")["used_seconds"] == 0


def test_the_rules_tell_prices_with_their_currency(live):
    details = {each["rule"]: each["detail"] for each in explained()["rules"]}
    assert details["Rate"] == "£0.01 a minute, prefix 447"
    assert details["Set-up price"] == "£0.00 to set up"
