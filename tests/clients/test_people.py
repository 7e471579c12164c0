"""Who works for a reseller, and whether a reseller may call."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.mail import delivery, invitations
from accounts.tasks import send_invitation
from calls.services import policy
from calls.services.explain import explain_call
from clients import tenancy
from clients.models import InvitationState, Membership, OutboxEntry, Reseller, Status, User
from clients.roles import Role
from clients.tasks import drain_outbox
from clients.tenancy import PLATFORM
from tests.cast import Cast
from tests.isolation.test_routes import told_of_others

INVITED = {"email": "New.Person@ours.example.com", "name": "New Person", "role": "operator"}


def browser_of(cast: Cast, person: str) -> Browser:
    browser = Browser()
    browser.force_login(cast.people[person])
    return browser


@pytest.fixture
def owner(cast: Cast) -> Browser:
    return browser_of(cast, "owner")


def users(cast: Cast) -> str:
    return f"/resellers/{cast.ours.reseller.pk}/users/"


def status(tenant: Any) -> str:
    return f"/resellers/{tenant.reseller.pk}/status/"


def membership(email: str) -> Membership:
    with tenancy.reading(PLATFORM):
        return Membership.objects.select_related("user").get(user__email=email.lower())


def reseller(tenant: Any) -> Reseller:
    with tenancy.reading(PLATFORM):
        return Reseller.objects.get(pk=tenant.reseller.pk)


def work_is_done() -> None:
    """What a worker and the courier would do."""
    drain_outbox()
    for user in User.objects.filter(invitation=InvitationState.QUEUED):
        send_invitation(user.pk)


def test_a_person_is_invited_with_a_role_chooses_a_password_and_works(cast, owner):
    page = owner.get(users(cast))
    assert "operator@example.com" in page.content.decode()
    assert owner.post(users(cast), INVITED).status_code == 302
    made = membership(INVITED["email"])
    assert (made.reseller_id, made.client_id) == (cast.ours.reseller.pk, None)
    assert (made.role, made.user.name) == (Role.OPERATOR, "New Person")
    work_is_done()
    [invitation] = mail.outbox
    assert invitation.to == ["new.person@ours.example.com"]
    assert "Invited" in owner.get(users(cast)).content.decode()
    link = next(line for line in invitation.body.splitlines() if "/welcome/" in line).strip()
    person = Browser()
    form = person.get(link.partition("8000")[2], follow=True)
    password = {"new_password1": "a long enough one", "new_password2": "a long enough one"}
    person.post(form.redirect_chain[-1][0], password)
    page = person.get("/")
    assert page.status_code == 200
    assert told_of_others(page, "operator", cast) is None


def test_a_live_part_of_a_session_that_ended_sends_the_whole_page_to_the_login(cast):
    htmx = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=acme"}
    answer = Browser().get("/calls-now/", headers=htmx)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["HX-Redirect"] == "/login/?next=/%3Fq%3Dacme"
    strange = htmx | {"HX-Current-URL": "https://evil.example/path"}
    assert Browser().get("/calls-now/", headers=strange)["HX-Redirect"] == "/login/?next=/path"
    assert Browser().get("/calls-now/").headers["Location"] == "/login/?next=/calls-now/"


def test_an_invitation_is_sent_again_until_a_password_is_chosen(cast, owner):
    owner.post(users(cast), INVITED)
    work_is_done()
    made = membership(INVITED["email"])
    assert owner.post(f"/memberships/{made.pk}/invite/").url == users(cast)
    work_is_done()
    assert len(mail.outbox) == 2
    made.user.set_password("a long enough one")
    made.user.save()
    answer = owner.post(f"/memberships/{made.pk}/invite/", follow=True)
    assert "New Person has chosen a password already." in answer.content.decode()
    work_is_done()
    assert len(mail.outbox) == 2


def test_an_invitation_that_no_server_takes_is_tried_again_and_its_failure_is_shown(
    cast, owner, monkeypatch
):
    owner.post(users(cast), INVITED)
    made = membership(INVITED["email"])
    refusal = delivery.Refused("451 busy", permanent=False)
    monkeypatch.setattr(delivery, "deliver", lambda _message: (_ for _ in ()).throw(refusal))
    with pytest.raises(invitations.TryLater):
        invitations.send(user_id=made.user_id)
    page = owner.get(users(cast)).content.decode()
    assert "Invitation queued" in page
    invitations.send(user_id=made.user_id, is_last_try=True)
    page = owner.get(users(cast)).content.decode()
    assert "Invitation failed" in page
    assert "451 busy" in page
    owner.post(f"/memberships/{made.pk}/invite/")
    assert "451 busy" not in owner.get(users(cast)).content.decode()


def test_an_invitation_delivered_to_two_couriers_is_sent_once(cast, owner):
    owner.post(users(cast), INVITED)
    made = membership(INVITED["email"])
    for _courier in range(2):
        send_invitation(made.user_id)
    assert len(mail.outbox) == 1


def test_a_role_is_changed_and_holds_at_once(cast, owner):
    operator = browser_of(cast, "operator")
    start = f"/clients/new/?reseller={cast.ours.reseller.pk}"
    assert operator.get(start).status_code == 302
    theirs = membership("operator@example.com")
    assert owner.get(f"/memberships/{theirs.pk}/").status_code == 200
    assert owner.post(f"/memberships/{theirs.pk}/", {"role": "read_only"}).url == users(cast)
    assert membership("operator@example.com").role == Role.READ_ONLY
    assert operator.get(start).status_code == 403


def test_an_ended_access_holds_at_once_and_may_be_given_back(cast, owner):
    manager = browser_of(cast, "manager")
    assert owner.post(f"/memberships/{membership('manager@example.com').pk}/end/").url == users(
        cast
    )
    assert manager.get("/").status_code == 403
    owner.post(users(cast), {"email": "manager@example.com", "name": "", "role": "operator"})
    assert manager.get("/").status_code == 200


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@exam\u202eple.com"}, "email"),
        ({"email": "elsewhere_owner@example.com"}, "email"),
        ({"email": "staff@example.com"}, "email"),
        ({"name": "a\u202eb"}, "name"),
        ({"role": ""}, "role"),
        ({"role": "client"}, "role"),
        ({"role": "god"}, "role"),
    ],
)
def test_a_wrong_invitation_is_told_at_its_field_and_makes_nobody(cast, owner, typed, field):
    before = User.objects.count()
    answer = owner.post(users(cast), INVITED | typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert User.objects.count() == before


def test_nobody_changes_or_ends_their_own_access_or_gives_a_client_a_role(cast, owner):
    mine = membership("ours_owner@example.com")
    answer = owner.post(f"/memberships/{mine.pk}/", {"role": "read_only"})
    assert answer.context["form"].errors == {"role": ["You cannot change your own role."]}
    owner.post(f"/memberships/{mine.pk}/end/")
    assert membership("ours_owner@example.com").role == Role.OWNER
    clients = membership("self_care@example.com")
    assert owner.get(f"/memberships/{clients.pk}/").status_code == 404
    assert owner.post(f"/memberships/{clients.pk}/", {"role": "owner"}).status_code == 404


def test_only_an_owner_sees_the_buttons(cast):
    for person in ("manager", "read_only"):
        page = browser_of(cast, person).get(users(cast)).content.decode()
        assert "ours_owner@example.com" in page
        assert "Invite" not in page.replace("Invited", "")
        assert "End access" not in page


def test_a_suspended_reseller_is_refused_calls_with_all_below_until_it_is_let_call(
    cast, valkey, owner
):
    policy.rebuild(valkey, at=timezone.now())

    def codes() -> list[int | None]:
        drain_outbox()
        with tenancy.reading(PLATFORM):
            return [
                explain_call(
                    account=tenant.account, dialled="07700900123", caller="", at=timezone.now()
                ).code
                for tenant in (cast.above, cast.ours, cast.below)
            ]

    above = browser_of(cast, "above")
    before = codes()
    assert 309 not in before
    assert "Calls in progress are cut" in above.get(status(cast.ours)).content.decode()
    assert above.post(status(cast.ours), {"status": "suspended", "reason": ""}).status_code == 422
    above.post(status(cast.ours), {"status": "suspended", "reason": "unpaid"})
    assert codes() == [before[0], 309, 309]
    stored = reseller(cast.ours)
    assert (stored.status, stored.status_reason) == (Status.SUSPENDED, "unpaid")
    assert stored.status_by_id == cast.people["above"].pk
    for address in (f"/resellers/{cast.ours.reseller.pk}/", f"/clients/{cast.below.client.pk}/"):
        page = above.get(address).content.decode()
        assert "Reseller ours is suspended. Reason: unpaid" in page
    assert "unpaid" in above.get(status(cast.ours)).content.decode()
    above.post(status(cast.ours), {"status": "active", "reason": "paid"})
    assert codes() == before


def test_suspend_pressed_twice_suspends_a_reseller_once(cast, owner):
    for _press in range(2):
        owner.post(status(cast.below), {"status": "suspended", "reason": "unpaid"})
    assert reseller(cast.below).version == cast.below.reseller.version + 1
    assert OutboxEntry.objects.filter(topic="policy.reseller").count() == 1


def test_nobody_suspends_or_resumes_their_own_reseller(cast, owner):
    with tenancy.writing(PLATFORM):
        Reseller.objects.filter(pk=cast.ours.reseller.pk).update(status=Status.SUSPENDED)
    assert "This is for those above" in owner.get(status(cast.ours)).content.decode()
    answer = owner.post(status(cast.ours), {"status": "active", "reason": "we say so"})
    assert answer.status_code == 422
    assert reseller(cast.ours).status == Status.SUSPENDED
    assert "Suspend reseller" not in owner.get("/").content.decode()
