"""Reads of tenants: each takes the scope it reads for and filters by it."""

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q, QuerySet

from clients import tenancy
from clients.models import Client, Membership, Reseller, User
from clients.roles import Role
from clients.tenancy import NOBODY, PLATFORM, Scope

_SUBTREE = """
WITH RECURSIVE below AS (
    SELECT id FROM clients_reseller WHERE id = %s
    UNION ALL
    SELECT r.id FROM clients_reseller r JOIN below ON r.parent_id = below.id
)
SELECT id FROM below ORDER BY id
"""


def subtree_ids(reseller_id: int) -> tuple[int, ...]:
    """Ids of a reseller and of everything tiered below it; runs in the caller's context."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBTREE, [reseller_id])
        return tuple(row[0] for row in cursor.fetchall())


def scope_for_user(user: User | AnonymousUser) -> Scope:
    """What a person may see: the platform's staff all, others by their first membership."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    if user.is_staff:
        return Scope(kind="platform", role=Role.OWNER, user_id=user.pk)
    with tenancy.reading(PLATFORM):
        membership = Membership.objects.filter(user=user).order_by("id").first()
        if membership is None:
            return NOBODY
        if membership.client_id:
            return Scope(
                kind="client",
                role=Role.CLIENT,
                reseller_id=membership.reseller_id,
                client_id=membership.client_id,
                user_id=user.pk,
            )
        return Scope(
            kind="reseller",
            role=membership.role,
            reseller_id=membership.reseller_id,
            reseller_ids=subtree_ids(membership.reseller_id),
            user_id=user.pk,
        )


def owned_by(scope: Scope, *, reseller: str = "reseller_id", client: str | None = None) -> Q:
    """The condition that a row with these columns belongs to what ``scope`` may see."""
    if scope.kind == "platform":
        return Q()
    if scope.kind == "reseller":
        return Q(**{f"{reseller}__in": scope.reseller_ids})
    if scope.kind == "client" and client:
        return Q(**{client: scope.client_id})
    return Q(pk__in=[])


def resellers_for(scope: Scope) -> QuerySet[Reseller]:
    """Resellers the scope may see: its own and those tiered below."""
    return Reseller.objects.filter(owned_by(scope, reseller="id"))


def clients_for(scope: Scope) -> QuerySet[Client]:
    """Clients and vendors the scope may see."""
    return Client.objects.filter(owned_by(scope, client="id"))


def memberships_for(scope: Scope) -> QuerySet[Membership]:
    """Memberships of the scope's resellers and clients."""
    return Membership.objects.filter(owned_by(scope, client="client_id"))
