"""Where a mail is, Send again, and links that show a password once."""

import mailbox
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.mail import links
from accounts.models import Account, MailState, OneTimeLink, OutboundEmail
from clients import tenancy
from clients.tenancy import PLATFORM
from tests.cast import Cast


def browser_of(cast: Cast, person: str) -> Browser:
    browser = Browser()
    browser.force_login(cast.people[person])
    return browser


def in_state(cast: Cast, **fields: object) -> None:
    with tenancy.writing(PLATFORM):
        OutboundEmail.objects.filter(pk=cast.ours.mail.pk).update(**fields)


def page(cast: Cast, name: str = "client_mails", person: str = "owner") -> str:
    answer = browser_of(cast, person).get(reverse(name, args=[cast.ours.client.pk]))
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "told", "may_again"),
    [
        ({"state": MailState.SENT}, "Sent", True),
        ({"state": MailState.QUEUED}, "Queued", False),
        ({"state": MailState.SENDING}, "Queued", False),
        ({"state": MailState.FAILED, "error": "550 No such user"}, "550 No such user", True),
        ({"state": MailState.UNCONFIRMED}, "may or may not have arrived", True),
        (
            {"state": MailState.QUEUED, "attempts": 1, "error": "451 Busy"},
            "The mail server did not take it: 451 Busy.",
            False,
        ),
    ],
)
@pytest.mark.parametrize("name", ["client_mails", "client_mail_status"])
def test_page_says_where_the_mail_is_and_offers_send_again_when_it_is_over(
    cast: Cast, fields: dict[str, object], told: str, may_again: bool, name: str
):
    in_state(cast, **fields, retry_at=timezone.now())
    text = page(cast, name)
    assert told in text
    assert ("Send again" in text.replace('hidden">Send again', "")) == may_again
    assert cast.ours.password not in text


def test_status_asks_again_by_itself_only_while_the_mail_is_on_its_way(cast: Cast):
    assert "hx-trigger" not in page(cast, "client_mail_status")
    in_state(cast, state=MailState.SENDING)
    assert 'hx-trigger="every 3s"' in page(cast, "client_mail_status")


def test_send_again_queues_a_new_mail_and_is_offered_no_more_for_the_old_one(cast: Cast):
    browser = browser_of(cast, "operator")
    for told in ("Queued for admin@ours.example.com.", "This mail has been sent again already"):
        answer = browser.post(reverse("mail_send_again", args=[cast.ours.mail.pk]), follow=True)
        assert told in answer.content.decode()
    with tenancy.reading(PLATFORM):
        new = OutboundEmail.objects.get(client=cast.ours.client, key=f"again:{cast.ours.mail.pk}")
    assert new.created_by == cast.people["operator"]
    assert new.state == MailState.QUEUED
    assert reverse("mail_send_again", args=[cast.ours.mail.pk]) not in page(cast)


def test_mail_on_its_way_is_refused_with_the_reason(cast: Cast):
    in_state(cast, state=MailState.QUEUED)
    answer = browser_of(cast, "owner").post(
        reverse("mail_send_again", args=[cast.ours.mail.pk]), follow=True
    )
    assert "This mail is still on its way." in answer.content.decode()


def test_people_who_only_look_are_offered_no_send_again(cast: Cast):
    assert reverse("mail_send_again", args=[cast.ours.mail.pk]) not in page(
        cast, person="read_only"
    )


def new_link(cast: Cast) -> str:
    with tenancy.writing(PLATFORM):
        address = links.link_create(
            account=cast.ours.account, reseller_id=cast.ours.reseller.pk, at=timezone.now()
        )
    return "/" + address.split("/", 3)[3]


def test_link_shows_the_password_once_and_only_when_asked_to(cast: Cast):
    address = new_link(cast)
    browser = Browser()
    for _ in range(2):  # a mail scanner follows links
        looked = browser.get(address)
        assert looked.status_code == HTTPStatus.OK
        assert "Show the password" in looked.content.decode()
        assert cast.ours.password not in looked.content.decode()

    opened = browser.post(address)
    assert cast.ours.password in opened.content.decode()
    assert "no-store" in opened.headers["Cache-Control"]

    for answer, status in (
        (browser.post(address), HTTPStatus.GONE),
        (browser.get(address), HTTPStatus.OK),
    ):
        assert answer.status_code == status
        assert "This link was opened on" in answer.content.decode()
        assert cast.ours.password not in answer.content.decode()


def test_link_ends_with_time(cast: Cast):
    address = new_link(cast)
    with tenancy.writing(PLATFORM):
        OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused_everywhere(address, cast)


def test_link_ends_when_the_password_is_changed(cast: Cast):
    address = new_link(cast)
    with tenancy.writing(PLATFORM):
        Account.objects.filter(pk=cast.ours.account.pk).update(
            password="another one", password_changed_at=timezone.now()
        )
    refused_everywhere(address, cast)


def test_link_that_never_was_is_refused(cast: Cast):
    refused_everywhere(reverse("one_time_link", args=["x" * 43]), cast)


def refused_everywhere(address: str, cast: Cast) -> None:
    for answer in (Browser().get(address), Browser().post(address)):
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert "has ended or never was" in answer.content.decode()


def test_link_works_for_somebody_of_another_tenant_who_holds_it(cast: Cast):
    opened = browser_of(cast, "elsewhere").post(new_link(cast))
    assert cast.ours.password in opened.content.decode()


def test_inbox_of_the_demo_shows_a_reseller_the_mails_of_its_own_clients(
    cast: Cast, settings, tmp_path: Path
):
    settings.DEMO, settings.DEMO_MAIL_DIR = True, tmp_path / "mail"
    box = mailbox.Maildir(tmp_path / "mail")
    for name, tenant in cast.tenants.items():
        box.add(f"Subject: To {name}\nMessage-ID: {tenant.mail.message_id}\n\nThe text.\n")
    inbox = browser_of(cast, "owner").get(reverse("inbox")).content.decode()
    assert {name for name in cast.tenants if f"To {name}" in inbox} == {"ours", "below"}


def test_inbox_is_no_page_outside_the_demo(cast: Cast, settings):
    settings.DEMO = False
    answer = browser_of(cast, "staff").get(reverse("inbox"))
    assert answer.status_code == HTTPStatus.NOT_FOUND


def more_mails(cast: Cast, count: int) -> None:
    with tenancy.writing(PLATFORM):
        OutboundEmail.objects.bulk_create(
            OutboundEmail(
                reseller=cast.ours.reseller,
                client=cast.ours.client,
                account=cast.ours.account,
                kind="trunk_details",
                key=f"more:{count}:{number}",
                recipient="admin@ours.example.com",
                message_id=f"<more.{count}.{number}@localhost>",
            )
            for number in range(count)
        )


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("client_mails", "owner"),
        ("client_mail_status", "owner"),
        ("admin:accounts_outboundemail_changelist", "staff"),
    ],
)
def test_pages_ask_as_many_queries_for_forty_mails_as_for_one(cast: Cast, name: str, person: str):
    address = reverse(name, args=[] if name.startswith("admin") else [cast.ours.client.pk])
    browser = browser_of(cast, person)
    browser.get(address)
    counts = []
    for more in (0, 40):
        more_mails(cast, more)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == HTTPStatus.OK
        counts.append(len(queries))
    assert counts[0] == counts[1]
