"""A real Celery worker on the test's database, which dies at a named point when it is told to."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from trunkportal.stack import BASE_DIR

START_SECONDS = 120
# Without children, so that it is the worker itself that dies.
ALONE = (
    "python -m celery --app trunkportal worker --pool solo --loglevel DEBUG"
    " --without-gossip --without-mingle --queues celery,mail"
).split()


@contextmanager
def worker(
    log: Path, *, command: Sequence[str] = ALONE, crash_at: str = "", **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """One worker, stopped at the end.

    It uses the database of this test, the broker of this test process and ``environment``.
    """
    database = connection.settings_dict
    told = {
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['HOST'].replace('/', '%2F')}"
        f"/{database['NAME']}",
        "TRUNKPORTAL_DATA_DIR": str(settings.DATA_DIR),
        "TRUNKPORTAL_CRASH_AT": crash_at,
        **environment,
    }
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, *command[1:]],
            cwd=BASE_DIR,
            env=os.environ | told,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
