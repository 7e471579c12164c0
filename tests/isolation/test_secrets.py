"""Passwords and HA1 stand in the account's own columns and nowhere else."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery.signals import task_prerun
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.mail import send_again
from accounts.models import Account, OutboundEmail
from accounts.services import account_create, account_update
from clients import tenancy
from clients.models import Reseller
from clients.tenancy import PLATFORM
from tests.cast import Cast
from tests.mail_server import mail_server
from trunkportal.celery import app

PAGES = (
    "/",
    "/accounts/",
    "/accounts/{account}/",
    "/clients/{client}/",
    "/clients/{client}/mails/",
)


@pytest.fixture
def tasks(settings, valkey: redis.Redis) -> Iterator[list[Any]]:
    """Work after a commit is done at once; the arguments of its tasks are kept."""
    seen: list[Any] = []

    def note(args: Any, kwargs: Any, **_rest: Any) -> None:
        seen.append((args, kwargs))

    app.loader.import_default_modules()
    task_prerun.connect(note)
    app.conf.task_always_eager = True
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield seen
    app.conf.task_always_eager = False
    task_prerun.disconnect(note)


def test_no_secret_is_in_a_log_a_task_a_page_the_store_or_another_column(
    cast: Cast,
    tasks: list[Any],
    valkey: redis.Redis,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks,
):
    caplog.set_level(logging.DEBUG)
    passwords, digests = set(), set()
    who: dict[str, Any] = {"acting_user": cast.ours.owner, "scope": cast.ours.scope}
    with django_capture_on_commit_callbacks(execute=True):
        account = account_create(
            client_id=cast.ours.client.pk,
            values={"name": "Second trunk"},
            send_details=True,
            at=timezone.now(),
            **who,
        )
    passwords.add(account.password)
    digests |= {account.ha1_md5, account.ha1_sha256}
    with tenancy.writing(PLATFORM):
        Reseller.objects.filter(pk=cast.ours.reseller.pk).update(send_one_time_link=True)
    with django_capture_on_commit_callbacks(execute=True):
        account = account_update(
            account_id=account.pk,
            version=account.version,
            values={"password": "typed-by-a-person-7"},
            send_details=True,
            at=timezone.now(),
            **who,
        )
    passwords.add(account.password)
    digests |= {account.ha1_md5, account.ha1_sha256}
    with tenancy.reading(PLATFORM):
        mails = list(OutboundEmail.objects.filter(account=account).order_by("pk"))
    assert [mail.state for mail in mails] == ["sent", "sent"]
    with django_capture_on_commit_callbacks(execute=True):
        send_again(mail_id=mails[0].pk, at=timezone.now(), **who)

    browser = Browser()
    browser.force_login(cast.people["owner"])
    ids = {"account": account.pk, "client": cast.ours.client.pk}
    told = {page: browser.get(page.format(**ids)).content.decode() for page in PAGES}
    told |= {f"table {table}": text for table, text in tables()}
    told |= {"logs": caplog.text, "tasks": repr(tasks)}
    assert len(passwords) == 2
    assert len(digests) == 4
    assert tasks
    for place, text in told.items():
        for secret in (*passwords, *digests, *settings.SIP_SECRET_KEYS):
            assert secret not in text, place
    store = in_store(valkey)
    assert account.ha1_md5 in store
    for secret in (*passwords, *settings.SIP_SECRET_KEYS):
        assert secret not in store


def tables() -> Iterator[tuple[str, str]]:
    """Every table as text, without the columns that are there to hold a digest."""
    own = "'{ha1_md5,ha1_sha256}'::text[]"
    with tenancy.reading(PLATFORM), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = f"to_jsonb(t) - {own}" if table == Account._meta.db_table else "to_jsonb(t)"
            cursor.execute(f'SELECT string_agg(({columns})::text, chr(10)) FROM "{table}" AS t')
            yield table, cursor.fetchone()[0] or ""


def in_store(store: redis.Redis) -> str:
    """All that the store holds, whatever the type of its keys."""
    read: dict[Any, Callable[[Any], Any]] = {
        "string": store.get,
        "hash": store.hgetall,
        "set": store.smembers,
        "zset": lambda key: store.zrange(key, 0, -1, withscores=True),
        "stream": store.xrange,
        "list": lambda key: store.lrange(key, 0, -1),
    }
    return "\n".join(f"{key} {read[store.type(key)](key)}" for key in store.scan_iter())
