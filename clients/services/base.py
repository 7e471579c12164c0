"""What every service of the portal shares: its transaction, its author, its version check."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pghistory
from django.db import connection, models
from django.db.models import F
from django.utils.translation import gettext as _

from clients import tenancy
from clients.errors import Conflict
from clients.models import User
from clients.tenancy import Scope

T = TypeVar("T", bound=models.Model)


@contextmanager
def changing(scope: Scope, acting_user: User | None) -> Iterator[None]:
    """The one durable transaction of a service; the history says who did it."""
    user = {"user": acting_user.pk} if acting_user else {}
    with pghistory.context(**user), tenancy.writing(scope):
        yield


def lock(name: str) -> None:
    """Let one transaction at a time pass this point, until its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def save_version(instance: T, version: int, values: dict[str, Any]) -> None:
    """Write ``values`` to a row that is still at the ``version`` a person saw.

    Raises Conflict when somebody else has saved it since.
    """
    manager = type(instance)._default_manager  # noqa: SLF001 - Django's own name for it
    changed = manager.filter(pk=instance.pk, version=version).update(
        version=F("version") + 1, **values
    )
    if not changed:
        raise Conflict(
            _(
                "Somebody else has saved this since you opened it. What you typed is still here:"
                " compare it with what is stored now, then save again."
            )
        )
    for name, value in values.items():
        setattr(instance, name, value)
