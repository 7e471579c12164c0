"""What a client may talk on a day, and what of it is used."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from calls.management.base import StoreCommand, for_scripts, up_to_date
from calls.selectors import Allowance, allowances_today
from clients import tenancy
from clients.management.base import client_named, instant
from clients.tenancy import PLATFORM
from limits.domain.split import minutes_text


class Command(StoreCommand):
    help = (
        "Print a row for each destination and each capped parent of a client: the month's limit,"
        " the day's share, what is used, in progress and left. Prints JSON except on a terminal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client", metavar="CLIENT", help="an id, RESELLER/REF or REF")
        parser.add_argument("--at", type=instant, default=None, help="ISO date and time; now")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        for_scripts(self)
        with tenancy.reading(PLATFORM):
            client = client_named(PLATFORM, options["client"])
        up_to_date(client)
        with tenancy.reading(PLATFORM):
            today = allowances_today(PLATFORM, client, options["at"] or timezone.now())
        rows = [as_row(each) for each in today.allowances]
        self.out(rows, "\n".join(as_text(row) for row in rows))


def as_row(each: Allowance) -> dict[str, Any]:
    """One row of the JSON."""
    month = str(each.monthly_minutes) if each.monthly_minutes is not None else None
    daily = each.daily_seconds
    return {
        "destination": each.destination.path,
        "monthly_minutes": "unlimited" if each.unlimited else month,
        "divisor": None if each.unlimited else each.divisor,
        "daily_seconds": daily,
        "daily_minutes": None if daily is None else minutes_text(daily),
        "off_hours_seconds": each.off_hours_seconds,
        "used_seconds": each.used_seconds,
        "in_progress_seconds": each.in_progress_seconds,
        "left_seconds": each.left_seconds,
        "barred": each.barred,
    }


def as_text(row: dict[str, Any]) -> str:
    """One row for a person at a terminal."""
    month = row["monthly_minutes"]
    if month == "unlimited" or row["barred"]:
        return f"{row['destination']}: {'barred' if row['barred'] else month}"
    left = minutes_text(row["left_seconds"])
    return f"{row['destination']}: {month} min a month, {left} of {row['daily_minutes']} left today"
