"""What every page needs: whose portal it is, the tree at its left, the bar at its top."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from clients.roles import Role
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope
from clients.views.selected import selected
from clients.views.tree import Tree, TreeReader

# Label, name of the address, and the beginnings of paths on which it is the current one.
NAV = (
    (_("Home"), "home", ("/resellers/", "/clients/")),
    (_("Calls"), "calls", ()),
    (_("Barred calls"), "barred_calls", ()),
    (_("Accounts"), "accounts", ()),
    (_("Limit profiles"), "limit_profiles", ()),
    (_("Rates"), "rate_tables", ()),
    (_("Explain"), "explain", ()),
)


def _nav(path: str) -> list[tuple[Any, str, bool]]:
    entries = []
    for label, name, also in NAV:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = path == url or (url != "/" and path.startswith(url))
        entries.append((label, url, current or path.startswith(tuple(also))))
    return entries


def _brand(scope: Scope) -> str:
    """The name of whom a login belongs to; empty for the platform's staff."""
    if scope.kind == "reseller" and scope.reseller_id is not None:
        return resellers_for(scope).values_list("name", flat=True).get(pk=scope.reseller_id)
    if scope.kind == "client" and scope.client_id is not None:
        return clients_for(scope).values_list("name", flat=True).get(pk=scope.client_id)
    return ""


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context of every template; what needs the database is read when a template asks for it."""
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None or scope.kind == "none":
        return {"scope": scope}

    def tree() -> Tree:
        where = selected(request)
        return TreeReader(
            scope,
            at=timezone.now(),
            reseller_id=where.reseller_id,
            client_id=where.client_id,
        ).panel()

    def add_client_url() -> str:
        where = selected(request)
        if not scope.can("client.create") or where.reseller_id is None:
            return ""
        try:
            return f"{reverse('client_add')}?reseller={where.reseller_id}"
        except NoReverseMatch:
            return ""

    return {
        "scope": scope,
        "nav": _nav(request.path),
        "brand": SimpleLazyObject(lambda: _brand(scope)),
        "tree": SimpleLazyObject(tree),
        "add_client_url": SimpleLazyObject(add_client_url),
        "role_name": _("Platform") if scope.kind == "platform" else Role(scope.role).label,
    }
