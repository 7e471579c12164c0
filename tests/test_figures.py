"""The worked figures of the daily split, the same in every place that shows or applies them.

1000 minutes a month to UK mobiles, worked days from 08:30 to 17:30 and an off-hours limit. The
limit editor's script has its figures in ``tests/browser``.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from calls.store import functions
from calls.store.connection import tag
from calls.store.functions import Request
from clients import tenancy
from clients.domain.working_time import Day
from clients.models import Client, WorkingSchedule
from clients.services.clients import working_time_set
from clients.tenancy import PLATFORM
from limits.models import Destination, LimitProfile
from tests.switch.provider import Provider

pytestmark = pytest.mark.django_db
MOBILE = "07700900123"
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Figures:
    """What 1000 minutes a month come to: seconds, and the minutes that are shown."""

    schedule: int
    off_hours_percent: int
    daily: int
    daily_shown: str
    off_hours: int
    off_hours_shown: str


FIGURES = [
    Figures(30, 100, 2000, "33.33", 2000, "33.33"),
    Figures(30, 50, 2000, "33.33", 1000, "16.67"),
    Figures(24, 100, 2500, "41.67", 2500, "41.67"),
    Figures(24, 50, 2500, "41.67", 1250, "20.83"),
]


class World:
    """One client with these figures, published to the store, and a person who sees it."""

    def __init__(self, store: redis.Redis, expected: Figures) -> None:
        provider = Provider(store)
        schedule = WorkingSchedule(expected.schedule)
        trunk = provider.trunk(
            minutes={"UK/Mobile": 1000}, working_schedule=schedule, time_zone=LONDON.key
        )
        with tenancy.reading(PLATFORM):
            self.client = Client.objects.select_related("reseller").get(pk=trunk.client_id)
            self.account = Account.objects.get(client=self.client)
            self.profile = LimitProfile.objects.get(client_links__client=self.client)
            self.mobile = Destination.objects.get(path="UK/Mobile")
        working_time_set(
            client_id=self.client.pk,
            version=self.client.version,
            days=[Day(n, (("08:30", "17:30"),), expected.off_hours_percent) for n in range(8)],
            bar_high_price_off_hours=False,
            bar_international_off_hours=False,
            acting_user=provider.staff,
            scope=PLATFORM,
            at=provider.at,
        )
        provider.publish()
        self.store, self.shard = store, tag(provider.reseller.shard)
        self.reseller = provider.reseller
        tomorrow = timezone.now().astimezone(LONDON) + timedelta(days=1)
        self.noon, self.evening = (tomorrow.replace(hour=hour) for hour in (12, 20))
        store.set(f"{self.shard}:beat", int(self.evening.timestamp() * 1000))
        self.browser = Browser()
        self.browser.force_login(provider.staff)

    def page(self, name: str, *ids: object, **query: int) -> Any:
        return self.browser.get(reverse(name, args=ids), query)

    def printed(self, *command: str) -> Any:
        out = StringIO()
        call_command(*command, stdout=out)
        return json.loads(out.getvalue())

    def explained(self, at: datetime) -> Any:
        name = str(self.account.sip_username)
        return self.printed(
            "explain_call", "--account", name, "--to", MOBILE, "--at", at.isoformat()
        )

    def authorised_seconds(self, at: datetime) -> int | None:
        asked = Request(
            account_id=self.account.pk, dialled=MOBILE, now_ms=int(at.timestamp() * 1000)
        )
        verdict = functions.authorize(self.store, self.shard, asked)
        assert verdict.allowed, verdict.sentence
        return verdict.max_seconds


@pytest.fixture(params=FIGURES, ids=lambda each: f"{each.schedule} days, {each.off_hours_percent}%")
def expected(request: pytest.FixtureRequest) -> Figures:
    figures: Figures = request.param
    return figures


@pytest.fixture
def world(valkey: redis.Redis, db: None, expected: Figures) -> World:
    return World(valkey, expected)


def test_the_wizards_panel(world: World, expected: Figures) -> None:
    asked = {
        "additional-limit_profiles": world.profile.pk,
        "additional-working_schedule": expected.schedule,
    }
    page = world.page("daily_figures", world.reseller.pk, **asked)
    assert page.context["figures"].example.seconds == expected.daily
    text = page.content.decode()
    assert f"1000 min ÷ {expected.schedule}" in text
    assert f"{expected.daily_shown} min" in text


def test_the_limit_editor(world: World, expected: Figures) -> None:
    page = world.page(
        "limit_profile",
        world.profile.pk,
        days=expected.schedule,
        percent=expected.off_hours_percent,
    )
    row = page.content.decode().split(f'data-row="{world.mobile.pk}"', 1)[1].split("</tr>", 1)[0]
    shown = re.findall(r'data-(?:day|off-hours) data-label="[^"]*">([^<]*)<', row)
    assert shown == [expected.daily_shown, expected.off_hours_shown]


def test_the_clients_page(world: World, expected: Figures) -> None:
    page = world.page("client", world.client.pk)
    [mobile] = [row for row in page.context["shown"].rows if row.destination == "UK Mobile"]
    assert (mobile.daily_seconds, mobile.left_seconds) == (expected.daily, expected.daily)
    assert mobile.off_hours_seconds == expected.off_hours
    share = f"{expected.daily_shown} min a day"
    if expected.off_hours < expected.daily:
        share += f", {expected.off_hours_shown} off-hours"
    row = page.content.decode().split("UK Mobile", 1)[1].split("</tr>", 1)[0]
    assert re.findall(r"\S+ min a day.*", row) == [share]


def test_daily_limits(world: World, expected: Figures) -> None:
    rows = world.printed("daily_limits", str(world.client.pk))
    assert [row for row in rows if row["destination"] == "UK/Mobile"] == [
        {
            "destination": "UK/Mobile",
            "monthly_minutes": "1000",
            "divisor": expected.schedule,
            "daily_seconds": expected.daily,
            "daily_minutes": expected.daily_shown,
            "off_hours_seconds": expected.off_hours,
            "used_seconds": 0,
            "in_progress_seconds": 0,
            "left_seconds": expected.daily,
            "barred": False,
        }
    ]


def test_explain_call(world: World, expected: Figures) -> None:
    def daily_rule(answer: Any) -> Any:
        return next(each["detail"] for each in answer["rules"] if each["rule"] == "Daily limit")

    noon, evening = world.explained(world.noon), world.explained(world.evening)
    assert noon["max_seconds"] == expected.daily
    assert daily_rule(noon) == f"UK Mobile: 0.00 of {expected.daily_shown} min used"
    assert evening["max_seconds"] == expected.off_hours
    if expected.off_hours < expected.daily:
        share = f"UK Mobile off-hours: 0.00 of {expected.off_hours_shown} min used"
        assert share in daily_rule(evening)


def test_the_switch_is_answered(world: World, expected: Figures) -> None:
    assert world.authorised_seconds(world.evening) == expected.off_hours
    assert world.authorised_seconds(world.noon) == expected.daily
