"""What the commands of calls share."""

from typing import Any

import redis
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import Account
from accounts.selectors import accounts_for
from calls.services import policy
from calls.store.connection import store
from clients.errors import DomainError
from clients.management.base import PortalCommand
from clients.models import Client
from clients.tenancy import PLATFORM


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


def account_named(name: str) -> Account:
    """The account of a SIP username or of an id; DomainError where there is none."""
    accounts = accounts_for(PLATFORM).select_related("client__reseller")
    found = accounts.filter(sip_username__iexact=name).first()
    if found is None and name.isascii() and name.isdigit():
        found = accounts.filter(pk=int(name[:18])).first()
    if found is None:
        raise DomainError(f"There is no account {name}.")
    return found
