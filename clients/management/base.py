"""What every command of the portal shares: its exit codes and how tenants are named.

0: done. 1: refused, with a message on stderr. 2: wrong usage.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clients.domain.moments import is_near
from clients.errors import DomainError
from clients.models import Client, Reseller
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope

LARGEST_FILE = 64 * 1024 * 1024


class PortalCommand(BaseCommand):
    """A command whose ``run`` may raise DomainError; ``self.out`` prints text or, asked, JSON."""

    prints_data = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Subclasses add theirs and call this."""
        if self.prints_data:
            parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options.get("json"))
        for name, value in options.items():
            if isinstance(value, str) and not is_text(value):
                raise CommandError(f"{name}: {value!r} is not text in UTF-8", returncode=2)
        try:
            self.run(**options)
        except DomainError as error:
            raise CommandError(str(error.message)) from error

    def run(self, **options: Any) -> None:
        """Do the command's work."""
        raise CommandError("")

    def out(self, data: Any, text: str) -> None:
        """Print ``data`` as JSON where it was asked for, else ``text``."""
        self.stdout.write(json.dumps(data, ensure_ascii=False) if self.as_json else text)


def is_text(value: str) -> bool:
    """Whether an argument came as UTF-8: other bytes are handed over as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def instant(text: str) -> datetime:
    """An ISO date or date and time, UTC where it names no offset; for ``type=``."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no ISO date and time") from None
    if not is_near(at):
        raise ArgumentTypeError(f"{text!r} is not between 1970 and 2099")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def file_content(name: str) -> bytes:
    """What a file holds. Raises DomainError when it cannot be read."""
    path = Path(name)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DomainError(f"{name} is larger than {LARGEST_FILE // 1024**2} MB.")
        return path.read_bytes()
    except OSError as error:
        raise DomainError(f"{name} cannot be read: {error.strerror}.") from error


def reseller_named(scope: Scope, reference: str) -> Reseller:
    """The reseller of a reference, in any case. Raises DomainError when there is none."""
    found = resellers_for(scope).filter(reference__iexact=reference.strip()).first()
    if found is None:
        raise DomainError(f"There is no reseller {reference}.")
    return found


def client_named(scope: Scope, name: str) -> Client:
    """The client of an id, of ``RESELLER/REF``, or of ``REF`` where only one has it.

    Raises DomainError when there is none, or more than one.
    """
    clients = clients_for(scope).select_related("reseller")
    reference, _slash, own = name.rpartition("/")
    if reference:
        found = clients.filter(reseller__reference__iexact=reference, reference__iexact=own)
    elif name.isascii() and name.isdigit() and (by_id := clients.filter(pk=int(name[:18]))):
        found = by_id
    else:
        found = clients.filter(reference__iexact=name)
    matches = list(found[:2])
    if not matches:
        raise DomainError(f"There is no client {name}.")
    if len(matches) > 1:
        raise DomainError(f"Several resellers have a client {name}: name it RESELLER/{name}.")
    return matches[0]
