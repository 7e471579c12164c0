"""Servers that run for as long as somebody uses them.

Every user of a data folder holds a shared lock on its file ``users``, which the kernel drops
when the process ends, however it ends. Who leaves and finds no other holder stops the servers,
also those that a killed process left behind. A second lock makes starting and stopping one at a
time.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from trunkportal.embedded import postgres as embedded_postgres
from trunkportal.embedded import valkey as embedded_valkey
from trunkportal.embedded.addresses import Addresses, addresses
from trunkportal.embedded.errors import EmbeddedServerError

__all__ = ["EmbeddedServerError", "running", "stop_unused"]


def _private_folder(folder: Path) -> None:
    """Make a folder only its owner can enter; refuse one that somebody else laid there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EmbeddedServerError(f"{folder} is not a folder.")
    if found.st_uid not in (os.geteuid(), embedded_postgres.server_uid()):
        raise EmbeddedServerError(f"{folder} belongs to another user.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedServerError(f"{folder} is open to others; its mode must be 0700.")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def running(
    data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True
) -> Iterator[Addresses]:
    """The embedded servers of ``data_dir`` for the time of the block.

    Attaches to those that answer and starts the others; the last process to leave stops them.
    ``durable=False`` trades safety against a power cut for speed: for tests.
    Raises EmbeddedServerError when one cannot be started.
    """
    data_dir = Path(os.path.realpath(data_dir))
    # Its private parts are folders of their own: the user `nobody` must be able to pass here.
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    where = addresses(data_dir)
    process = os.getpid()
    with (data_dir / "users").open("a") as users:
        with _locked(data_dir / "starting"):
            fcntl.flock(users, fcntl.LOCK_SH)
            _private_folder(where.socket_dir)
            _private_folder(data_dir / "log")
            try:
                if postgres and not embedded_postgres.answers(where):
                    embedded_postgres.start(where, data_dir, durable=durable)
                if valkey and not embedded_valkey.answers(where):
                    embedded_valkey.start(where, data_dir)
            except BaseException:
                _stop_if_last(users, where, data_dir)
                raise
        try:
            yield where
        finally:
            if os.getpid() == process:  # not in a forked child that unwinds its copy of the stack
                with _locked(data_dir / "starting"):
                    _stop_if_last(users, where, data_dir)


def _stop_if_last(users: IO[str], where: Addresses, data_dir: Path) -> bool:
    if not _is_last(users):
        return False
    embedded_valkey.stop(where)
    embedded_postgres.stop(data_dir)
    return True


def stop_unused(data_dir: Path) -> bool:
    """Stop servers that killed processes left in ``data_dir``; False while somebody uses them."""
    data_dir = Path(os.path.realpath(data_dir))
    with (data_dir / "users").open("a") as users, _locked(data_dir / "starting"):
        return _stop_if_last(users, addresses(data_dir), data_dir)
