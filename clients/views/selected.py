"""Which reseller and client a page is about: those of its address, else the last one chosen."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest

from clients.models import Reseller
from clients.selectors import clients_for, resellers_for, subtree_ids
from clients.tenancy import Scope
from clients.views.base import PortalFormView, get_or_404, number

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


def carried_reseller(request: HttpRequest, carried: str | None) -> Reseller | None:
    """The reseller that a form or link carries, so that another tab's choice does not change it.

    Blank is none, as for the platform's staff; None, where nothing is carried, is the one that is
    selected. Raises Http404 for one that is not seen.
    """
    scope: Scope = request.scope  # type: ignore[attr-defined]
    if carried is None:
        return selected_reseller(request)
    if not carried:
        if scope.kind == "reseller":
            raise Http404
        return None
    return get_or_404(resellers_for(scope), pk=number(carried))


class OwnedView(PortalFormView):
    """Makes something of the reseller that was selected when the form was opened.

    The form carries it as ``reseller``; with none, what is made belongs to the platform.
    """

    reseller: Reseller | None

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.reseller = carried_reseller(self.request, self.request.POST.get("reseller"))

    @property
    def reseller_id(self) -> int | None:
        return self.reseller.pk if self.reseller else None

    def context(self) -> dict[str, Any]:
        return super().context() | {"reseller": self.reseller}
