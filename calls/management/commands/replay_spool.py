"""Bring in what a switch could not tell the store."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError

from calls.management.base import StoreCommand
from calls.services import spool
from calls.store.connection import store
from clients.errors import DomainError


class Command(StoreCommand):
    help = (
        "Bring in the answers and ends of calls, and the emergency calls, that a switch wrote to"
        " its log while the store was away: its lines with 'spool KEY {…}'. All others are"
        " passed over; a log may be replayed as often as one likes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a switch's log; - is standard input")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        with _opened(options["file"]) as lines:
            done = spool.replay(store(), lines)
        for bad in done.bad:
            self.stderr.write(bad)
        self.out(
            asdict(done) | {"bad": len(done.bad)},
            f"{done.brought_in} events brought in, {done.known} known before, {done.unknown} of"
            f" unknown calls; {done.emergencies} emergency calls.",
        )
        if done.bad:
            raise CommandError(f"{len(done.bad)} lines could not be brought in.")


@contextmanager
def _opened(name: str) -> Iterator[IO[str]]:
    if name == "-":
        yield sys.stdin
        return
    try:
        file = Path(name).open(encoding="utf-8", errors="replace")  # noqa: SIM115
    except OSError as error:
        raise DomainError(f"{name} cannot be read: {error.strerror}.") from error
    with file:
        yield file
