"""Make today's counters again."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from calls.management.base import StoreCommand
from calls.services import policy, usage
from calls.store.connection import store


class Command(StoreCommand):
    help = (
        "Set today's counters in the store to the finished calls in PostgreSQL plus the calls in"
        " progress. Events still in the store are taken in first."
    )

    def run(self, **options: Any) -> None:
        at = timezone.now()
        policy.ensure_whole(store(), at=at)
        try:
            count = usage.rebuild_counters(store(), at=at)
        except usage.CountersMovedError as error:
            raise CommandError(f"Calls keep ending, try again: {error}") from error
        self.out({"clients": count}, f"Counters of {count} clients rebuilt.")
