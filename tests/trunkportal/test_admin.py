"""Django admin: every model is there to be looked at by platform staff, and no secret is."""

from http import HTTPStatus

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Account, DefaultRoute
from calls.api.authentication import digest
from calls.models import ApiToken, SetAsideEvent, StreamPosition
from clients import tenancy
from clients.models import Membership, OutboxEntry, User
from clients.tenancy import PLATFORM
from limits.models import Destination, DestinationPrefix
from tests.cast import AT, LOGIN, Cast

OURS = ("clients", "accounts", "limits", "rates", "calls")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models()]
EDITABLE = {User, Membership, DefaultRoute, ApiToken}


def address(model: type[Model], page: str, *ids: object) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=ids)


def one_row_of_the_rest(cast: Cast) -> None:
    """A row of each model that belongs to no tenant."""
    with tenancy.writing(PLATFORM):
        DestinationPrefix.objects.create(prefix="999999", destination=Destination.objects.all()[0])
        OutboxEntry.objects.create(topic="mail.send", payload={"email_id": cast.ours.mail.pk})
        DefaultRoute.objects.create(account=cast.ours.account)
        SetAsideEvent.objects.create(stream="{s00}:ev", entry="1-1", fields={}, error="unknown")
        StreamPosition.objects.create(stream="{s00}:ev", sequence=7)
        ApiToken.objects.create(name="sw1", token_sha256=digest("the token"))


@pytest.fixture
def staff(cast: Cast) -> Browser:
    one_row_of_the_rest(cast)
    browser = Browser()
    browser.force_login(cast.people["staff"])
    return browser


def test_every_model_is_registered_with_search_and_filters():
    for model in MODELS:
        registered = admin.site.get_model_admin(model)
        assert registered.search_fields, model
        assert registered.list_filter, model
        assert registered.list_display != ("__str__",), model


def test_what_a_service_must_write_is_only_shown():
    for model in set(MODELS) - EDITABLE:
        registered = admin.site.get_model_admin(model)
        for may in ("add", "change", "delete"):
            assert not getattr(registered, f"has_{may}_permission")(None), (model, may)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_staff_list_search_and_open_it_and_no_secret_is_shown(
    cast: Cast, staff: Browser, model: type[Model]
):
    with tenancy.reading(PLATFORM):
        row = model._default_manager.order_by("pk")[0]
    pages = [
        staff.get(address(model, "changelist")),
        staff.get(address(model, "changelist"), {"q": "127"}),
        staff.get(address(model, "changelist"), {"q": "Mobile's"}),
        staff.get(address(model, "change", row.pk)),
        staff.get(address(model, "history", row.pk)),
    ]
    for page in pages:
        assert page.status_code == HTTPStatus.OK
        text = page.content.decode()
        for secret in secrets_of(cast):
            assert secret not in text


def secrets_of(cast: Cast) -> list[str]:
    found = [digest("the token")]
    for tenant in cast.tenants.values():
        account = tenant.account
        found += [tenant.password, account.ha1_md5, account.ha1_sha256, tenant.link.token_sha256]
        found.append(str(tenant.client.creation_key))
    return found + [user.password for user in cast.people.values()]


def test_others_are_sent_to_the_login_of_the_admin(cast: Cast):
    browsers = [Browser()]
    for person in ("owner", "self_care"):
        browsers.append(Browser())
        browsers[-1].force_login(cast.people[person])
    for browser in browsers:
        for url in (reverse("admin:index"), *(address(model, "changelist") for model in MODELS)):
            answer = browser.get(url)
            assert answer.status_code == HTTPStatus.FOUND
            assert answer.headers["Location"].startswith("/admin/login/")


def test_only_staff_get_in_by_the_login_of_the_admin(cast: Cast):
    for person, status in (("staff", HTTPStatus.FOUND), ("owner", HTTPStatus.OK)):
        answer = Browser().post(
            reverse("admin:login"),
            {"username": cast.people[person].email, "password": LOGIN},
        )
        assert answer.status_code == status


def test_a_lost_key_breaks_no_page(staff: Browser, cast: Cast, settings):
    settings.SIP_SECRET_KEYS = ["bm90IHRoZSBrZXkgdGhhdCBpdCB3YXMgbWFkZSB3aXQ="]
    assert staff.get(address(Account, "changelist")).status_code == HTTPStatus.OK
    page = staff.get(address(Account, "change", cast.ours.account.pk))
    assert page.status_code == HTTPStatus.OK


def test_staff_add_a_user_and_a_membership(staff: Browser, cast: Cast):
    answer = staff.post(
        address(User, "add"),
        {
            "email": "New@Example.com",
            "name": "New",
            "usable_password": "true",
            "password1": LOGIN,
            "password2": LOGIN,
        },
    )
    assert answer.status_code == HTTPStatus.FOUND
    user = User.objects.get(email="new@example.com")
    assert user.check_password(LOGIN)
    answer = staff.post(
        address(Membership, "add"),
        {"user": user.pk, "reseller": cast.ours.reseller.pk, "role": "manager"},
    )
    assert answer.status_code == HTTPStatus.FOUND
    with tenancy.reading(PLATFORM):
        assert user.memberships.get().role == "manager"


def test_a_membership_names_the_reseller_of_its_client(staff: Browser, cast: Cast):
    user = User.objects.create_user("new@example.com")
    typed = {"user": user.pk, "client": cast.ours.client.pk, "role": "client"}
    wrong = staff.post(address(Membership, "add"), typed | {"reseller": cast.elsewhere.reseller.pk})
    assert "The client belongs to another reseller." in wrong.content.decode()
    right = staff.post(address(Membership, "add"), typed | {"reseller": cast.ours.reseller.pk})
    assert right.status_code == HTTPStatus.FOUND
    nobody = staff.post(address(Membership, "add"), typed | {"reseller": ""})
    assert nobody.status_code == HTTPStatus.OK


def test_an_address_that_is_taken_is_refused_in_any_case(staff: Browser):
    answer = staff.post(
        address(User, "add"),
        {
            "email": "STAFF@example.com",
            "usable_password": "true",
            "password1": LOGIN,
            "password2": LOGIN,
        },
    )
    assert answer.status_code == HTTPStatus.OK
    assert "exists already" in answer.content.decode()


def test_a_new_token_is_shown_once_and_works(staff: Browser, cast: Cast):
    answer = staff.post(address(ApiToken, "add"), {"name": "sw2"}, follow=True)
    text = answer.content.decode()
    [token] = [word for word in text.replace("<", " ").split() if digest(word) in digests()]
    assert token not in staff.get(address(ApiToken, "changelist")).content.decode()


def digests() -> set[str]:
    return set(ApiToken.objects.values_list("token_sha256", flat=True))


def test_a_default_route_that_changes_is_published(staff: Browser, cast: Cast):
    answer = staff.post(
        address(DefaultRoute, "add"), {"account": cast.ours.account.pk, "priority": 2}
    )
    assert answer.status_code == HTTPStatus.FOUND
    assert OutboxEntry.objects.filter(topic="policy.catalogue").count() == 1


def test_history_tells_what_was_changed_and_when(staff: Browser, cast: Cast):
    with tenancy.writing(PLATFORM):
        Account.objects.filter(pk=cast.ours.account.pk).update(orig_capacity=3)
        event = cast.ours.account.events.latest("pgh_id")  # type: ignore[attr-defined]
    assert event.pgh_created_at > AT
    page = staff.get(address(type(event), "change", event.pgh_id))
    assert "update" in page.content.decode()
