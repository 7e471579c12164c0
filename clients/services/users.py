"""People and what they may do: memberships, and the invitation of who has no password yet."""

from datetime import datetime

from django.utils.translation import gettext as _

from clients import outbox, tenancy
from clients.errors import DomainError
from clients.models import Client, InvitationState, Membership, Reseller, User
from clients.roles import Role
from clients.services.base import changing
from clients.tenancy import Scope


def invite(user: User) -> None:
    """Queue the mail with which a user chooses a password, in the running transaction."""
    user.invitation, user.invitation_error = InvitationState.QUEUED, ""
    user.save(update_fields=["invitation", "invitation_error"])
    outbox.enqueue("user.invite", user_id=user.pk)


def membership_insert(
    *,
    email: str,
    name: str,
    reseller: Reseller,
    client: Client | None,
    role: Role,
    at: datetime,
) -> Membership:
    """Let a person log in for a reseller, or for one client, inside the caller's transaction.

    A person unknown so far is made and sent an invitation to choose a password. Raises DomainError
    (field ``email``) for an address that already logs in somewhere.
    """
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name, date_joined=at)
    else:
        with tenancy.entered(tenancy.PLATFORM):
            taken = user.is_staff or Membership.objects.filter(user=user).exists()
        if taken:
            raise DomainError(_("This address is already in use."), field="email")
    membership = Membership.objects.create(
        user=user, reseller=reseller, client=client, role=role, created_at=at
    )
    if not user.has_usable_password():
        invite(user)
    return membership


def membership_create(
    *,
    reseller_id: int,
    client_id: int | None = None,
    email: str,
    name: str,
    role: Role,
    acting_user: User,
    scope: Scope,
    at: datetime,
) -> Membership:
    """Let a person log in; see ``membership_insert``."""
    with changing(scope, acting_user):
        return membership_insert(
            email=email,
            name=name,
            reseller=Reseller.objects.get(pk=reseller_id),
            client=Client.objects.get(pk=client_id) if client_id else None,
            role=role,
            at=at,
        )


def membership_role_set(
    *,
    membership_id: int,
    role: Role,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> Membership:
    """Give a reseller's person another role. Nobody changes their own, so that an owner is left."""
    with changing(scope, acting_user):
        membership = Membership.objects.get(pk=membership_id, client=None)
        if membership.user_id == acting_user.pk:
            raise DomainError(_("You cannot change your own role."), field="role")
        membership.role = role
        membership.save(update_fields=["role"])
    return membership


def invitation_send_again(
    *,
    membership_id: int,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> None:
    """Queue the invitation of a person who has not chosen a password yet once more."""
    with changing(scope, acting_user):
        membership = Membership.objects.select_related("user").get(pk=membership_id)
        if membership.user.has_usable_password():
            raise DomainError(_("%s has chosen a password already.") % membership.user)
        invite(membership.user)


def membership_delete(
    *,
    membership_id: int,
    acting_user: User,
    scope: Scope,
    at: datetime,  # noqa: ARG001 - every service is told the time
) -> None:
    """End a person's access. Nobody ends their own, so that somebody is left."""
    with changing(scope, acting_user):
        membership = Membership.objects.get(pk=membership_id)
        if membership.user_id == acting_user.pk:
            raise DomainError(_("You cannot end your own access."))
        membership.delete()
