"""Who of a client may log in, and whether the client may call."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.errors import DomainError
from clients.forms.people import ClientLoginForm, StatusForm
from clients.models import Client, Membership, Status, User
from clients.roles import Role
from clients.selectors import memberships_for
from clients.services.clients import client_status_set
from clients.services.users import membership_create, membership_delete
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
        messages.success(
            self.request, _("Invited %s: the mail has a link to choose a password.") % made.user
        )
        return made


class MembershipDeleteView(PortalView):
    """Ends a person's access to a client or a reseller."""

    permission = "user.manage"
    http_method_names = ["post"]  # noqa: RUF012

    def load(self, *, membership_id: int) -> None:
        self.membership = get_or_404(memberships_for(self.scope), pk=membership_id)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            membership_delete(
                membership_id=self.membership.pk,
                acting_user=cast("User", request.user),
                scope=self.scope,
                at=self.at,
            )
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("The access is ended."))
        if self.membership.client_id:
            return redirect("client_users", client_id=self.membership.client_id)
        return redirect("reseller", reseller_id=self.membership.reseller_id)


class ClientStatusView(ClientPage, PortalFormView):
    """Suspends a client, or lets it call again."""

    permission = "client.edit"
    template_name = "clients/status.html"
    form_class = StatusForm

    def context(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "cancel_url": self.success_url(None),
            "crumbs": [(self.client.name, self.success_url(None)), (_("Status"), "")],
        }

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        suspended = self.client.status == Status.SUSPENDED
        wanted = Status.ACTIVE if suspended else Status.SUSPENDED
        return StatusForm(data, initial={"status": wanted.value})

    def save(self, form: forms.BaseForm) -> Client:
        checked = cast("StatusForm", form).cleaned_data
        return client_status_set(
            client_id=self.client.pk,
            status=Status(checked["status"]),
            reason=checked["reason"],
            acting_user=cast("User", self.request.user),
            scope=self.scope,
            at=self.at,
        )

    def success_url(self, result: Any) -> str:
        return reverse("client", args=[self.client.pk])
