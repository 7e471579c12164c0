"""Which reseller and client a page is about: those of its address, else the last one chosen."""

from dataclasses import dataclass, replace

from django.http import HttpRequest

from clients.models import Reseller
from clients.selectors import clients_for, resellers_for, subtree_ids
from clients.tenancy import Scope

SESSION_KEY = "reseller_id"


@dataclass(frozen=True)
class Selected:
    """Ids of the tenant a page is about; both None on the platform's own pages."""

    reseller_id: int | None = None
    client_id: int | None = None


def selected(request: HttpRequest) -> Selected:
    """What the request is about; remembered on the request, and the reseller in the session.

    Addresses name tenants as ``reseller_id`` and ``client_id``. Runs in the caller's transaction.
    """
    found: Selected | None = getattr(request, "_selected", None)
    if found is None:
        found = _find(request, request.scope)  # type: ignore[attr-defined]
        request._selected = found  # type: ignore[attr-defined]  # noqa: SLF001
        if request.session.get(SESSION_KEY) != found.reseller_id:
            request.session[SESSION_KEY] = found.reseller_id
    return found


def _find(request: HttpRequest, scope: Scope) -> Selected:
    if scope.kind == "client":
        return Selected(scope.reseller_id, scope.client_id)
    named = request.resolver_match.kwargs if request.resolver_match else {}
    if client_id := named.get("client_id"):
        client = clients_for(scope).filter(pk=client_id).values_list("reseller_id", "pk").first()
        if client:
            return Selected(*client)
    wanted = named.get("reseller_id") or request.session.get(SESSION_KEY)
    if request.resolver_match and request.resolver_match.url_name == "home":
        wanted = None
    if wanted is None:
        return Selected(scope.reseller_id)
    seen = resellers_for(scope).filter(pk=wanted).values_list("pk", flat=True).first()
    return Selected(seen or scope.reseller_id)


def narrowed(scope: Scope, reseller: Reseller) -> Scope:
    """The same person, looking only at one reseller and what is tiered below it."""
    if scope.kind == "client":
        return scope
    return replace(
        scope,
        kind="reseller",
        reseller_id=reseller.pk,
        reseller_ids=subtree_ids(reseller.pk),
    )


def selected_reseller(request: HttpRequest) -> Reseller | None:
    """The reseller that lists are about; None for the platform's staff until they choose one."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    chosen = selected(request).reseller_id
    return resellers_for(scope).filter(pk=chosen).first() if chosen is not None else None
