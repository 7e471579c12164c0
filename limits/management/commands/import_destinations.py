"""Extends the destination catalogue from a file."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from clients.management.base import PortalCommand, file_content
from clients.tenancy import PLATFORM
from limits.services.files import destinations_import


class Command(PortalCommand):
    help = (
        "Add destinations and prefixes from a CSV file. Columns: path"
        " (International/Europe/France Mobile), country (ISO, may be blank), prefixes (digits of"
        " the international form, separated by spaces; short codes as GB:118). A new destination"
        " copies the profile values of the one its prefixes left. A wrong line refuses the whole"
        " file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        done = destinations_import(
            content=file_content(options["file"]),
            acting_user=None,
            scope=PLATFORM,
            at=timezone.now(),
        )
        told = [f"new: {path}" for path in done.created]
        told.append(f"{done.prefixes} prefixes in all")
        self.out({"created": done.created, "prefixes": done.prefixes}, "\n".join(told))
