"""What the commands of calls share."""

from typing import Any

import redis
from django.core.management.base import CommandError
from django.utils import timezone

from calls.services import policy
from calls.store.connection import store
from clients.management.base import PortalCommand
from clients.models import Client


class StoreCommand(PortalCommand):
    """A command that needs the store; it is refused when the store is away."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except redis.RedisError as error:
            raise CommandError(f"The store does not answer: {error}") from error


def for_scripts(command: PortalCommand) -> None:
    """Print JSON to anything but a terminal: scripts rely on it."""
    if not command.stdout.isatty():
        command.as_json = True


def up_to_date(client: Client) -> None:
    """Publish what bears on a client, without waiting for a worker."""
    policy.refresh_client(store(), client, at=timezone.now())
