"""Celery tasks of calls: each loads what it needs and calls one service; all may run twice."""

import threading
import time

import redis
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from calls.services import enforcement, policy, records
from calls.store.connection import store
from clients import outbox, tenancy
from clients.models import Client, ClientType, Reseller
from clients.tenancy import PLATFORM

_taking_in = threading.Lock()


@shared_task(name="calls.sweep", ignore_result=True)
def sweep() -> None:
    """Settle, warn, roll over and cut what is due, now and until the next round."""
    due = enforcement.sweep(store())
    if due is not None and due < settings.SWEEP_INTERVAL_SECONDS:
        time.sleep(due)
        enforcement.sweep(store())


@shared_task(name="calls.take_in_events")
def take_in_events() -> int:
    """Write the store's events to PostgreSQL.

    One at a time in a process, so that a slow one leaves the sweep a thread.
    """
    if not _taking_in.acquire(blocking=False):
        return 0
    try:
        return records.take_in_events(store(), at=timezone.now())
    finally:
        _taking_in.release()


@shared_task(name="calls.check_store")
def check_store() -> bool:
    """Load the library where it is missing and rebuild a store that has lost anything."""
    try:
        return policy.ensure_whole(store(), at=timezone.now())
    except redis.ConnectionError:
        return False


@shared_task(name="calls.report_alive")
def report_alive() -> int:
    """Compare live calls with the switches' lists."""
    return enforcement.report_alive(store())


@shared_task(name="calls.roll_calendars")
def roll_calendars() -> int:
    """Publish every client and reseller anew: their calendars reach over the next days."""
    with tenancy.reading(PLATFORM):
        resellers = list(Reseller.objects.values_list("pk", flat=True))
        clients = list(Client.objects.filter(type=ClientType.CLIENT).values_list("pk", flat=True))
    with tenancy.writing(PLATFORM):
        for reseller_id in resellers:
            outbox.enqueue("policy.totals", reseller_id=reseller_id)
        for client_id in clients:
            outbox.enqueue("policy.client", client_id=client_id)
    return len(clients)
