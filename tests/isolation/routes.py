"""Every address of the portal: whose object it names, what it asks for, what may be done there.

A new address needs a line in ``ROUTES``; one that has none fails ``test_routes``. A view that takes
an object's id is declared with the function that finds that id in a tenant of the cast.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from clients import tenancy
from tests.cast import Tenant

Of = Callable[[Tenant], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """What an address promises.

    ``of`` gives the ids in the path for an object of a tenant, ``query`` those in the query string;
    with neither the page is everybody's own. ``get`` and ``post`` name the permission each method
    needs, None where the address does not take it. ``self_care`` is true where the people of a
    client may look. ``others`` says that the tenancy of the address is settled elsewhere:
    ``public`` (no login) or ``token`` (a switch's token, 401 without).
    """

    of: Of | None = None
    query: Of | None = None
    get: str | None = "view"
    post: str | None = None
    self_care: bool = False
    others: str = ""


def client_id(tenant: Tenant) -> dict[str, Any]:
    return {"client_id": tenant.client.pk}


def reseller_id(tenant: Tenant) -> dict[str, Any]:
    return {"reseller_id": tenant.reseller.pk}


def profile_id(tenant: Tenant) -> dict[str, Any]:
    return {"profile_id": tenant.profile.pk, "kind": "block"}


def table_id(tenant: Tenant) -> dict[str, Any]:
    return {"table_id": tenant.table.pk}


def general(tenant: Tenant) -> dict[str, Any]:
    return {"client_id": tenant.client.pk, "area": "general"}


def owners_membership(tenant: Tenant) -> dict[str, Any]:
    with tenancy.reading(tenancy.PLATFORM):
        return {"membership_id": tenant.owner.memberships.get().pk}


PUBLIC = Route(others="public")
TOKEN = Route(others="token")

ROUTES: dict[str, Route] = {
    "login/": PUBLIC,
    "logout/": PUBLIC,
    "link/<str:token>/": PUBLIC,
    "welcome/<uidb64>/<token>/": PUBLIC,
    # Tree and tenants
    "": Route(self_care=True),
    "tree/": Route(self_care=True),
    "tree/<int:reseller_id>/": Route(of=reseller_id),
    "resellers/<int:reseller_id>/": Route(of=reseller_id),
    "resellers/<int:reseller_id>/calls-now/": Route(of=reseller_id),
    "resellers/<int:reseller_id>/users/": Route(
        of=reseller_id, get="options.view", post="user.manage"
    ),
    "resellers/<int:reseller_id>/status/": Route(
        of=reseller_id, get="reseller.edit", post="reseller.edit"
    ),
    "resellers/<int:reseller_id>/settings/": Route(of=reseller_id, get="options.view"),
    "resellers/<int:reseller_id>/settings/edit/": Route(
        of=reseller_id, get="reseller.edit", post="reseller.edit"
    ),
    "calls-now/": Route(),
    "clients/<int:client_id>/": Route(of=client_id, self_care=True),
    "clients/<int:client_id>/allowances/": Route(of=client_id, self_care=True),
    "clients/<int:client_id>/accounts-now/": Route(of=client_id, self_care=True),
    # Add Client: the session that began a run knows it by its key, later all who see its client
    "clients/new/": Route(query=lambda t: {"reseller": t.reseller.pk}, get="client.create"),
    "clients/new/<uuid:run>/<slug:step>/": Route(
        of=lambda tenant: {"run": tenant.client.creation_key, "step": "general"},
        get="client.create",
        post="client.create",
    ),
    # Options
    "clients/<int:client_id>/options/users/": Route(
        of=client_id, get="options.view", post="user.manage"
    ),
    "clients/<int:client_id>/options/<slug:area>/": Route(of=general, get="options.view"),
    "clients/<int:client_id>/options/<slug:area>/edit/": Route(
        of=general, get="client.edit", post="client.edit"
    ),
    "clients/<int:client_id>/status/": Route(of=client_id, get="client.edit", post="client.edit"),
    "memberships/<int:membership_id>/": Route(
        of=owners_membership, get="user.manage", post="user.manage"
    ),
    "memberships/<int:membership_id>/invite/": Route(
        of=owners_membership, get=None, post="user.manage"
    ),
    "memberships/<int:membership_id>/end/": Route(
        of=owners_membership, get=None, post="user.manage"
    ),
    "resellers/<int:reseller_id>/daily-figures/": Route(of=reseller_id, get="client.create"),
    # Accounts
    "accounts/": Route(self_care=True),
    "accounts/new/": Route(
        query=lambda tenant: {"client": tenant.client.pk}, get="account.edit", post="account.edit"
    ),
    "accounts/<int:account_id>/": Route(
        of=lambda tenant: {"account_id": tenant.account.pk}, post="account.edit", self_care=True
    ),
    # Calls
    "calls/": Route(self_care=True),
    "barred-calls/": Route(self_care=True),
    "explain/": Route(self_care=True),
    # The HTTP door
    "api/v1/calls/authorize": TOKEN,
    "api/v1/calls/answer": TOKEN,
    "api/v1/calls/end": TOKEN,
    "api/v1/schema": TOKEN,
    # Limits and rates
    "limit-profiles/": Route(get="limits.view"),
    "limit-profiles/add/": Route(get="limits.edit", post="limits.edit"),
    "limit-profiles/<int:profile_id>/": Route(of=profile_id, get="limits.view", post="limits.edit"),
    "limit-profiles/<int:profile_id>/<list_kind:kind>/": Route(
        of=profile_id, get="limits.view", post="limits.edit"
    ),
    "limit-profiles/<int:profile_id>/clients/": Route(of=profile_id, get="limits.view"),
    "limit-profiles/<int:profile_id>/copy/": Route(
        of=profile_id, get="limits.edit", post="limits.edit"
    ),
    "limit-profiles/<int:profile_id>/export/": Route(of=profile_id, get="limits.view"),
    "limit-profiles/<int:profile_id>/import/": Route(
        of=profile_id, get="limits.edit", post="limits.edit"
    ),
    "destinations/": Route(get="limits.view"),
    "destinations/lookup/": Route(get="limits.view"),
    "rates/": Route(get="rates.view"),
    "rates/add/": Route(get="rates.edit", post="rates.edit"),
    "rates/<int:table_id>/": Route(of=table_id, get="rates.view"),
    "rates/<int:table_id>/default/": Route(of=table_id, get=None, post="rates.edit"),
    "rates/<int:table_id>/import/": Route(of=table_id, get="rates.edit", post="rates.edit"),
    # Mails
    "clients/<int:client_id>/mails/": Route(of=client_id, get="mail.view"),
    "clients/<int:client_id>/mail-status/": Route(of=client_id, get="mail.view"),
    "mails/<int:mail_id>/send-again/": Route(
        of=lambda tenant: {"mail_id": tenant.mail.pk}, get=None, post="mail.send"
    ),
    "inbox/": Route(get="mail.view"),
}


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[str]:
    """The pattern of every address that the URL resolver knows, Django admin's left out."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        elif pattern.app_name != "admin":
            yield from addresses(pattern.url_patterns, route)


def undeclared(patterns: list[URLPattern | URLResolver] | None = None) -> list[str]:
    """Addresses without a line in ``ROUTES``."""
    return sorted(set(addresses(patterns)) - ROUTES.keys())
