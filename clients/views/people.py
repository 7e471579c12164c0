"""Who may log in for a client or a reseller, and what they may do."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.errors import DomainError
from clients.forms.people import ClientLoginForm, RoleForm, StaffForm
from clients.models import Membership, User
from clients.roles import Role
from clients.selectors import memberships_for, resellers_for
from clients.services.users import (
    invitation_send_again,
    membership_create,
    membership_delete,
    membership_role_set,
)
from clients.views.base import PortalFormView, PortalView, get_or_404
from clients.views.client import ClientPage


class ClientUsersView(ClientPage, PortalFormView):
    """The Users area: a client's own people, who may look, and the reseller's staff."""

    permission = "options.view"
    write_permission = "user.manage"
    template_name = "clients/users.html"
    form_class = ClientLoginForm

    def context(self) -> dict[str, Any]:
        seen = memberships_for(self.scope).select_related("user").order_by("user__email")
        return {
            "client": self.client,
            "reseller": self.client.reseller,
            "crumbs": [
                (self.client.name, reverse("client", args=[self.client.pk])),
                (_("Users"), ""),
            ],
            "own": seen.filter(client=self.client),
            "staff": seen.filter(client=None, reseller=self.client.reseller_id),
            "may_edit": self.scope.can("user.manage") and self.client.reseller_id is not None,
        }

    def save(self, form: forms.BaseForm) -> Membership:
        checked = cast("ClientLoginForm", form).cleaned_data
        if self.client.reseller_id is None:
            raise DomainError(_("The platform's vendors have no logins."))
        made = membership_create(
            reseller_id=self.client.reseller_id,
            client_id=self.client.pk,
            role=Role.CLIENT,
            acting_user=cast("User", self.request.user),
            scope=self.scope,
            at=self.at,
            **checked,
        )
        messages.success(self.request, invited(made.user))
        return made


class ResellerUsersView(PortalFormView):
    """The people who work for a reseller: invited, given another role, ended."""

    permission = "options.view"
    write_permission = "user.manage"
    template_name = "clients/reseller_users.html"
    form_class = StaffForm

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)
        self.zone = ZoneInfo(self.reseller.time_zone)

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        return StaffForm(data, initial={"role": Role.OPERATOR.value})

    def context(self) -> dict[str, Any]:
        seen = memberships_for(self.scope).filter(client=None, reseller=self.reseller)
        return {
            "reseller": self.reseller,
            "crumbs": [
                (self.reseller.name, reverse("reseller", args=[self.reseller.pk])),
                (_("Users"), ""),
            ],
            "staff": seen.select_related("user").order_by("user__email"),
            "may_edit": self.scope.can("user.manage"),
        }

    def save(self, form: forms.BaseForm) -> Membership:
        checked = cast("StaffForm", form).cleaned_data
        made = membership_create(
            reseller_id=self.reseller.pk,
            acting_user=cast("User", self.request.user),
            scope=self.scope,
            at=self.at,
            **checked | {"role": Role(checked["role"])},
        )
        messages.success(self.request, invited(made.user))
        return made


class MembershipPage(PortalView):
    """One person's access to a reseller or a client."""

    permission = "user.manage"

    def load(self, *, membership_id: int) -> None:
        rows = memberships_for(self.scope).select_related("user", "reseller")
        self.membership = get_or_404(rows, pk=membership_id)

    def who(self) -> dict[str, Any]:
        """What every service about a membership is told."""
        return {
            "membership_id": self.membership.pk,
            "acting_user": cast("User", self.request.user),
            "scope": self.scope,
            "at": self.at,
        }

    def back(self) -> str:
        """The list that the person stands in."""
        if self.membership.client_id:
            return reverse("client_users", args=[self.membership.client_id])
        return reverse("reseller_users", args=[self.membership.reseller_id])


class MembershipRoleView(MembershipPage, PortalFormView):
    """The role of a reseller's person; a client's people have none to choose."""

    template_name = "clients/role.html"
    form_class = RoleForm

    def load(self, *, membership_id: int) -> None:
        super().load(membership_id=membership_id)
        if self.membership.client_id:
            raise Http404

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        return RoleForm(data, initial={"role": self.membership.role})

    def context(self) -> dict[str, Any]:
        reseller = self.membership.reseller
        return {
            "membership": self.membership,
            "cancel_url": self.back(),
            "crumbs": [
                (reseller.name, reverse("reseller", args=[reseller.pk])),
                (_("Users"), self.back()),
                (str(self.membership.user), ""),
            ],
        }

    def save(self, form: forms.BaseForm) -> Membership:
        role = Role(cast("RoleForm", form).cleaned_data["role"])
        saved = membership_role_set(role=role, **self.who())
        words = {"who": self.membership.user, "role": role.label}
        messages.success(self.request, _("%(who)s is %(role)s now.") % words)
        return saved

    def success_url(self, result: Any) -> str:
        return self.back()


class InvitationAgainView(MembershipPage):
    """Sends the link to choose a password once more."""

    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            invitation_send_again(**self.who())
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, invited(self.membership.user))
        return redirect(self.back())


class MembershipDeleteView(MembershipPage):
    """Ends a person's access to a client or a reseller."""

    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            membership_delete(**self.who())
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("The access is ended."))
        return redirect(self.back())


def invited(user: User) -> str:
    """What was done for a person who is to log in."""
    if user.has_usable_password():
        return _("%s logs in with the password of before.") % user
    return _("Invited %s: the mail has a link to choose a password.") % user
