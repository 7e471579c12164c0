"""What every page needs: whose portal it is, the tree at its left, the bar at its top."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from clients.roles import Role
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope
from clients.views.selected import selected
from clients.views.tree import Tree, TreeReader

# Label, name of the address, and the permission it needs.
NAV = (
    (_("Home"), "home", "view"),
    (_("Calls"), "calls", "view"),
    (_("Barred calls"), "barred_calls", "view"),
    (_("Accounts"), "accounts", "view"),
    (_("Limit profiles"), "limit_profiles", "limits.view"),
    (_("Rates"), "rate_tables", "rates.view"),
    (_("Explain"), "explain", "view"),
)
INBOX = (_("Inbox"), "inbox", "mail.view")
# Pages below these are Home's.
UNDER_HOME = ("/resellers/", "/clients/")


def _nav(path: str, scope: Scope) -> list[tuple[Any, str, bool]]:
    entries = []
    for label, name, permission in (*NAV, INBOX) if settings.DEMO else NAV:
        if scope.can(permission):
            url = reverse(name)
            under = UNDER_HOME if name == "home" else (url,)
            entries.append((label, url, path == url or path.startswith(under)))
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
        return f"{reverse('client_add')}?reseller={where.reseller_id}"

    return {
        "scope": scope,
        "nav": _nav(request.path, scope),
        "brand": SimpleLazyObject(lambda: _brand(scope)),
        "tree": SimpleLazyObject(tree),
        "add_client_url": SimpleLazyObject(add_client_url),
        "role_name": _("Platform") if scope.kind == "platform" else Role(scope.role).label,
    }
