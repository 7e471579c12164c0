"""Address × role × tenant: a stranger's object is a 404, a missing right a 403."""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.test import Client as Browser
from django.urls import path

from clients.roles import PERMISSIONS, Role
from tests.cast import Cast, Tenant
from tests.isolation.routes import ROUTES, Of, Route, addresses, undeclared

ROLES = {
    "staff": Role.OWNER,
    "owner": Role.OWNER,
    "manager": Role.MANAGER,
    "operator": Role.OPERATOR,
    "read_only": Role.READ_ONLY,
    "above": Role.OWNER,
    "below": Role.OWNER,
    "beside": Role.OWNER,
    "elsewhere": Role.OWNER,
    "self_care": Role.CLIENT,
}
SEES = {
    "staff": {"above", "ours", "below", "beside", "elsewhere"},
    "above": {"above", "ours", "below", "beside"},
    "below": {"below"},
    "beside": {"beside"},
    "elsewhere": {"elsewhere"},
    "self_care": {"ours"},
} | {role: {"ours", "below"} for role in ("owner", "manager", "operator", "read_only")}
# Whose objects each person asks for; the owner of *ours* asks for everybody's.
ASKS = {
    "staff": ("ours", "elsewhere"),
    "owner": ("ours", "above", "below", "beside", "elsewhere"),
    "above": ("ours", "above", "elsewhere"),
    "below": ("below", "ours", "beside"),
    "self_care": ("ours", "below", "elsewhere"),
} | dict.fromkeys(
    ("manager", "operator", "read_only", "beside", "elsewhere"), ("ours", "elsewhere")
)
REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
TENANT_ROUTES = [
    pytest.param(pattern, method, permission, id=f"{method} {pattern}")
    for pattern, route in ROUTES.items()
    if not route.others
    for method, permission in (("get", route.get), ("post", route.post))
    if permission
]


def test_every_address_is_declared_and_every_declaration_exists():
    assert undeclared() == []
    assert sorted(ROUTES.keys() - set(addresses())) == []


def test_an_address_the_matrix_does_not_know_is_found():
    unknown = path("clients/<int:client_id>/secrets/", lambda request: HttpResponse())
    assert undeclared([unknown]) == ["clients/<int:client_id>/secrets/"]


@pytest.mark.parametrize(("pattern", "method", "permission"), TENANT_ROUTES)
def test_each_person_sees_and_does_what_is_theirs(
    cast: Cast, settings, pattern: str, method: str, permission: str
):
    settings.DEMO = True
    route = ROUTES[pattern]
    wrong = []
    for person, role in ROLES.items():
        browser = Browser()
        browser.force_login(cast.people[person])
        for name in ASKS[person] if route.of or route.query else ASKS[person][:1]:
            response = ask(browser, method, pattern, cast.tenants[name])
            if refused := verdict(route, response, person, role, permission, name, cast):
                wrong.append(f"{person} on {name}: {refused}")
    assert wrong == []


@pytest.mark.parametrize(("pattern", "method", "permission"), TENANT_ROUTES)
def test_nobody_gets_further_than_the_login_page(
    cast: Cast, settings, pattern: str, method: str, permission: str
):
    settings.DEMO = True
    response = ask(Browser(), method, pattern, cast.ours)
    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"].startswith("/login/?next=")


# Pages that take somebody's id as a filter or in a form, besides those that ``ROUTES`` tells of.
FILTERED: tuple[tuple[str, Of], ...] = (
    ("/accounts/", lambda tenant: {"client": tenant.client.pk, "q": "user"}),
    ("/barred-calls/", lambda tenant: {"client": tenant.client.pk, "period": "all"}),
    ("/calls/", lambda tenant: {"client": tenant.client.pk, "period": "all"}),
    ("/explain/", lambda tenant: {"account": tenant.account.pk, "to": "07700900123"}),
    ("/tree/", lambda tenant: {"q": "Trunk of"}),
    ("/tree/", lambda tenant: {"q": "Reseller"}),
)


@pytest.mark.parametrize(("address", "query"), FILTERED)
def test_a_strangers_id_in_a_filter_or_form_tells_nothing(cast: Cast, address: str, query: Of):
    for person, foreign in (("owner", cast.foreign_to_ours), ("self_care", [cast.below])):
        browser = Browser()
        browser.force_login(cast.people[person])
        for tenant in foreign:
            page = browser.get(address, query(tenant))
            assert page.status_code in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
            assert told_of_others(page, person, cast) is None


def test_a_switch_without_a_token_is_refused_whoever_is_logged_in(cast: Cast):
    browser = Browser()
    for person in (None, cast.people["staff"], cast.people["owner"]):
        if person:
            browser.force_login(person)
        for pattern in (p for p, route in ROUTES.items() if route.others == "token"):
            response = browser.post(f"/{pattern}", data="{}", content_type="application/json")
            assert response.status_code == HTTPStatus.UNAUTHORIZED, pattern


def ask(browser: Browser, method: str, pattern: str, tenant: Tenant) -> HttpResponseBase:
    """One request about an object of a tenant; what it may have changed is undone."""
    route = ROUTES[pattern]
    ids = route.of(tenant) if route.of else {}
    address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(ids[part[1]]), pattern)
    if route.query:
        address += "?" + urlencode(route.query(tenant))
    before = transaction.savepoint()
    try:
        return browser.post(address) if method == "post" else browser.get(address)
    finally:
        transaction.savepoint_rollback(before)


def verdict(
    route: Route,
    response: Any,
    person: str,
    role: str,
    permission: str,
    name: str,
    cast: Cast,
) -> str | None:
    """What is wrong with an answer; None when it is as it has to be."""
    status = response.status_code
    may = permission in PERMISSIONS[role] and (person != "self_care" or route.self_care)
    if (route.of or route.query) and name not in SEES[person]:
        return None if status == HTTPStatus.NOT_FOUND else f"{status}, not 404"
    if not may:
        return None if status in REFUSED[:2] else f"{status}, not 403"
    if status in REFUSED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{status}"
    return told_of_others(response, person, cast)


def told_of_others(response: Any, person: str, cast: Cast) -> str | None:
    """The first name of somebody else's tenant on a page."""
    page = response.content.decode(errors="replace")
    for name, tenant in cast.tenants.items():
        if name in SEES[person]:
            continue
        for word in marks(tenant):
            if word in page:
                return f"the page tells of {word!r}"
    return None


def marks(tenant: Tenant) -> list[str]:
    """Words that only a page about this tenant can hold."""
    return [
        tenant.reseller.name,
        tenant.client.name,
        tenant.account.name,
        str(tenant.account.sip_username),
        tenant.profile.name,
        tenant.table.name,
        tenant.client.email,
        tenant.call.pk,
        tenant.barred.pk,
    ]
