"""Enforcement and mails have queues and processes of their own: nothing waits for a mail."""

import socket
import threading
import time

import pytest
import redis
from celery import Celery, current_app
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.mail import trunk_details_queue
from accounts.tasks import send_invitation, send_mail
from calls import tasks
from calls.models import BarredCall
from calls.store import functions
from calls.store.connection import tag
from calls.store.functions import Request
from clients import outbox, tenancy
from clients.models import InvitationState, User
from clients.services.users import invite
from clients.tenancy import PLATFORM
from tests.calls.worlds import SHARD, Switch
from tests.cast import Tenant, make_cast
from tests.worker import worker
from trunkportal import stack


@pytest.fixture
def hanging():
    """A mail server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def queues_of(command: list[str]) -> list[str]:
    return command[command.index("--queues") + 1].split(",")


def test_every_task_has_a_worker_and_mails_and_enforcement_have_their_own() -> None:
    route = current_app.amqp.router.route
    enforcement, mail, rest = (
        queues_of(each())
        for each in (stack.enforcement_command, stack.courier_command, stack.worker_command)
    )
    assert len({*enforcement, *mail, *rest}) == len([*enforcement, *mail, *rest])
    own = {tasks.sweep.name: enforcement, tasks.take_in_events.name: enforcement}
    own |= {send_mail.name: mail, send_invitation.name: mail}
    for task in current_app.tasks:
        assert route({}, task)["queue"].name in own.get(task, rest), task


def test_one_slow_taking_in_leaves_the_sweep_a_thread(monkeypatch) -> None:
    """However often beat asks meanwhile."""
    began, go_on = threading.Event(), threading.Event()

    def slow(*_args: object, **_kwargs: object) -> int:
        began.set()
        go_on.wait(10)
        return 7

    monkeypatch.setattr("calls.tasks.records.take_in_events", slow)
    first = threading.Thread(target=tasks.take_in_events)
    first.start()
    assert began.wait(5)
    assert tasks.take_in_events() == 0
    go_on.set()
    first.join()
    assert tasks.take_in_events() == 7


@pytest.mark.django_db(transaction=True)
def test_with_a_mail_server_that_hangs_calls_are_swept_recorded_and_limits_published(
    valkey, hanging, tmp_path
):
    switch = Switch(valkey)
    switch.load()
    valkey.delete(f"{SHARD}:beat")
    tenants = list(make_cast().tenants.values())[:2]
    with tenancy.writing(PLATFORM):
        mails = [
            trunk_details_queue(account=each.account, created_by=None, at=timezone.now())
            for each in tenants
        ]
    functions.authorize(valkey, SHARD, Request(account_id=11, dialled="nonsense"))
    everyone = {"EMAIL_URL": f"smtp://127.0.0.1:{hanging.getsockname()[1]}", "EMAIL_TIMEOUT": "60"}
    with (
        worker(tmp_path / "worker.log", command=stack.worker_command(), **everyone),
        worker(tmp_path / "courier.log", command=stack.courier_command(), **everyone),
        worker(tmp_path / "enforcement.log", command=stack.enforcement_command(), **everyone),
    ):
        for mail in mails:
            send_mail.delay(mail.pk)
        with tenancy.writing(PLATFORM):
            invite(User.objects.create_user("new@ours.example.com"))
        held = [hanging.accept()[0] for _ in [*mails, "invitation"]]
        with tenancy.writing(PLATFORM):
            outbox.enqueue("policy.client", client_id=tenants[0].client.pk)
        tasks.sweep.delay()
        tasks.take_in_events.delay()
        deadline = time.monotonic() + 30
        while not (valkey.exists(f"{SHARD}:beat") and barred() and published(tenants[0])):
            assert time.monotonic() < deadline, (tmp_path / "enforcement.log").read_text()
            time.sleep(0.1)
        for each in held:  # or the worker would wait for its mails as it ends
            each.close()


def published(tenant: Tenant) -> bool:
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        return bool(store.exists(f"{tag(tenant.reseller.shard)}:c:{tenant.client.pk}"))


def barred() -> bool:
    with tenancy.reading(PLATFORM):
        return BarredCall.objects.filter(code=201, dialled="nonsense").exists()


def test_a_broker_that_hangs_holds_up_no_page_for_long(settings) -> None:
    """The entry is in the outbox all the same, and the clock drains it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = Celery(
            broker=f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
            broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS,
            task_publish_retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
        )
        began = time.monotonic()
        with pytest.raises(OperationalError):
            app.send_task("clients.drain_outbox")
    assert time.monotonic() - began < 8


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_no_server_takes_is_tried_ten_times_by_the_courier(valkey, tmp_path):
    nowhere = {"EMAIL_URL": f"smtp://127.0.0.1:{stack.free_port()}", "MAIL_RETRY_SECONDS": "0.1"}
    with tenancy.writing(PLATFORM):
        user = User.objects.create_user("new@ours.example.com")
        invite(user)
    log = tmp_path / "courier.log"
    with worker(log, command=stack.courier_command(), **nowhere):
        send_invitation.delay(user.pk)
        deadline = time.monotonic() + 60
        while user.invitation != InvitationState.FAILED:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
            user.refresh_from_db()
    assert log.read_text().count("Retry in") == 9
    assert "refused" in user.invitation_error
