"""Trunk details: sent once, at most, and the row says what is known."""

import logging
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from accounts.mail import delivery, limit_warning_queue, send_again, sending, trunk_details_queue
from accounts.models import Account, MailState, OneTimeLink, OutboundEmail
from clients import tenancy
from clients.errors import DomainError
from clients.models import Client, OutboxEntry, Reseller
from clients.tenancy import PLATFORM
from tests.cast import AT, Cast
from tests.mail_server import MailServer


def queue(cast: Cast) -> OutboundEmail:
    with tenancy.writing(PLATFORM):
        return trunk_details_queue(
            account=cast.ours.account, created_by=cast.ours.owner, at=timezone.now()
        )


def now_is(mail: OutboundEmail) -> OutboundEmail:
    with tenancy.reading(PLATFORM):
        mail.refresh_from_db()
    return mail


def body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part
    return str(part.get_content())


def try_to_send(mail: OutboundEmail, after: timedelta = timedelta()) -> OutboundEmail:
    sending.send(email_id=mail.pk, at=timezone.now() + after)
    return now_is(mail)


def test_details_arrive_with_username_password_and_registrar(cast: Cast, smtp: MailServer):
    mail = try_to_send(queue(cast))

    assert mail.state == MailState.SENT
    assert mail.sent_at
    [arrived] = smtp.mails
    assert arrived["To"] == "admin@ours.example.com"
    assert arrived["Message-ID"] == mail.message_id
    assert arrived["Date"]
    for subtype in ("plain", "html"):
        text = body(arrived, subtype)
        for wanted in ("user-ours", cast.ours.password, "sip.localhost", "5060", "TCP", "UDP"):
            assert wanted in text
    assert "style=" in text
    assert "<style" not in text


def test_text_part_is_not_escaped(cast: Cast, smtp: MailServer):
    with tenancy.writing(PLATFORM):
        Client.objects.filter(pk=cast.ours.client.pk).update(name="Fish & <Chips>")
    try_to_send(queue(cast))

    [arrived] = smtp.mails
    plain, html = (body(arrived, kind) for kind in ("plain", "html"))
    assert "Fish & <Chips>" in plain
    assert "Fish &amp; &lt;Chips&gt;" in html


def test_account_known_by_address_is_told_its_addresses(cast: Cast, smtp: MailServer):
    with tenancy.writing(PLATFORM):
        Account.objects.filter(pk=cast.ours.account.pk).update(
            sip_username=None, password=None, ident_by="ip", ips=["192.0.2.7"]
        )
    assert try_to_send(queue(cast)).state == MailState.SENT
    text = body(smtp.mails[0], "plain")
    assert "192.0.2.7" in text
    assert "Password" not in text


def test_asked_twice_for_one_password_it_is_one_mail(cast: Cast):
    assert queue(cast) == queue(cast)
    assert OutboxEntry.objects.filter(topic="mail.send").count() == 1


def test_sent_twice_by_two_workers_it_arrives_once(cast: Cast, smtp: MailServer):
    mail = queue(cast)
    try_to_send(mail)
    try_to_send(mail, timedelta(days=1))
    assert len(smtp.mails) == 1


def test_client_without_address_is_refused_at_the_field(cast: Cast):
    cast.ours.account.client.email = ""
    with pytest.raises(DomainError) as refusal:
        queue(cast)
    assert refusal.value.field == "email"


def test_busy_server_is_tried_again_later_with_the_same_message_id(cast: Cast, smtp: MailServer):
    smtp.mood = "busy"
    mail = try_to_send(queue(cast))
    assert mail.state == MailState.QUEUED
    assert "451" in mail.error
    assert mail.retry_at
    assert mail.retry_at > timezone.now() + timedelta(seconds=50)

    try_to_send(mail)  # too early: nothing happens
    assert now_is(mail).attempts == 1
    assert sending.due_ids(at=timezone.now()) == []

    smtp.mood = "well"
    later = timezone.now() + timedelta(seconds=61)
    assert sending.due_ids(at=later) == [mail.pk]
    sending.send(email_id=mail.pk, at=later)
    assert now_is(mail).state == MailState.SENT
    assert mail.error == ""
    assert smtp.mails[0]["Message-ID"] == mail.message_id


def test_server_that_is_down_is_tried_again_and_in_the_end_given_up(cast: Cast, smtp, settings):
    settings.EMAIL_PORT = 1
    mail = queue(cast)
    waits = []
    at = timezone.now()
    for _ in range(sending.MAX_ATTEMPTS):
        sending.send(email_id=mail.pk, at=at)
        mail = now_is(mail)
        if mail.retry_at:
            waits.append((mail.retry_at - at).total_seconds())
            at = mail.retry_at
    assert mail.state == MailState.FAILED
    assert "refused" in mail.error.lower()
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_server_that_hangs_up_before_the_text_is_tried_again(cast: Cast, smtp: MailServer):
    smtp.mood = "hang_up_before"
    assert try_to_send(queue(cast)).state == MailState.QUEUED


def test_unknown_recipient_fails_with_the_servers_words(cast: Cast, smtp: MailServer):
    smtp.mood = "no_such_user"
    mail = try_to_send(queue(cast))
    assert mail.state == MailState.FAILED
    assert "550" in mail.error
    assert "No such user" in mail.error
    assert sending.due_ids(at=timezone.now() + timedelta(days=1)) == []


