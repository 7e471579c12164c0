"""Puts the rates of a file into a rate table."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from clients import tenancy
from clients.errors import DomainError
from clients.files import MOST_SHOWN
from clients.management.base import PortalCommand, file_content, instant
from clients.tenancy import PLATFORM
from rates.selectors import table_named
from rates.services import RateImport, rates_import


class Command(PortalCommand):
    help = (
        "Put the rates of a CSV file into a rate table, all at once. Columns: prefix,"
        " price_per_minute and, where wanted, setup_price, minimum_seconds, increment_seconds,"
        " effective_from, effective_until (ISO; UTC where no offset is named). A wrong line"
        " refuses the whole file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="a table's id, or RESELLER/name")
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument(
            "--keep-good", action="store_true", help="store the good lines when others are wrong"
        )
        parser.add_argument(
            "--effective-from",
            metavar="ISO",
            type=instant,
            help="when lines begin to hold that do not say it themselves (now)",
        )
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        content = file_content(options["file"])
        with tenancy.reading(PLATFORM):
            table = table_named(PLATFORM, options["table"])
        if table is None:
            raise DomainError(f"There is no rate table {options['table']}.")
        if self.stderr.isatty():
            self.stderr.write(f"Reading {len(content):,} bytes …")
        done = rates_import(
            table_id=table.pk,
            content=content,
            effective_from=options["effective_from"],
            keep_good=options["keep_good"],
            dry_run=options["dry_run"],
            acting_user=None,
            scope=PLATFORM,
            at=timezone.now(),
        )
        self.out(as_data(done), as_text(done))


def as_data(done: RateImport) -> dict[str, Any]:
    """The outcome for scripts."""
    return {
        "table_id": done.table_id,
        "stored": done.stored,
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "bad": [{"line": bad.line, "reason": bad.reason} for bad in done.bad],
    }


def as_text(done: RateImport) -> str:
    """The outcome for people: the figures, then the differences, then what is wrong."""
    figures = f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged"
    lines = [f"{figures}, {len(done.bad)} wrong"]
    for change in done.changes[:MOST_SHOWN]:
        old = f"{change.old.price_per_minute:f}" if change.old else "-"
        new = f"{change.new.price_per_minute:f}"
        lines.append(
            f"  {change.new.prefix}: {old} -> {new} from {change.new.effective_from.isoformat()}"
        )
    lines += [f"line {bad.line}: {bad.reason}" for bad in done.bad[:MOST_SHOWN]]
    if not done.stored:
        lines.append("Dry run: nothing was stored.")
    return "\n".join(lines)
