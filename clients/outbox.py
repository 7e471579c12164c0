"""Work that must follow a commit: written with it, done after it, at least once.

``enqueue`` inside a service's transaction; the handler of a topic runs in a worker and must bear
being run twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from clients.models import OutboxEntry
from trunkportal import crashpoints

logger = logging.getLogger(__name__)
Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register the function that does a topic's work; it gets the payload as keywords."""

    def register(handler: Handler) -> Handler:
        _handlers[topic] = handler
        return handler

    return register


def enqueue(topic: str, **payload: Any) -> None:
    """Write an entry in the running transaction and wake a worker when it has committed."""
    OutboxEntry.objects.create(topic=topic, payload=payload)
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    from clients.tasks import drain_outbox

    drain_outbox.delay()


def drain(*, at: datetime, limit: int = 500) -> int:
    """Do the open entries in order and return how many were done.

    An entry is claimed for ``OUTBOX_LEASE_SECONDS``; one whose handler fails stays open, is tried
    again after the lease and holds nobody up.
    """
    done = 0
    open_entries = Q(done_at=None) & (Q(claimed_until=None) | Q(claimed_until__lt=at))
    for entry in list(OutboxEntry.objects.filter(open_entries).order_by("id")[:limit]):
        lease = timezone.now() + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
        if not OutboxEntry.objects.filter(open_entries, pk=entry.pk).update(
            claimed_until=lease, attempts=F("attempts") + 1
        ):
            continue
        crashpoints.reached("outbox.claimed")
        try:
            _handlers[entry.topic](**entry.payload)
        except Exception as error:
            logger.exception("outbox entry %s (%s) failed", entry.pk, entry.topic)
            OutboxEntry.objects.filter(pk=entry.pk).update(last_error=repr(error)[:2000])
            continue
        crashpoints.reached("outbox.handled")
        OutboxEntry.objects.filter(pk=entry.pk).update(done_at=timezone.now(), last_error="")
        done += 1
    return done
