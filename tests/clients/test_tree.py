"""The tree at the left, Home and the pages of resellers and clients."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import MailKind, MailState, OutboundEmail
from clients import tenancy
from clients.models import Client, Reseller, Status, User
from clients.selectors import scope_for_user
from clients.views.tree import Node, TreeReader
from limits.models import Destination, LimitWarning
from limits.warnings import steps_today, warnings_today
from tests.tenants import browser_of, make_clients, make_reseller, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calder() -> Reseller:
    return make_reseller("Calder")


@pytest.fixture
def owner(calder: Reseller) -> User:
    return make_user(calder, name="Jane Hall")


def warn(client: Client, step: int, *, days_ago: int = 0, path: str = "UK/Mobile") -> None:
    at = timezone.now()
    with tenancy.writing(tenancy.PLATFORM):
        LimitWarning.objects.create(
            reseller_id=client.reseller_id or 0,
            client=client,
            destination=Destination.objects.get_or_create(path=path)[0],
            on=(at - timedelta(days=days_ago)).date(),
            step=step,
            limit_seconds=2000,
            at=at,
        )


def panel(user: User, **where: int) -> list[Node]:
    scope = scope_for_user(user)
    with tenancy.reading(scope):
        return TreeReader(scope, at=timezone.now(), **where).panel().nodes


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/tree/",
        "/destinations/",
        "/destinations/lookup/",
        "/rates/1/",
        "/limit-profiles/1/",
        "/accounts/",
    ],
)
def test_a_nul_in_a_search_is_a_bad_request(owner: User, address: str) -> None:
    assert browser_of(owner).get(address, {"q": "a\0b"}).status_code == 400


def test_tree_shows_resellers_with_all_clients_below_counted(calder: Reseller, owner: User) -> None:
    pennine = make_reseller("Pennine", calder)
    make_clients(pennine, "Aire", "Colne")
    make_clients(make_reseller("Moor", pennine), "Dale")
    make_clients(calder, "Skipton")
    [root] = panel(owner)
    assert (root.name, root.count, root.is_open) == ("Calder", 4, True)
    assert [(n.name, n.count, n.is_open) for n in root.children] == [
        ("Pennine", 3, False),
        ("Skipton", None, False),
    ]


def test_tree_stands_open_at_the_pages_own_client(calder: Reseller, owner: User) -> None:
    pennine = make_reseller("Pennine", calder)
    clients = make_clients(pennine, *[f"Client {i:02}" for i in range(20)])
    [root] = panel(owner, reseller_id=pennine.pk, client_id=clients[18].pk)
    [branch] = root.children
    assert branch.is_open
    assert [n.name for n in branch.children if n.is_current] == ["Client 18"]
    assert (len(branch.children), branch.more) == (16, 4)


def test_show_more_brings_every_client_once(calder: Reseller, owner: User) -> None:
    clients = make_clients(calder, *[f"Client {i:03}" for i in range(130)])
    [root] = panel(owner, reseller_id=calder.pk, client_id=clients[120].pk)
    names = [node.name for node in root.children]
    browser = browser_of(owner)
    branch = browser.get(root.more_url).context["branch"]
    assert (root.more, branch.more) == (114, 14)
    names += [node.name for node in branch.children]
    last = browser.get(branch.more_url).context["branch"]
    names += [node.name for node in last.children]
    assert last.more == 0
    assert sorted(names) == sorted(client.name for client in clients)


def test_marks_say_how_each_client_is(calder: Reseller, owner: User) -> None:
    fine, near, spent, stopped = make_clients(calder, "A", "B", "C", "D")
    make_clients(calder, "E", account=False)
    warn(fine, 100, days_ago=2)
    warn(near, 80)
    for step in (80, 95, 100):
        warn(spent, step)
    with tenancy.writing(tenancy.PLATFORM):
        Client.objects.filter(pk=stopped.pk).update(status=Status.SUSPENDED)
    [root] = panel(owner)
    assert [node.mark for node in root.children] == ["fine", "near", "limit", "off", "off"]
    assert [node.mark_words for node in root.children][3:] == ["suspended", "no account is active"]
    assert root.mark == "limit"


def test_reseller_is_marked_by_the_worst_below_it(calder: Reseller, owner: User) -> None:
    pennine = make_reseller("Pennine", calder)
    [aire] = make_clients(make_reseller("Moor", pennine), "Aire")
    warn(aire, 95)
    [root] = panel(owner)
    assert [node.mark for node in root.children] == ["near"]


def test_warnings_count_on_the_clients_own_day(calder: Reseller) -> None:
    [client] = make_clients(calder, "Kiritimati")
    with tenancy.writing(tenancy.PLATFORM):
        Client.objects.filter(pk=client.pk).update(time_zone="Pacific/Kiritimati")
    warn(client, 100)
    today = timezone.now().replace(hour=12)  # 02:00 of the next day there
    with tenancy.reading(tenancy.PLATFORM):
        assert steps_today(tenancy.PLATFORM, at=today) == {}
        assert steps_today(tenancy.PLATFORM, at=today.replace(hour=5)) == {client.pk: 100}


def test_only_the_highest_step_of_an_allowance_needs_attention(calder: Reseller) -> None:
    [client] = make_clients(calder, "A")
    for step in (80, 95):
        warn(client, step)
    warn(client, 80, path="UK/Geographic")
    with tenancy.reading(tenancy.PLATFORM):
        rows = warnings_today(tenancy.PLATFORM, at=timezone.now())
    assert [(row.destination.path, row.step) for row in rows] == [
        ("UK/Mobile", 95),
        ("UK/Geographic", 80),
    ]


def test_filter_finds_names_and_references_of_the_own_subtree_only(
    calder: Reseller, owner: User
) -> None:
    make_clients(make_reseller("Pennine", calder), "Holroyd", "Aire")
    make_clients(make_reseller("Other"), "Holroyd Two")
    html = browser_of(owner).get(reverse("tree"), {"q": "holro"}).content.decode()
    assert "Holroyd" in html
    assert "Holroyd Two" not in html
    assert "Aire" not in html


def test_pages_take_the_same_number_of_queries_at_two_sizes(calder: Reseller, owner: User) -> None:
    browser = browser_of(owner)

    def counted(path: str) -> int:
        browser.get(path)  # the session settles
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    [first] = make_clients(calder, "First")
    make_clients(make_reseller("Pennine", calder), "Aire")
    warn(first, 80)
    paths = [
        reverse("home"),
        reverse("reseller", args=[calder.pk]),
        reverse("client", args=[first.pk]),
        reverse("tree_branch", args=[calder.pk]),
    ]
    small = [counted(path) for path in paths]
    for i in range(20):
        made = make_clients(make_reseller(f"Tier {i}", calder), *[f"C{i}-{j}" for j in range(30)])
        warn(made[0], 100)
    make_clients(calder, *[f"Client {i:03}" for i in range(200)])
    assert [counted(path) for path in paths] == small


def test_home_names_what_needs_attention(calder: Reseller, owner: User) -> None:
    [client] = make_clients(calder, "Holroyd")
    warn(client, 100)
    html = browser_of(owner).get(reverse("home")).content.decode()
    assert "has used today’s UK Mobile allowance" in html
    assert "33.33 of 33.33 min" in html


def test_home_of_a_clients_person_is_the_clients_page(calder: Reseller) -> None:
    [client] = make_clients(calder, "Holroyd")
    person = browser_of(make_user(calder, "client", client))
    response = person.get(reverse("home"))
    assert response.status_code == 302
    page = person.get(response.headers["Location"])
    assert page.status_code == 200
    assert "Calder" not in page.content.decode()


@pytest.mark.parametrize("route", ["reseller", "tree_branch"])
def test_another_tenants_reseller_is_not_there(owner: User, route: str) -> None:
    other = make_reseller("Other")
    assert browser_of(owner).get(reverse(route, args=[other.pk])).status_code == 404


def test_another_tenants_client_is_not_there(owner: User) -> None:
    [client] = make_clients(make_reseller("Other"), "Secret")
    response = browser_of(owner).get(reverse("client", args=[client.pk]))
    assert response.status_code == 404
    assert "Secret" not in response.content.decode()


def test_last_chosen_reseller_stays_selected_on_other_pages(calder: Reseller, owner: User) -> None:
    pennine = make_reseller("Pennine", calder)
    make_clients(pennine, "Aire")
    browser = browser_of(owner)
    browser.get(reverse("reseller", args=[pennine.pk]))
    assert browser.session["reseller_id"] == pennine.pk
    browser.get(reverse("home"))
    assert browser.session["reseller_id"] == calder.pk


def test_reading_a_page_finds_the_viewers_scope_once_and_before_its_transaction(
    owner: User,
) -> None:
    assert browser_of(owner).get(reverse("home")).status_code == 200


def test_home_counts_calls_in_progress_of_each_tier(
    calder: Reseller, owner: User, valkey: redis.Redis
) -> None:
    pennine = make_reseller("Pennine", calder)
    lost_at = (timezone.now() + timedelta(hours=3)).timestamp() * 1000
    valkey.zadd(f"{{s00}}:slots:r:{calder.pk}", dict.fromkeys(("a", "b", "c"), lost_at))
    valkey.zadd(f"{{s00}}:slots:r:{pennine.pk}", {"c": lost_at, "lost": 1})
    calls = browser_of(owner).get(reverse("calls_now")).context["calls"]
    assert (calls.total, calls.own, [n for _reseller, n in calls.below]) == (3, 2, [1])


def test_home_stands_with_the_store_away(owner: User, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    html = browser_of(owner).get(reverse("home")).content.decode()
    assert "The store does not answer" in html


def test_mail_that_did_not_arrive_needs_attention_until_it_is_sent_again(
    calder: Reseller, owner: User
) -> None:
    [client] = make_clients(calder, "Wharfe")
    with tenancy.writing(tenancy.PLATFORM):
        mail = OutboundEmail.objects.create(
            reseller=calder,
            client=client,
            kind=MailKind.TRUNK_DETAILS,
            key="one",
            message_id="<1@example.com>",
            recipient="ops@wharfe.example",
            state=MailState.FAILED,
            error="552 mailbox full",
        )
    browser = browser_of(owner)
    html = browser.get(reverse("home")).content.decode()
    assert "Trunk details did not reach <strong>Wharfe</strong>" in html
    assert "552 mailbox full" in html
    with tenancy.writing(tenancy.PLATFORM):
        OutboundEmail.objects.create(
            reseller=calder,
            client=client,
            kind=MailKind.TRUNK_DETAILS,
            key=f"again:{mail.pk}",
            message_id="<2@example.com>",
            recipient="ops@wharfe.example",
        )
    assert "did not reach" not in browser.get(reverse("home")).content.decode()
