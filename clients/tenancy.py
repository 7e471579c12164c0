"""Whose data a transaction may touch.

Every query on tenant tables runs in ``reading`` (a read-only transaction) or ``writing`` (the one
durable transaction of a service). Both set the tenant for row-level security with ``SET LOCAL``;
outside them PostgreSQL shows no tenant row at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import DatabaseError, connection, transaction

from clients.roles import PERMISSIONS, Role


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a person or process may see: everything, a reseller's subtree, or one client."""

    kind: str  # "none", "platform", "reseller" or "client"
    reseller_id: int | None = None  # root of the subtree, or the client's reseller
    reseller_ids: tuple[int, ...] = ()
    client_id: int | None = None
    role: str = Role.READ_ONLY
    user_id: int | None = field(default=None, compare=False)

    def can(self, permission: str) -> bool:
        """Whether the holder's role has a permission named in ``clients.roles``."""
        return permission in PERMISSIONS.get(self.role, frozenset())


NOBODY = Scope(kind="none")
PLATFORM = Scope(kind="platform", role=Role.OWNER)

_current: ContextVar[Scope] = ContextVar("scope", default=NOBODY)


def current() -> Scope:
    """The scope of the running transaction; NOBODY outside one."""
    return _current.get()


def _apply(scope: Scope) -> None:
    ids = "{" + ",".join(map(str, scope.reseller_ids)) + "}" if scope.kind == "reseller" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('trunkportal.scope', %s, true),"
            " set_config('trunkportal.reseller_ids', %s, true),"
            " set_config('trunkportal.reseller_id', %s, true),"
            " set_config('trunkportal.client_id', %s, true)",
            [scope.kind, ids, str(scope.reseller_id or ""), str(scope.client_id or "")],
        )


@contextmanager
def entered(scope: Scope) -> Iterator[None]:
    """Switch the running transaction to ``scope`` and back."""
    before = _current.get()
    token = _current.set(scope)
    _apply(scope)
    broken = False
    try:
        yield
    except DatabaseError:
        broken = True  # nothing more can be said to this transaction; its rollback restores
        raise
    finally:
        _current.reset(token)
        if not broken and not connection.needs_rollback:
            _apply(before)


@contextmanager
def reading(scope: Scope) -> Iterator[None]:
    """A read-only transaction that sees what ``scope`` may see."""
    with transaction.atomic():
        outermost = len(connection.savepoint_ids) == 0
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        with entered(scope):
            yield


@contextmanager
def writing(scope: Scope) -> Iterator[None]:
    """The durable transaction of one service: all of it is stored, or nothing."""
    with transaction.atomic(durable=True), entered(scope):
        yield
