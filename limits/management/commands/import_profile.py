"""Sets rows of a reseller's limit profiles from a file."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from clients import tenancy
from clients.management.base import PortalCommand, file_content, reseller_named
from clients.tenancy import PLATFORM
from limits.services.files import profile_import


class Command(PortalCommand):
    help = (
        "Set the rows of limit profiles that a CSV file names and leave the others. Columns:"
        " profile, destination (UK/Mobile), minutes (a number, Unlimited, Barred or blank),"
        " max_price_per_minute, max_setup_price, spend. A profile named anew is made. A wrong line"
        " refuses the whole file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reseller", metavar="RESELLER", help="the reseller's reference")
        parser.add_argument("file", metavar="FILE.csv")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        content = file_content(options["file"])
        with tenancy.reading(PLATFORM):
            reseller = reseller_named(PLATFORM, options["reseller"])
        done = profile_import(
            reseller_id=reseller.pk,
            content=content,
            acting_user=None,
            scope=PLATFORM,
            at=timezone.now(),
        )
        told = [
            f"{name}: {count} {'row' if count == 1 else 'rows'} set" for name, count in done.items()
        ]
        self.out({"profiles": done}, "\n".join(told) or "The file has no rows.")
