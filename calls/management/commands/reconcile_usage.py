"""Compare today's counters with PostgreSQL."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from calls.management.base import StoreCommand
from calls.services import usage
from calls.store.connection import store


class Command(StoreCommand):
    help = (
        "Compare today's counters in the store with the finished calls in PostgreSQL; exit 1 when"
        " any differs. rebuild_counters puts them right."
    )

    def run(self, **options: Any) -> None:
        differences = usage.differences(store(), at=timezone.now())
        lines = [
            f"client {each.client_id}, {each.destination} on {each.on}"
            f"{' off-hours' if each.off_hours else ''}: store {each.store_ms} ms,"
            f" PostgreSQL {each.recorded_ms} ms"
            for each in differences
        ]
        self.out([each.as_json() for each in differences], "\n".join(lines) or "All agree.")
        if differences:
            raise CommandError(f"{len(differences)} counters differ.")
