"""A worker killed at each step of a mail leaves one mail at most, and none only as unconfirmed."""

import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.mail import sending, trunk_details_queue
from accounts.models import MailState, OutboundEmail
from accounts.tasks import send_due_mails
from clients import tenancy
from clients.models import OutboxEntry
from clients.tasks import drain_outbox
from clients.tenancy import PLATFORM
from tests.cast import make_cast
from tests.mail_server import MailServer
from tests.worker import START_SECONDS, worker

# What each step leaves behind once others have gone on: the mail's state, and whether it arrived.
# The last one leaves work in the queue, which the worker after it does.
LEFT = {
    "outbox.claimed": (MailState.SENT, True),
    "mail.claimed": (MailState.UNCONFIRMED, False),
    "mail.rendered": (MailState.UNCONFIRMED, False),
    "mail.accepted": (MailState.UNCONFIRMED, True),
    "mail.recorded": (MailState.SENT, True),
    "outbox.handled": (MailState.SENT, True),
}


def states() -> dict[int, str]:
    with tenancy.reading(PLATFORM):
        return dict(OutboundEmail.objects.values_list("pk", "state"))


def an_hour_passes() -> None:
    """Leases end, attempts fall due and claims become stale, without waiting for it."""
    hour = timedelta(hours=1)
    OutboxEntry.objects.filter(done_at=None).update(claimed_until=timezone.now() - hour)
    with tenancy.writing(PLATFORM):
        for mail in OutboundEmail.objects.all():
            for field in ("claimed_at", "retry_at"):
                if value := getattr(mail, field):
                    setattr(mail, field, value - hour)
            mail.save()


def wait_until(what, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"{states()} after {seconds} s"
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_worker_killed_at_any_step_leaves_one_mail_at_most(
    valkey: redis.Redis, smtp: MailServer, tmp_path: Path
):
    cast = make_cast()
    log = tmp_path / "worker.log"
    server = {"EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}"}
    mails: dict[str, OutboundEmail] = {}
    for step, tenant in zip(LEFT, [*cast.tenants.values(), cast.ours], strict=False):
        account = tenant.account
        account.version += 1
        with tenancy.writing(PLATFORM):
            mails[step] = trunk_details_queue(account=account, created_by=None, at=timezone.now())
        with worker(log, crash_at=step, **server) as process:
            assert process.wait(START_SECONDS) == -signal.SIGKILL, log.read_text()[-3000:]

    an_hour_passes()
    with worker(log, **server):
        send_due_mails.delay()
        drain_outbox.delay()
        going = {MailState.QUEUED, MailState.SENDING}
        wait_until(lambda: not going & set(states().values()))
        an_hour_passes()
        send_due_mails.delay()
        drain_outbox.delay()
        wait_until(lambda: not OutboxEntry.objects.filter(done_at=None).exists())

    arrived = [mail["Message-ID"] for mail in smtp.mails]
    left = {
        step: (MailState(states()[mail.pk]), arrived.count(mail.message_id) == 1)
        for step, mail in mails.items()
    }
    assert left == LEFT
    assert len(arrived) == len(set(arrived))
    said = log.read_text()
    for tenant in cast.tenants.values():
        assert tenant.password not in said

    browser = Browser()
    browser.force_login(cast.people["owner"])
    page = browser.get(reverse("client_mails", args=[cast.ours.client.pk])).content.decode()
    assert mails["mail.claimed"].client == cast.ours.client
    assert "Unconfirmed" in page
    assert sending.due_ids(at=timezone.now() + timedelta(days=1)) == []
