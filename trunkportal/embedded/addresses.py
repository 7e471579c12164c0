"""Where the embedded servers of a data folder listen: Unix sockets in one private folder."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

DATABASE = "trunkportal"
OWNER_ROLE = "trunkportal_owner"
APP_ROLE = "trunkportal_app"
SUPERUSER = "postgres"

# The longest path of a Unix socket is 107 bytes, and PostgreSQL adds its own name to the folder.
# A comma separates hosts in the name of a PostgreSQL server.
_SOCKET_PATH_BYTES = 107
_LONGEST_NAME = "/.s.PGSQL.5432.lock"
# Not tempfile.gettempdir(): two commands with another TMPDIR must find the same servers.
_SHORT_FOLDERS = Path("/tmp")  # noqa: S108


@dataclass(frozen=True)
class Addresses:
    """URLs of the embedded servers of one data folder, in the form that django-environ reads."""

    database_url: str
    owner_url: str
    superuser_url: str
    redis_url: str
    broker_url: str
    socket_dir: Path
    valkey_socket: Path

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """What ``psycopg.connect`` takes, for a role and a database."""
        return make_conninfo(host=str(self.socket_dir), user=role, dbname=database)


def addresses(data_dir: Path) -> Addresses:
    """The addresses of the servers of ``data_dir``; pure, whether they run or not."""
    data_dir = Path(os.path.realpath(data_dir))
    socket_dir = data_dir / "run"
    too_long = len(os.fsencode(f"{socket_dir}{_LONGEST_NAME}")) > _SOCKET_PATH_BYTES
    if too_long or "," in str(socket_dir):
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        socket_dir = _SHORT_FOLDERS / f"trunkportal-{name}"
    valkey = socket_dir / "valkey.sock"

    def database_url(role: str, database: str) -> str:
        return f"postgres://{role}@/{quote(str(socket_dir))}/{database}"

    return Addresses(
        database_url=database_url(APP_ROLE, DATABASE),
        owner_url=database_url(OWNER_ROLE, DATABASE),
        superuser_url=database_url(SUPERUSER, "postgres"),
        redis_url=f"unix://{quote(str(valkey))}?db=0",
        broker_url=f"redis+socket://{quote(str(valkey))}?virtual_host=1",
        socket_dir=socket_dir,
        valkey_socket=valkey,
    )
