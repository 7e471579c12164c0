"""Reads for the tree of resellers and clients; each stays one query however many there are."""

from collections.abc import Collection

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from clients.models import Client, Reseller
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope


def resellers_by_parent(scope: Scope) -> dict[int | None, list[Reseller]]:
    """All resellers of the scope by the id of their parent, each list by name.

    The root of a reseller's own subtree stands under None, as the top of what it may see.
    """
    rows = resellers_for(scope).only("id", "parent_id", "name", "reference", "status")
    found = list(rows.order_by("name", "id"))
    seen = {reseller.pk for reseller in found}
    children: dict[int | None, list[Reseller]] = {}
    for reseller in found:
        parent = reseller.parent_id if reseller.parent_id in seen else None
        children.setdefault(parent, []).append(reseller)
    return children


def client_counts(scope: Scope) -> dict[int | None, int]:
    """How many clients each reseller has directly, by its id; None for the platform's vendors."""
    rows = clients_for(scope).values_list("reseller_id").annotate(n=Count("id")).order_by()
    return dict(rows)


def clients_of(
    scope: Scope, reseller_ids: Collection[int | None], *, skip: int, limit: int, also: int | None
) -> list[Client]:
    """For each reseller the clients from place ``skip`` by name, ``limit`` at most.

    ``also`` is the id of a client that is wanted wherever it stands.
    """
    ids = [pk for pk in reseller_ids if pk is not None]
    wanted = Q(reseller_id__in=ids)
    if None in reseller_ids:
        wanted |= Q(reseller_id__isnull=True)
    numbered = (
        clients_for(scope)
        .filter(wanted)
        .only("id", "reseller_id", "name", "status", "type")
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("reseller_id"), order_by=[F("name").asc(), F("id")]
            )
        )
    )
    window = Q(place__gt=skip, place__lte=skip + limit)
    if also is not None:
        window |= Q(pk=also)
    return list(numbered.filter(window).order_by("reseller_id", "place"))


def able_to_call(scope: Scope, client_ids: Collection[int]) -> set[int]:
    """Which of these clients have an account that sends or takes calls."""
    enabled = Q(accounts__orig_enabled=True) | Q(accounts__term_enabled=True)
    rows = clients_for(scope).filter(enabled, pk__in=client_ids)
    return set(rows.values_list("pk", flat=True))


def named_like(scope: Scope, words: str, *, limit: int) -> tuple[list[Reseller], list[Client]]:
    """Resellers and clients whose name holds, or whose reference begins with, ``words``."""
    match = Q(name__icontains=words) | Q(reference__istartswith=words)
    resellers: QuerySet[Reseller] = resellers_for(scope).filter(match).order_by("name")
    clients: QuerySet[Client] = clients_for(scope).filter(match).order_by("name")
    return list(resellers[:limit]), list(clients[:limit])