def test_server_that_hangs_up_after_the_text_leaves_it_unconfirmed(cast: Cast, smtp: MailServer):
    smtp.mood = "hang_up_after"
    mail = try_to_send(queue(cast))
    assert mail.state == MailState.UNCONFIRMED
    assert len(smtp.mails) == 1

    smtp.mood = "well"
    try_to_send(mail, timedelta(days=1))
    assert sending.due_ids(at=timezone.now() + timedelta(days=1)) == []
    assert len(smtp.mails) == 1


def test_mail_whose_worker_vanished_becomes_unconfirmed(cast: Cast, settings):
    mail = queue(cast)
    with tenancy.writing(PLATFORM):
        OutboundEmail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, claimed_at=AT)
    just_before = AT + timedelta(seconds=settings.MAIL_STALE_SECONDS)
    assert sending.mark_unconfirmed(at=just_before) == 0
    assert sending.mark_unconfirmed(at=just_before + timedelta(seconds=1)) == 1
    assert now_is(mail).state == MailState.UNCONFIRMED


def test_answer_that_comes_after_the_mail_counted_as_stale_is_kept(
    cast: Cast, smtp: MailServer, monkeypatch
):
    mail = queue(cast)
    deliver = delivery.deliver

    def slowly(message):
        sending.mark_unconfirmed(at=timezone.now() + timedelta(days=1))
        deliver(message)

    monkeypatch.setattr(delivery, "deliver", slowly)
    assert try_to_send(mail).state == MailState.SENT


def test_password_no_key_opens_fails_and_says_so(cast: Cast, smtp: MailServer, settings):
    mail = queue(cast)
    settings.SIP_SECRET_KEYS = ["bm90IHRoZSBrZXkgdGhhdCBpdCB3YXMgbWFkZSB3aXQ="]
    mail = try_to_send(mail)
    assert mail.state == MailState.FAILED
    assert mail.error == "The password cannot be read."
    assert smtp.mails == []


def test_send_again_makes_one_new_mail_to_the_present_address(cast: Cast, smtp: MailServer):
    mail = try_to_send(queue(cast))
    with tenancy.writing(PLATFORM):
        Client.objects.filter(pk=cast.ours.client.pk).update(email="new@ours.example.com")
    who: Any = {"scope": cast.ours.scope, "acting_user": cast.ours.owner, "at": timezone.now()}
    again = send_again(mail_id=mail.pk, **who)
    with pytest.raises(DomainError, match="has been sent again already"):
        send_again(mail_id=mail.pk, **who)
    assert again.pk != mail.pk
    assert again.message_id != mail.message_id
    try_to_send(again)
    assert [arrived["To"] for arrived in smtp.mails] == [
        "admin@ours.example.com",
        "new@ours.example.com",
    ]


def test_mail_on_its_way_is_not_sent_again(cast: Cast):
    mail = queue(cast)
    with pytest.raises(DomainError):
        send_again(
            mail_id=mail.pk, scope=cast.ours.scope, acting_user=cast.ours.owner, at=timezone.now()
        )


def test_another_tenants_mail_is_not_sent_again(cast: Cast):
    with pytest.raises(OutboundEmail.DoesNotExist):
        send_again(
            mail_id=cast.beside.mail.pk,
            scope=cast.ours.scope,
            acting_user=cast.ours.owner,
            at=timezone.now(),
        )


def test_reseller_may_choose_a_link_in_the_passwords_place(cast: Cast, smtp: MailServer):
    with tenancy.writing(PLATFORM):
        Reseller.objects.filter(pk=cast.ours.reseller.pk).update(send_one_time_link=True)
    try_to_send(queue(cast))

    [arrived] = smtp.mails
    assert cast.ours.password not in arrived.as_string()
    text = body(arrived, "plain")
    assert "/link/" in text
    with tenancy.reading(PLATFORM):
        link = OneTimeLink.objects.latest("pk")
    assert link.token_sha256 not in text


def warn(cast: Cast, step: int) -> list[OutboundEmail]:
    with tenancy.writing(PLATFORM):
        return limit_warning_queue(
            client=cast.ours.client,
            destination="UK/Mobile",
            on=date(2026, 3, 10),
            off_hours=False,
            step=step,
            limit_seconds=2000,
            at=timezone.now(),
        )


def test_warning_goes_to_the_alerts_address_once_a_day_and_step(cast: Cast, smtp: MailServer):
    [mail] = warn(cast, 80)
    assert warn(cast, 80) == [mail]
    assert warn(cast, 100) != [mail]
    try_to_send(mail)
    [arrived] = smtp.mails
    assert arrived["To"] == "alerts@ours.example.com"
    assert "80 %" in arrived["Subject"]
    assert "33.33 minutes to UK/Mobile" in body(arrived, "plain")


def test_warning_goes_to_the_client_too_where_it_wants_them(cast: Cast):
    cast.ours.client.warn_client = True
    assert {mail.recipient for mail in warn(cast, 80)} == {
        "alerts@ours.example.com",
        "admin@ours.example.com",
    }


def test_no_secret_is_logged_or_stored_with_a_mail(cast: Cast, smtp: MailServer, caplog):
    caplog.set_level(logging.DEBUG)
    mail = try_to_send(queue(cast))
    secrets = (cast.ours.password, cast.ours.account.ha1_md5, cast.ours.account.ha1_sha256)
    row = repr(OutboundEmail.__dict__) + repr(vars(mail))
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in row
