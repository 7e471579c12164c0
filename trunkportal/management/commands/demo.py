"""``demo``: the whole portal with sample data, for looking at."""

import fcntl
import json
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from calls.services import enforcement
from calls.store.connection import store
from clients.management.sample import load
from trunkportal.stack import (
    START_SECONDS,
    Ports,
    Stack,
    StackError,
    environment,
    free_port,
    is_free,
    processes,
    switch_binary,
)

SIP_PORT = 5060
CARRIER_PORT = 5070
LAST_PORT = 65535
WATCH_SECONDS = 0.2
# What commands that are run by hand beside the demo have to know of it.
BESIDE = ("PUBLIC_URL", "EMAIL_URL", "SIP_REGISTRAR", "SIP_PORTS", "SWITCH_NODES")


class Command(BaseCommand):
    """Starts everything with sample data and serves until Ctrl-C."""

    help = "Run the portal with sample data on embedded servers, until Ctrl-C."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port, default=8000, help="port of the pages (8000)")
        parser.add_argument(
            "--check", action="store_true", help="end with 0 once the login page answers"
        )
        parser.add_argument("--json", action="store_true", help="print address and logins as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with only_one(Path(settings.DATA_DIR)):
            self.serve_until_interrupted(options)

    def serve_until_interrupted(self, options: dict[str, Any]) -> None:
        """Run the stack, and take an interrupt for an ordinary end."""
        if not is_free(options["port"]):
            raise CommandError(f"Port {options['port']} is in use; name another with --port.")
        # A shell has SIGINT ignored in what it puts in the background: this undoes that.
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self.serve(options)
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")

    def serve(self, options: dict[str, Any]) -> None:
        """Run the stack until an interrupt, or only until it is ready."""
        say = self.stderr.write
        say("Preparing the database …")
        call_command("migrate", database="owner", verbosity=0)
        ports = Ports(
            web=options["port"],
            sip=SIP_PORT if is_free(SIP_PORT) else free_port(),
            carrier=CARRIER_PORT if is_free(CARRIER_PORT) else free_port(),
        )
        say("Loading sample data …")
        logins = load(at=timezone.now(), carrier_port=ports.carrier)
        connections.close_all()
        switch = switch_binary() is not None
        data_dir = Path(settings.DATA_DIR)
        told = environment(data_dir, ports, settings.REDIS_URL, DEMO="true")
        beside = settings.DEMO_ENVIRONMENT
        parts = processes(
            data_dir, ports, switch=switch, carrier=switch and shutil.which("sipp") is not None
        )
        try:
            began = time.time()
            with Stack(data_dir, parts, told, say) as stack:
                wait_for_the_sweep(stack, since=began)
                beside.write_text("".join(f"{name}={told[name]}\n" for name in BESIDE))
                self.announce(ports, logins, switch=switch, as_json=options["json"])
                if not options["check"]:
                    self.watch(stack)
        except StackError as error:
            raise CommandError(str(error)) from error
        finally:
            beside.unlink(missing_ok=True)

    def watch(self, stack: Stack) -> None:
        """Keep the stack going until an interrupt."""
        try:
            while True:
                time.sleep(WATCH_SECONDS)
                stack.watch()
        except KeyboardInterrupt:
            # What is left to do is stopping: a second Ctrl-C must not cut that short.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.stderr.write("Stopping …")

    def announce(
        self, ports: Ports, logins: dict[str, str], *, switch: bool, as_json: bool
    ) -> None:
        """Print where the portal is and who may enter."""
        sip = f"127.0.0.1:{ports.sip}" if switch else None
        if as_json:
            answer = {"url": ports.url, "inbox": f"{ports.url}inbox/", "sip": sip}
            self.stdout.write(json.dumps({**answer, "logins": logins}))
            return
        self.stdout.write(f"\nThe portal is at {ports.url}")
        for email, password in logins.items():
            self.stdout.write(f"  {email}  {password}")
        self.stdout.write(f"Its mails arrive at {ports.url}inbox/")
        if sip:
            self.stdout.write(f"SIP phones register at {sip} (UDP and TCP)")
        else:
            self.stdout.write("Kamailio is not installed: no calls. `make deps` installs it.")
        self.stdout.write("Ctrl-C ends it.\n")
        sys.stdout.flush()


def port(text: str) -> int:
    """A port of the command line."""
    number = int(text)
    if not 1 <= number <= LAST_PORT:
        raise ArgumentTypeError(f"{text} is no port: 1 to {LAST_PORT}")
    return number


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Keep a data folder to one demo: a second would take the calls and mails of the first."""
    with (data_dir / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"A demo runs already on {data_dir}: end it, or name another folder with"
                " TRUNKPORTAL_DATA_DIR."
            ) from None
        yield


def wait_for_the_sweep(stack: Stack, *, since: float) -> None:
    """Return once worker, clock, store and database have worked together; StackError if not."""
    deadline = time.monotonic() + START_SECONDS
    while enforcement.last_sweep(store()) < since:
        if time.monotonic() > deadline:
            end = stack.log("enforcement").read_text(errors="replace")[-2000:]
            raise StackError(f"nothing is enforced; the end of enforcement.log:\n{end}")
        time.sleep(WATCH_SECONDS)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
