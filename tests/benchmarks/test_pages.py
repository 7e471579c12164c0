"""Pages of a reseller with 100 and with 10,000 clients, through the product's web process."""

import http.client
import statistics
import time
from collections.abc import Callable
from datetime import datetime

import pgtrigger
import psycopg
import pytest
import redis
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from calls.models import BarredCall
from calls.services import policy
from calls.store import library
from clients import tenancy
from clients.models import Client, Membership, Reseller, User
from clients.onboarding.services import reseller_create
from clients.tenancy import PLATFORM
from limits.models import ClientProfile, Destination, LimitProfile, LimitWarning
from tests.benchmarks.conftest import Page, Report, web_server
from tests.conftest import TEST_DATABASE
from trunkportal.embedded import Addresses
from trunkportal.embedded.addresses import SUPERUSER

FEW, MANY = 100, 10_000
LEAST, MOST, SECONDS = 10, 40, 2.0
BARRED_EACH = 3
ONE_IN_WARNED = 50


class Provider:
    """A reseller with two tiers below it, and clients with everything that pages count."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.top = self._reseller("Northgate", None)
        middle = self._reseller("Harbour", self.top)
        self.resellers = (self.top, middle, self._reseller("Quayside", middle))
        with tenancy.writing(PLATFORM), connection.cursor() as cursor:
            cursor.execute("SELECT ensure_month_partition('calls_barredcall', %s)", [at.date()])
            self.profiles = {each.reseller_id: each for each in LimitProfile.objects.all()}
            self.mobile = Destination.objects.get(path="UK/Mobile")
            self.owner: User = Membership.objects.get(reseller=self.top).user
        self.count = 0

    def _reseller(self, name: str, parent: Reseller | None) -> Reseller:
        return reseller_create(
            parent_id=parent.pk if parent else None,
            email=f"owner@{name.lower()}.example",
            values={"name": name, "reference": name.upper()},
            acting_user=None,
            scope=PLATFORM,
            at=self.at,
        )

    def grow(self, count: int) -> Client:
        """Add clients, without their history, until there are ``count``; the first one added."""
        numbers = range(self.count, count)
        self.count = count
        with tenancy.writing(PLATFORM), pgtrigger.ignore():
            clients = Client.objects.bulk_create(
                Client(
                    reseller=self.resellers[n % len(self.resellers)],
                    name=f"Client {n:05}",
                    reference=f"C{n:05}",
                    created_at=self.at,
                )
                for n in numbers
            )
            accounts = Account.objects.bulk_create(
                Account(client=each, reseller_id=each.reseller_id, name="Main trunk")
                for each in clients
            )
            ClientProfile.objects.bulk_create(
                ClientProfile(
                    client=each,
                    reseller_id=each.reseller_id or 0,
                    profile=self.profiles[each.reseller_id],
                )
                for each in clients
            )
            LimitWarning.objects.bulk_create(
                LimitWarning(
                    client=each,
                    reseller_id=each.reseller_id or 0,
                    destination=self.mobile,
                    on=self.at.date(),
                    step=80,
                    limit_seconds=2000,
                    at=self.at,
                )
                for each in clients[::ONE_IN_WARNED]
            )
            BarredCall.objects.bulk_create(
                BarredCall(
                    id=f"{account.pk}-{n}",
                    at=self.at,
                    code=101,
                    reseller_id=account.reseller_id,
                    client_id=account.client_id,
                    account_id=account.pk,
                    dialled="07700900123",
                    number="+447700900123",
                    destination="UK/Mobile",
                    parameters={"destination": "UK Mobile", "used": "33.33", "limit": "33.33"},
                )
                for account in accounts
                for n in range(BARRED_EACH)
            )
        return clients[0]


def pages(provider: Provider, client: Client) -> dict[str, str]:
    """Name and address of what is measured."""
    profile = provider.profiles[provider.top.pk]
    return {
        "home": reverse("home"),
        "client": reverse("client", args=[client.pk]),
        "clients of a reseller": reverse("reseller", args=[provider.resellers[1].pk]),
        "clients by name": reverse("home") + "?q=client",
        "accounts": reverse("accounts"),
        "barred calls": reverse("barred_calls"),
        "limit editor": reverse("limit_profile", args=[profile.pk]),
        "tree": reverse("tree"),
        "tree, show more": reverse("tree_branch", args=[provider.top.pk]) + "?skip=15",
    }


def queries(browser: Browser, path: str) -> int:
    browser.get(path)  # the session settles on the page's reseller
    with CaptureQueriesContext(connection) as found:
        assert browser.get(path).status_code == 200
    return len(found)


def times(ask: Callable[[], None]) -> list[float]:
    """How long it takes, in ms: 40 times, fewer where that takes too long."""
    taken: list[float] = []
    ask()
    until = time.monotonic() + SECONDS
    while len(taken) < LEAST or (len(taken) < MOST and time.monotonic() < until):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def measure(provider: Provider, client: Client, port: int, report: Report) -> None:
    browser = Browser()
    browser.force_login(provider.owner)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    web = http.client.HTTPConnection("localhost", port, timeout=60)
    for name, path in pages(provider, client).items():

        def ask(path: str = path) -> None:
            web.request("GET", path, headers=cookie)
            answer = web.getresponse()
            answer.read()
            assert answer.status == 200

        count = queries(browser, path)
        taken = times(ask)
        high = statistics.quantiles(taken, n=20)[-1]
        report.pages.append(
            Page(name, provider.count, count, median=statistics.median(taken), high=high)
        )


@pytest.mark.django_db(transaction=True)
def test_pages_ask_no_more_of_the_database_with_10000_clients_than_with_100(
    valkey: redis.Redis, servers: Addresses, report: Report
) -> None:
    provider = Provider(timezone.now())
    client = provider.grow(1)
    library.ensure_loaded(valkey)
    policy.rebuild(valkey, at=provider.at)
    provider.grow(FEW)
    with web_server(servers) as port:
        measure(provider, client, port, report)
        provider.grow(MANY)
        with psycopg.connect(servers.dsn(SUPERUSER, TEST_DATABASE), autocommit=True) as database:
            database.execute("VACUUM ANALYZE")  # as autovacuum does
        measure(provider, client, port, report)
    few, many = (
        {page.name: page.queries for page in report.pages if page.clients == size}
        for size in (FEW, MANY)
    )
    assert many == few
