"""Write what the switch reads."""

from typing import Any

from django.utils import timezone

from calls.management.base import StoreCommand
from calls.services import policy
from calls.store import publish
from calls.store.connection import store


class Command(StoreCommand):
    help = "Write every client, account, rate table and destination to the store, as of now."

    def run(self, **options: Any) -> None:
        at = timezone.now()
        if publish.is_whole(store()):
            count = publish.publish_all(store(), at=at)
            publish.mark_whole(store())
        else:
            count = policy.rebuild(store(), at=at)
        self.out({"clients": count}, f"{count} clients published.")
