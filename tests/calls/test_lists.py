"""The lists of calls and of barred calls."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from calls.models import BarredCall, CallRecord
from calls.templatetags.calls import ending
from clients import tenancy
from clients.models import Client, Reseller
from tests.tenants import browser_of, make_clients, make_reseller, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calder() -> Reseller:
    return make_reseller("Calder")


@pytest.fixture
def holroyd(calder: Reseller) -> Client:
    [client] = make_clients(calder, "Holroyd")
    return client


def record(model: type[Any], client: Client | None, name: str, **fields: Any) -> Any:
    at = fields.pop("at", None) or timezone.now()
    if model is CallRecord:
        fields = {"ended_at": at, **fields}
    with tenancy.writing(tenancy.PLATFORM):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ensure_month_partition(%s, %s)", [model._meta.db_table, at.date()]
            )
        account = client.accounts.first() if client else None
        return model.objects.create(
            id=name,
            at=at,
            reseller_id=client.reseller_id if client else None,
            client_id=client.pk if client else None,
            account_id=account.pk if account else None,
            **fields,
        )


def barred(client: Client | None, name: str, number: str = "+447700900482", **more: Any) -> Any:
    told = {"destination": "UK Mobile", "used": "33.33", "limit": "33.33"}
    fields = {"code": 101, "parameters": told, "number": number, "dialled": number} | more
    return record(BarredCall, client, name, **fields)


def test_barred_log_shows_code_and_sentence(calder: Reseller, holroyd: Client) -> None:
    barred(holroyd, "b1")
    html = browser_of(make_user(calder)).get(reverse("barred_calls")).content.decode()
    assert "UK Mobile allowance is spent: 33.33 of 33.33 min." in html
    assert ">101<" in html
    assert "Holroyd" in html
    assert "Main trunk" in html


def test_only_the_platform_sees_refusals_of_accounts_nobody_knows(calder: Reseller) -> None:
    barred(None, "b1", code=305, parameters={}, username="guess")
    path = reverse("barred_calls")
    assert "guess" not in browser_of(make_user(calder)).get(path).content.decode()
    staff = make_user(calder)
    with tenancy.writing(tenancy.PLATFORM):
        staff.is_staff = True
        staff.save()
    assert "guess" in browser_of(staff).get(path).content.decode()


@pytest.mark.parametrize(
    "typed", ["07700 900 482", "+44 7700 900482", "00447700900482", "b1", "900482"]
)
def test_number_is_found_however_it_is_typed(calder: Reseller, holroyd: Client, typed: str) -> None:
    barred(holroyd, "b1")
    barred(holroyd, "b2", number="+441422960118")
    page = browser_of(make_user(calder)).get(reverse("barred_calls"), {"q": typed}).context["page"]
    assert [row.pk for row in page] == ["b1"]


def test_period_begins_at_the_resellers_own_midnight(calder: Reseller, holroyd: Client) -> None:
    with tenancy.writing(tenancy.PLATFORM):
        Reseller.objects.filter(pk=calder.pk).update(time_zone="Pacific/Kiritimati")
    now = timezone.now()
    begins = (now + timedelta(hours=14)).replace(hour=0, minute=0, second=0, microsecond=0)
    begins -= timedelta(hours=14)
    barred(holroyd, "before", at=begins - timedelta(seconds=1))
    barred(holroyd, "after", at=begins)
    browser = browser_of(make_user(calder))
    path = reverse("barred_calls")
    assert [row.pk for row in browser.get(path).context["page"]] == ["after"]
    yesterday = browser.get(path, {"period": "yesterday"}).context["page"]
    assert [row.pk for row in yesterday] == ["before"]


def test_list_follows_the_reseller_chosen_in_the_tree(calder: Reseller, holroyd: Client) -> None:
    pennine = make_reseller("Pennine", calder)
    [aire] = make_clients(pennine, "Aire")
    barred(holroyd, "b1")
    barred(aire, "b2")
    browser = browser_of(make_user(calder))
    path = reverse("barred_calls")
    assert [row.pk for row in browser.get(path).context["page"]] == ["b2", "b1"]
    browser.get(reverse("reseller", args=[pennine.pk]))
    assert [row.pk for row in browser.get(path).context["page"]] == ["b2"]


def test_filter_that_cannot_be_read_narrows_nothing(calder: Reseller, holroyd: Client) -> None:
    barred(holroyd, "b1")
    asked = {"period": "never", "code": "x", "client": "-1", "page": "zz", "show": "?"}
    for name in ("barred_calls", "calls"):
        assert browser_of(make_user(calder)).get(reverse(name), asked).status_code == 200


def test_clients_people_see_their_own_calls_only(calder: Reseller, holroyd: Client) -> None:
    [other] = make_clients(calder, "Other")
    barred(holroyd, "b1")
    barred(other, "b2")
    page = browser_of(make_user(calder, "client", holroyd)).get(reverse("barred_calls"))
    assert [row.pk for row in page.context["page"]] == ["b1"]


def test_export_holds_what_was_asked_for_and_no_formula(calder: Reseller, holroyd: Client) -> None:
    barred(holroyd, "b1", caller="=HYPERLINK(1)")
    barred(holroyd, "b2", code=107)
    response = browser_of(make_user(calder)).get(
        reverse("barred_calls"), {"format": "csv", "code": "101"}
    )
    [row] = csv.DictReader(io.StringIO(response.content.decode()))
    assert response.headers["Content-Disposition"] == 'attachment; filename="barred-calls.csv"'
    assert row["caller"] == "'=HYPERLINK(1)"
    assert row["number"] == "+447700900482"
    assert row["sentence"] == "UK Mobile allowance is spent: 33.33 of 33.33 min."


def test_calls_are_listed_with_talk_time_price_and_ending(
    calder: Reseller, holroyd: Client
) -> None:
    at = timezone.now()
    record(
        CallRecord, holroyd, "c1", at=at, answered_at=at, talk_seconds=20, amount="0.004200",
        currency="GBP", code=101, number="+447700900482", destination="UK/Mobile", caller="01",
        parameters={"destination": "UK Mobile", "used": "33.33", "limit": "33.33"},
    )  # fmt: skip
    record(CallRecord, holroyd, "c2", at=at - timedelta(milliseconds=1), sip_code=486)
    browser = browser_of(make_user(calder))
    html = browser.get(reverse("calls")).content.decode()
    for shown in ("0:20", "£0.0042", "UK Mobile allowance is spent", "Busy"):
        assert shown in html
    answered = browser.get(reverse("calls"), {"show": "answered"}).context["page"]
    assert [row.pk for row in answered] == ["c1"]
    lines = browser.get(reverse("calls"), {"format": "csv"}).content.decode().splitlines()
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"answered_at": timezone.now(), "ended_by": "caller"}, "Caller hung up"),
        ({"answered_at": timezone.now(), "ended_by": "callee"}, "Called party hung up"),
        ({"why": "cancelled"}, "Caller gave up"),
        ({"sip_code": 408}, "No answer"),
        ({"sip_code": 503}, "Not answered, SIP 503"),
        ({"code": 111, "parameters": {"limit": "180"}}, "The call reached its longest duration"),
    ],
)
def test_every_ending_has_words(fields: dict[str, Any], words: str) -> None:
    assert ending(CallRecord(**fields)).startswith(words)


def test_lists_take_the_same_number_of_queries_at_two_sizes(
    calder: Reseller, holroyd: Client
) -> None:
    browser = browser_of(make_user(calder))

    def counted() -> list[int]:
        counts = []
        for name in ("calls", "barred_calls"):
            browser.get(reverse(name))
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(reverse(name)).status_code == 200
            counts.append(len(queries))
        return counts

    barred(holroyd, "first")
    record(CallRecord, holroyd, "first")
    small = counted()
    for i, client in enumerate(make_clients(calder, *[f"C{i}" for i in range(30)])):
        barred(client, f"b{i}")
        record(CallRecord, client, f"c{i}")
    assert counted() == small


@pytest.mark.parametrize(("name", "model"), [("calls", CallRecord), ("barred_calls", BarredCall)])
def test_an_export_is_of_the_reseller_its_page_showed(
    calder: Reseller, holroyd: Client, name: str, model: type[Any]
) -> None:
    below = make_reseller("Below", parent=calder)
    [theirs] = make_clients(below, "Theirs")
    record(model, holroyd, "mine", code=101)
    record(model, theirs, "theirs", code=101)
    browser = browser_of(make_user(calder))
    browser.get(f"/resellers/{below.pk}/")
    page = browser.get(reverse(name)).content.decode()
    assert f"?format=csv&amp;reseller={below.pk}" in page
    browser.get(f"/resellers/{calder.pk}/")
    asked: dict[str, Any] = {"format": "csv", "reseller": below.pk}
    rows = list(csv.DictReader(io.StringIO(browser.get(reverse(name), asked).content.decode())))
    assert [row["id"] for row in rows] == ["theirs"]
    stranger = make_reseller("Stranger")
    assert browser.get(reverse(name), asked | {"reseller": stranger.pk}).status_code == 404
