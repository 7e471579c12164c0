#!/usr/bin/env python
"""Runs a command of the portal, with the embedded servers where no others are named."""

import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

# Commands that read no data: they start no server.
SERVERLESS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "version",
}


def servers(arguments: list[str]) -> AbstractContextManager[object]:
    """The embedded servers that the command needs, for its own time."""
    from trunkportal.embedded import running

    command = next((name for name in arguments if not name.startswith("-")), "help")
    postgres = not os.environ.get("DATABASE_URL")
    valkey = not os.environ.get("REDIS_URL")
    if command in SERVERLESS or {"-h", "--help"} & set(arguments) or not (postgres or valkey):
        return nullcontext()
    data_dir = os.environ.get("TRUNKPORTAL_DATA_DIR") or Path(__file__).resolve().parent / "var"
    return running(Path(data_dir), postgres=postgres, valkey=valkey)


def with_owner(arguments: list[str]) -> list[str]:
    """``migrate`` as the role that owns the tables, unless another database is named."""
    if arguments[:1] == ["migrate"] and not any(a.startswith("--database") for a in arguments):
        return [*arguments, "--database", "owner"]
    return arguments


def main() -> None:
    """Run the command of the command line."""
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError

    from trunkportal.embedded import EmbeddedServerError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trunkportal.settings")
    # A command that is told to end takes its leave of the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with servers(sys.argv[1:]):
            execute_from_command_line([sys.argv[0], *with_owner(sys.argv[1:])])
    except EmbeddedServerError as error:
        sys.exit(f"{error}")
    except (OperationalError, InterfaceError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"PostgreSQL does not do what is asked: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
