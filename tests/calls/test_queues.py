"""Enforcement has a queue and a process of its own: nothing that waits for a mail holds it up."""

import socket
import threading
import time

import pytest
from celery import current_app
from django.utils import timezone

from accounts.mail import trunk_details_queue
from accounts.tasks import send_mail
from calls import tasks
from calls.models import BarredCall
from calls.store import functions
from calls.store.functions import Request
from clients import tenancy
from clients.tenancy import PLATFORM
from tests.calls.worlds import SHARD, Switch
from tests.cast import make_cast
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


def test_the_sweep_and_the_taking_in_wait_for_no_mail() -> None:
    route = current_app.amqp.router.route
    own, rest = (queues_of(each()) for each in (stack.enforcement_command, stack.worker_command))
    assert not set(own) & set(rest)
    for task in current_app.tasks:
        queue = route({}, task)["queue"].name
        enforcement = task in (tasks.sweep.name, tasks.take_in_events.name)
        assert queue in (own if enforcement else rest), task


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
def test_with_a_mail_server_that_hangs_calls_are_swept_and_recorded(valkey, hanging, tmp_path):
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
        worker(tmp_path / "enforcement.log", command=stack.enforcement_command(), **everyone),
    ):
        for mail in mails:
            send_mail.delay(mail.pk)
        held = [hanging.accept()[0] for _ in mails]
        tasks.sweep.delay()
        tasks.take_in_events.delay()
        deadline = time.monotonic() + 30
        while not (valkey.exists(f"{SHARD}:beat") and barred()):
            assert time.monotonic() < deadline, (tmp_path / "enforcement.log").read_text()
            time.sleep(0.1)
        for each in held:  # or the worker would wait for its mails as it ends
            each.close()


def barred() -> bool:
    with tenancy.reading(PLATFORM):
        return BarredCall.objects.filter(code=201, dialled="nonsense").exists()
