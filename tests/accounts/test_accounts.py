"""The services and the pages of accounts."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, OutboundEmail
from accounts.secrets import ha1
from accounts.services import account_create, account_password_show, account_update
from clients import tenancy
from clients.errors import Conflict, DomainError
from clients.models import OutboxEntry
from clients.tenancy import PLATFORM
from tests.cast import AT, Cast

IP: dict[str, Any] = {"name": "Warehouse", "ident_by": "ip", "ips": ["198.51.100.24"]}


def create(cast: Cast, tenant: str = "ours", /, **changes: Any) -> Account:
    chosen = getattr(cast, tenant)
    values = {"name": "Second trunk"} | changes
    return account_create(
        client_id=chosen.client.pk,
        values=values,
        acting_user=chosen.owner,
        scope=chosen.scope,
        at=AT,
    )


def update(cast: Cast, account: Account, **values: Any) -> Account:
    version = values.pop("version", account.version)
    return account_update(
        account_id=account.pk,
        version=version,
        values=values,
        acting_user=cast.ours.owner,
        scope=cast.ours.scope,
        at=AT,
    )


def stored(account: Account) -> Account:
    with tenancy.reading(PLATFORM):
        return Account.objects.get(pk=account.pk)


def test_a_name_account_gets_a_username_and_a_password_of_its_own(cast):
    account = stored(create(cast))
    assert account.sip_username
    assert account.password
    assert account.sip_username.startswith("acme-")
    assert len(account.password) == 19
    assert (account.ha1_md5, account.ha1_sha256) == ha1(
        account.sip_username, account.realm, account.password
    )
    assert OutboxEntry.objects.filter(topic="policy.client").exists()


def test_the_stored_password_is_encrypted_and_in_no_history(cast):
    account = stored(create(cast, password="correct-horse-battery"))
    with tenancy.reading(PLATFORM), connection.cursor() as cursor:
        cursor.execute("SELECT password FROM accounts_account WHERE id = %s", [account.pk])
        assert b"correct-horse" not in bytes(cursor.fetchone()[0])
        cursor.execute("SELECT row_to_json(e)::text FROM accounts_accountevent e")
        history = "".join(row[0] for row in cursor.fetchall())
    assert "correct-horse" not in history
    assert account.ha1_md5 not in history


def test_a_username_of_another_tenant_is_in_use_and_nothing_more(cast):
    with pytest.raises(DomainError) as refusal:
        create(cast, sip_username=cast.elsewhere.account.sip_username.upper().lower())
    assert (refusal.value.field, str(refusal.value)) == (
        "sip_username",
        "This SIP username is already in use.",
    )


def test_a_username_of_digits_only_is_refused_for_it_would_name_an_id(cast):
    other = str(cast.elsewhere.account.pk)
    with pytest.raises(DomainError, match="digits only") as refusal:
        create(cast, sip_username=other.zfill(3))
    assert refusal.value.field == "sip_username"
    account = create(cast)
    with pytest.raises(DomainError, match="digits only"):
        update(cast, account, sip_username="10027")
    create(cast, name="Third", sip_username="10027a")


def test_a_name_is_unique_within_its_client_in_any_case(cast):
    create(cast)
    with pytest.raises(DomainError) as refusal:
        create(cast, name="SECOND TRUNK")
    assert refusal.value.field == "name"
    create(cast, "elsewhere")


def test_two_originators_of_one_address_are_refused(cast):
    create(cast, **IP)
    with pytest.raises(DomainError) as refusal:
        create(cast, **IP | {"name": "Other"})
    assert refusal.value.field == "ips"
    assert "Warehouse of Client of ours" in str(refusal.value)


def test_the_same_address_of_another_tenant_is_not_named(cast):
    create(cast, "elsewhere", **IP)
    with pytest.raises(DomainError) as refusal:
        create(cast, **IP)
    assert str(refusal.value) == "198.51.100.24 is already in use with this tech prefix."


@pytest.mark.parametrize(
    "difference",
    [
        {"tech_prefix": "99"},
        {"ips": ["udp:198.51.100.24:5070"]},
        {"ips": ["tcp:198.51.100.24"]},
        {"ips": ["198.51.100.24/31"]},
        {"orig_enabled": False},
    ],
)
def test_what_the_switch_tells_apart_is_accepted(cast, difference):
    create(cast, **IP)
    create(cast, **IP | {"name": "Other"} | difference)


def test_an_originator_switched_on_again_is_checked_again(cast):
    create(cast, **IP)
    other = create(cast, **IP | {"name": "Other", "orig_enabled": False})
    with pytest.raises(DomainError):
        update(cast, other, orig_enabled=True)
    assert not stored(other).orig_enabled


def test_a_new_username_keeps_the_password_and_makes_its_digests_anew(cast):
    account = create(cast, password="correct-horse-battery")
    update(cast, account, sip_username="new-name")
    after = stored(account)
    assert after.password == "correct-horse-battery"
    assert after.ha1_md5 == ha1("new-name", after.realm, after.password)[0]


def test_saving_without_a_password_leaves_it(cast):
    before = cast.ours.account
    update(cast, before, notes="Body shop")
    after = stored(before)
    assert (after.password, after.ha1_md5, after.password_changed_at) == (
        before.password,
        before.ha1_md5,
        before.password_changed_at,
    )
    assert after.version == before.version + 1


def test_an_account_becomes_known_by_address_and_back(cast):
    account = create(cast)
    update(cast, account, ident_by="ip", ips=["192.0.2.7"])
    after = stored(account)
    assert (after.sip_username, after.password, after.ha1_md5) == (None, None, "")
    update(cast, after, ident_by="name", ips=[])
    assert stored(account).password


def test_the_second_of_two_who_save_is_told(cast):
    account = create(cast)
    update(cast, account, notes="first")
    with pytest.raises(Conflict):
        update(cast, account, notes="second", version=account.version)
    assert stored(account).notes == "first"


@pytest.mark.parametrize("password", ["short", "x" * 65, "with a space in it", "my-user-ours-pw"])
def test_a_poor_password_is_refused(cast, password):
    with pytest.raises(DomainError) as refusal:
        update(cast, cast.ours.account, password=password)
    assert refusal.value.field == "password"


def test_showing_a_password_is_kept_in_the_history_without_it(cast):
    ours = cast.ours
    shown = account_password_show(
        account_id=ours.account.pk, acting_user=ours.owner, scope=ours.scope, at=AT
    )
    assert shown == ours.password
    with tenancy.reading(PLATFORM), connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(e)::text, c.metadata->>'user' FROM accounts_accountevent e"
            " JOIN pghistory_context c ON c.id = e.pgh_context_id"
            " WHERE pgh_label = 'password_shown'"
        )
        ((row, user),) = cursor.fetchall()
    assert shown not in row
    assert user == str(ours.owner.pk)


# Pages

FORM = {
    "name": "Second trunk",
    "ident_by": "name",
    "sip_username": "",
    "password": "",
    "ips": "",
    "tech_prefix": "",
    "notes": "",
    "orig_enabled": "on",
    "orig_capacity": "4",
}


@pytest.fixture
def web(cast: Cast) -> Browser:
    web = Browser()
    web.force_login(cast.people["owner"])
    return web


def new(web: Browser, cast: Cast, **typed: Any) -> Any:
    return web.post(f"/accounts/new/?client={cast.ours.client.pk}", FORM | typed)


def accounts(cast: Cast) -> list[Account]:
    with tenancy.reading(PLATFORM):
        return list(Account.objects.filter(client=cast.ours.client).order_by("id"))


def test_ok_saves_and_returns_apply_saves_and_stays(web, cast):
    assert new(web, cast).url == f"/clients/{cast.ours.client.pk}/"
    answer = new(web, cast, name="Third", ident_by="ip", ips="192.0.2.9", apply="1")
    account = accounts(cast)[-1]
    assert answer.url == f"/accounts/{account.pk}/"
    assert account.ips == ["192.0.2.9"]
    assert account.orig_capacity == 4
    assert not account.password


def test_new_account_of_a_client_chosen_by_its_reference(web, cast):
    offered = web.get("/accounts/new/").content.decode()
    assert 'value="OURS/ACME"' in offered
    assert "ELSEWHERE" not in offered
    refused = web.post("/accounts/new/", FORM | {"client": "acme"})
    assert "Several clients" in refused.context["form"].errors["client"][0]
    for foreign in ("ELSEWHERE/ACME", "Client of elsewhere", "nobody"):
        refused = web.post("/accounts/new/", FORM | {"client": foreign})
        assert refused.context["form"].errors["client"] == [f"There is no client “{foreign}”."]
    assert web.post("/accounts/new/", FORM | {"client": "ours/acme"}).status_code == 302


def test_details_are_mailed_when_asked_for(web, cast):
    new(web, cast, send_details="on")
    new(web, cast, name="Third")
    with tenancy.reading(PLATFORM):
        mails = OutboundEmail.objects.filter(account__in=accounts(cast)[1:])
        assert [mail.account_id for mail in mails] == [accounts(cast)[1].pk]


def test_details_are_mailed_again_at_each_save_that_asks_for_it(web, cast):
    def mails() -> int:
        with tenancy.reading(PLATFORM):
            return OutboundEmail.objects.filter(account=accounts(cast)[1]).count()

    new(web, cast, send_details="on")
    account = accounts(cast)[1]
    address = f"/accounts/{account.pk}/"
    typed = FORM | {"name": account.name, "sip_username": account.sip_username}
    for count, ticked in ((2, {"send_details": "on"}), (2, {}), (3, {"send_details": "on"})):
        version = stored(account).version
        assert web.post(address, typed | ticked | {"version": version}).status_code == 302
        assert web.post(address, typed | ticked | {"version": version}).status_code == 422
        assert mails() == count


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"ident_by": "ani"}, "ident_by"),
        ({"sip_username": "ab"}, "sip_username"),
        ({"sip_username": "a|b|c"}, "sip_username"),
        ({"sip_username": "10027"}, "sip_username"),
        ({"sip_username": "user-elsewhere"}, "sip_username"),
        ({"password": "short"}, "password"),
        ({"password": "pässword-pässword"}, "password"),
        ({"ips": "udp:192.0.2.1"}, "ips"),
        ({"ident_by": "ip"}, "ips"),
        ({"ident_by": "ip", "ips": "nowhere"}, "ips"),
        ({"tech_prefix": "+44"}, "tech_prefix"),
        ({"orig_capacity": "-1"}, "orig_capacity"),
        ({"orig_capacity": "1e3"}, "orig_capacity"),
        ({"notes": "x" * 10001}, "notes"),
        ({"notes": "left\nto \u202eright"}, "notes"),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(web, cast, typed, field):
    answer = new(web, cast, **typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"][field].value() == typed.get(field, FORM[field])
    assert len(accounts(cast)) == 1


def test_an_address_in_use_links_to_the_account_that_has_it(web, cast):
    other = create(cast, **IP)
    answer = new(web, cast, ident_by="ip", ips="198.51.100.24")
    assert f'<a href="/accounts/{other.pk}/">Warehouse</a>' in answer.content.decode()


def test_generate_fills_the_field_and_keeps_the_rest(web, cast):
    answer = new(web, cast, name="Half done", generate="1")
    form = answer.context["form"]
    assert form["name"].value() == "Half done"
    assert len(form["password"].value()) == 19
    assert not form.errors
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_password_is_shown_by_post_only(web, cast):
    account = cast.ours.account
    address = f"/accounts/{account.pk}/"
    assert cast.ours.password not in web.get(address).content.decode()
    answer = web.post(address, FORM | {"name": "Unsaved", "show": "1"})
    assert cast.ours.password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.context["form"]["name"].value() == "Unsaved"
    assert stored(account).name == "Trunk of ours"


def test_the_second_to_save_keeps_the_text_and_sees_what_is_stored(web, cast):
    account = cast.ours.account
    address = f"/accounts/{account.pk}/"
    typed = FORM | {"version": "1", "sip_username": str(account.sip_username)}
    update(cast, account, notes="theirs")
    answer = web.post(address, typed | {"name": "Mine", "notes": "mine"})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form["notes"].value() == "mine"
    assert form.errors["notes"] == ["Stored meanwhile: theirs"]
    again = typed | {"name": "Mine", "notes": "mine", "version": form["version"].value()}
    assert web.post(address, again).status_code == 302
    assert stored(account).notes == "mine"


@pytest.mark.parametrize("person", ["read_only", "self_care"])
def test_who_only_looks_sees_no_form_and_no_secret(cast, person):
    web = Browser()
    web.force_login(cast.people[person])
    page = web.get(f"/accounts/{cast.ours.account.pk}/").content.decode()
    assert "user-ours" in page
    assert cast.ours.password not in page
    assert 'name="password"' not in page
    assert web.post(f"/accounts/{cast.ours.account.pk}/", {"show": "1"}).status_code == 403


@pytest.mark.parametrize(
    "words", ["second", "acme-", "198.51.100.24", "Client of ours", "ACME", "4420"]
)
def test_the_list_is_searched_by_name_address_prefix_and_client(web, cast, words):
    create(cast, **IP | {"name": "Second warehouse", "tech_prefix": "4420"})
    create(cast, sip_username="acme-9999", name="Third")
    page = web.get("/accounts/", {"q": words})
    assert 1 <= len(page.context["page"].object_list) <= 4
    assert web.get("/accounts/", {"q": "100% nothing_"}).context["page"].paginator.count == 0


def test_the_list_has_rows_per_page_and_pages(web, cast):
    for index in range(24):
        create(cast, name=f"Trunk {index:02}")
    page = web.get("/accounts/", {"client": cast.ours.client.pk})
    assert "Rows 1 – 20 of 25" in page.content.decode()
    assert "Page 1 of 2" in page.content.decode()
    page = web.get("/accounts/", {"client": cast.ours.client.pk, "rows": "50"})
    assert len(page.context["page"].object_list) == 25
    for odd in ("0", "-5", "many", "9" * 30):
        assert web.get("/accounts/", {"rows": odd, "page": odd}).status_code == 200


def test_the_list_asks_as_often_whatever_its_length(web, cast):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert web.get("/accounts/").status_code == 200
        return len(captured)

    queries()
    few = queries()
    for index in range(15):
        create(cast, name=f"Trunk {index:02}")
    assert queries() == few
