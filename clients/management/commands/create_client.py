"""Adds a client from a file: the wizard's work without a browser."""

import json
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from clients import tenancy
from clients.errors import DomainError
from clients.management.base import PortalCommand, file_content
from clients.onboarding.from_file import NAMES, OPTIONAL, FileError, read
from clients.onboarding.services import client_arguments, client_create
from clients.tenancy import PLATFORM


class Command(PortalCommand):
    help = (
        "Make a client, its first account and the mail with its trunk details from a JSON file, and"
        " print the client's id and the account's username. Names in the file: "
        f"{', '.join(sorted(NAMES))} ({' and '.join(sorted(OPTIONAL))} may be left out; address and"
        " account are objects). A wrong value refuses the file; nothing is stored then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.json")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        content = file_content(options["file"])
        try:
            data = json.loads(content, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise DomainError(f"{options['file']} is not JSON: {error}") from None
        with tenancy.reading(PLATFORM):
            described = read(data, PLATFORM)
        try:
            made = client_create(
                reseller_id=described.reseller.pk,
                creation_key=uuid4(),
                **client_arguments(described.typed),
                acting_user=None,
                scope=PLATFORM,
                at=timezone.now(),
            )
        except DomainError as error:
            raise FileError({error.field or "file": str(error.message)}) from error
        self.as_json = True  # scripts rely on it
        account = {"id": made.account.pk, "username": made.account.sip_username}
        result = {"client_id": made.client.pk, "reference": made.client.reference}
        self.out(result | {"account": account}, "")
