"""Every test process has servers of its own: an embedded PostgreSQL and Valkey, gone at its end.

Tests that use the database run as the application role, on ``default``. The fixtures ``db`` and
``transactional_db`` are pytest-django's: the first rolls back, after the second the database is
copied anew from one that holds nothing but what the migrations wrote.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
import redis
from execnet.xspec import XSpec
from psycopg import sql
from pytest_django import DjangoDbBlocker

from tests.portal import Portal, run_portal
from trunkportal.embedded import Addresses, running, stop_unused
from trunkportal.embedded.addresses import DATABASE, OWNER_ROLE, SUPERUSER

if TYPE_CHECKING:
    from tests.cast import Cast

PREFIX = "trunkportal-test-"
TEST_DATABASE = f"test_{DATABASE}"

# Settings are read when Django is first imported: the environment is laid before.
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "SWITCH_NODES"):
    os.environ.pop(name, None)
DATA_DIR = Path(tempfile.mkdtemp(prefix=PREFIX))
DATA_DIR.chmod(0o711)  # where root has no user namespace, PostgreSQL runs as nobody and passes here
(DATA_DIR / "static").mkdir()
os.environ["TRUNKPORTAL_DATA_DIR"] = str(DATA_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "trunkportal.settings"
# `timeout` and CI end a run with SIGTERM; its servers are stopped all the same.
signal.signal(signal.SIGTERM, signal.default_int_handler)
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

from django.conf import settings as django_settings  # noqa: E402

assert django_settings.DATABASES  # pytest-django looks for settings that are loaded


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[XSpec]) -> None:
    """Keep a worker of pytest-xdist from reading settings before it has its own data folder."""
    for spec in specs:
        spec.env["DJANGO_SETTINGS_MODULE"] = ""


def pytest_unconfigure() -> None:
    """Remove the data folder of this run, and what killed runs of the same user have left."""
    shutil.rmtree(DATA_DIR, ignore_errors=True)
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or gone by now
            idle = (left / "users").stat().st_mtime < time.time() - 60
            if idle and left.stat().st_uid == os.geteuid() and stop_unused(left):
                shutil.rmtree(left, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Addresses]:
    """The embedded servers of this test process."""
    with running(DATA_DIR, durable=False) as where:
        yield where


@pytest.fixture(scope="session")
def django_db_setup(servers: Addresses, django_db_blocker: DjangoDbBlocker) -> None:
    """Migrate as the owner role and let the tests run in a copy."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import TransactionTestCase

    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
        _copy_database(servers)
        for alias in connections:
            connections[alias].settings_dict["NAME"] = TEST_DATABASE

    def copy_after_test(test_case: TransactionTestCase) -> None:
        """Stands in for Django's flush, which the application role has no right to."""
        connections.close_all()
        _copy_database(servers)

    setattr(TransactionTestCase, "_fixture_teardown", copy_after_test)  # noqa: B010


def _copy_database(where: Addresses) -> None:
    name, template = sql.Identifier(TEST_DATABASE), sql.Identifier(DATABASE)
    with psycopg.connect(where.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                name, template, sql.Identifier(OWNER_ROLE)
            )
        )


@pytest.fixture
def valkey(servers: Addresses) -> Iterator[redis.Redis]:
    """The store, empty: what ``settings.REDIS_URL`` names."""
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def portal(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[Portal]:
    """The whole portal, running, on the database and the store of this test process.

    What a test writes is committed and stays: each makes a reseller of its own. Tests below
    ``switch/`` get Kamailio too.
    """
    switch = any("switch" in item.path.parts for item in request.session.items)
    with (
        run_portal(DATA_DIR, database=TEST_DATABASE, switch=switch) as portal,
        django_db_blocker.unblock(),
    ):
        yield portal


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes of the portal said before a test failed."""
    report = yield
    if report.failed and "portal" in item.fixturenames:
        for log in sorted((DATA_DIR / "log").glob("*.log")):
            end = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
            report.sections.append((log.name, end))
    return report


@pytest.fixture(scope="session")
def base_url(portal: Portal) -> str:
    """What relative addresses in browser tests begin with."""
    return portal.url


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium; its sandbox does not start as root."""
    # Playwright keeps an event loop in this thread: Django would refuse its database in it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    chromium = shutil.which("chromium") or pytest.fail("Chromium is missing: make deps")
    return {
        "executable_path": chromium,
        "args": ["--no-sandbox"] if os.geteuid() == 0 else [],
    }


@pytest.fixture(autouse=True)
def tenancy_guard() -> Iterator[None]:
    """A query on a tenant table outside a tenancy context is an error."""
    from tests.tenancy_guard import guarded

    with guarded():
        yield


@pytest.fixture
def cast(db: None) -> "Cast":
    """Tenants and people; see ``tests.cast``."""
    from tests.cast import make_cast

    return make_cast()
