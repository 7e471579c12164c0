"""A whole portal for tests: its servers, its processes and, where wanted, its switch."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from trunkportal.embedded import running
from trunkportal.embedded.addresses import DATABASE
from trunkportal.stack import BASE_DIR, Ports, Stack, environment, processes


@dataclass
class Portal:
    """A running portal; ``url`` is its first page."""

    data_dir: Path
    ports: Ports
    environment: dict[str, str]
    stack: Stack

    @property
    def url(self) -> str:
        return self.ports.url

    @property
    def sip(self) -> str:
        """Where the switch takes calls, host:port."""
        return f"127.0.0.1:{self.ports.sip}"

    def manage(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; AssertionError unless it ends with ``code``."""
        return manage(self.environment, *arguments, code=code)

    def manage_json(self, *arguments: str) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.manage(*arguments))

    def mails(self) -> list[EmailMessage]:
        """The mails that have arrived, the oldest first."""
        files = (self.data_dir / "mail" / "new").glob("*")
        return [
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)
        ]

    def mail_to(self, address: str, *, count: int = 1, seconds: float = 20) -> list[EmailMessage]:
        """The mails to an address once there are ``count``; AssertionError when they stay away."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [mail for mail in self.mails() if address in mail["To"]]
            if len(found) >= count:
                return found
            time.sleep(0.1)
        told = [mail["To"] for mail in self.mails()]
        raise AssertionError(f"{address} has no {count} mails after {seconds} s; there are {told}")


def manage(environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    """What a command prints; AssertionError unless it ends with ``code``."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, f"{arguments} ended {done.returncode}: {done.stderr[-3000:]}"
    return done.stdout


@contextmanager
def run_portal(
    data_dir: Path, *, database: str = DATABASE, switch: bool = False, **more: str
) -> Iterator[Portal]:
    """A portal with ``data_dir`` for the block, migrated and ready; ``more`` is environment.

    Its database is of the embedded PostgreSQL there: the one of the name ``database``.
    """
    with running(data_dir, durable=False) as where:
        ports = Ports()
        told = {
            "DATABASE_URL": _named(where.database_url, database),
            "DATABASE_OWNER_URL": _named(where.owner_url, database),
            "REDIS_URL": where.redis_url,
            "BROKER_URL": where.broker_url,
        }
        surroundings = environment(data_dir, ports, where.redis_url, **{**told, **more})
        manage(surroundings, "migrate")
        with Stack(data_dir, processes(data_dir, ports, switch=switch), surroundings) as stack:
            yield Portal(data_dir, ports, surroundings, stack)


def _named(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{database}"))
