"""Celery tasks of the tenants' room."""

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from clients import outbox
from clients.models import OutboxEntry


@shared_task(name="clients.drain_outbox")
def drain_outbox() -> int:
    """Do what commits have left to be done."""
    return outbox.drain(at=timezone.now())


@shared_task(name="clients.clear_outbox")
def clear_outbox() -> int:
    """Delete entries done more than a week ago, and what sessions have left."""
    SessionStore.clear_expired()
    old = timezone.now() - timedelta(days=7)
    return OutboxEntry.objects.filter(done_at__lt=old).delete()[0]
