"""The Celery app: tasks are found in each app's ``tasks`` module, beat's rhythm is set here."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trunkportal.settings")
app = Celery("trunkportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

DAY = 24 * 60 * 60


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A task each so many seconds; one that no worker took by the next is dropped."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 1.0)}}


@app.on_after_configure.connect
def set_rhythm(sender: Celery, **_kwargs: Any) -> None:
    """What beat starts, and how often."""
    from django.conf import settings

    sender.conf.beat_schedule = {
        "drain the outbox": _every(settings.OUTBOX_INTERVAL_SECONDS, "clients.drain_outbox"),
        "clear the outbox": _every(DAY, "clients.clear_outbox"),
        "enforce limits": _every(settings.SWEEP_INTERVAL_SECONDS, "calls.sweep"),
        "take in events": _every(settings.INGEST_INTERVAL_SECONDS, "calls.take_in_events"),
        "check the store": _every(settings.OUTBOX_INTERVAL_SECONDS, "calls.check_store"),
        "compare live calls": _every(60, "calls.report_alive"),
        "roll calendars over": _every(DAY / 4, "calls.roll_calendars"),
        "send mails that are due": _every(settings.MAIL_SWEEP_SECONDS, "accounts.send_due_mails"),
    }
