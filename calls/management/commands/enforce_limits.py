"""The enforcement sweep as a loop of its own."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

import redis

from calls.management.base import StoreCommand
from calls.services import enforcement
from calls.store.connection import store

SHORTEST = 0.01


def seconds(text: str) -> float:
    """A positive number of seconds up to 5: a sweep rarer than that counts as none."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not SHORTEST <= value <= 5:
        raise ArgumentTypeError(f"{text!r} is not between {SHORTEST} and 5 seconds")
    return value


class Command(StoreCommand):
    help = (
        "Sweep until stopped: settle and warn, roll days over and cut what is exhausted, at the"
        " moment it is due and at least every so many seconds."
    )
    prints_data = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=seconds, default=0.1, help="seconds; 0.1")
        parser.add_argument("--rounds", type=int, default=0, help="stop after so many; 0: never")
        super().add_arguments(parser)

    def run(self, **options: Any) -> None:
        interval, rounds = options["interval"], options["rounds"]
        done = 0
        while not rounds or done < rounds:
            due = None
            try:
                due = enforcement.sweep(store())
            except redis.RedisError as error:
                self.stderr.write(f"The store does not answer: {error}")
            done += 1
            time.sleep(max(SHORTEST, interval if due is None else min(interval, due)))
