"""Whether a client, or a reseller and all below it, may call."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.forms.people import StatusForm
from clients.models import Client, Reseller, Status, User
from clients.selectors import resellers_for
from clients.services.clients import client_status_set
from clients.services.resellers import is_own, reseller_status_set
from clients.views.base import PortalFormView, get_or_404
from clients.views.client import ClientPage


class StatusView(PortalFormView):
    """Suspends a tenant, or lets it call again: what it does is said before."""

    template_name = "clients/status.html"
    form_class = StatusForm
    tenant: Client | Reseller

    def context(self) -> dict[str, Any]:
        back = self.success_url(None)
        return {
            "tenant": self.tenant,
            "cancel_url": back,
            "crumbs": [(self.tenant.name, back), (_("Status"), "")],
        }

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        suspended = self.tenant.status == Status.SUSPENDED
        wanted = Status.ACTIVE if suspended else Status.SUSPENDED
        return StatusForm(data, initial={"status": wanted.value})

    def chosen(self, form: forms.BaseForm) -> dict[str, Any]:
        """What the services are told."""
        checked = cast("StatusForm", form).cleaned_data
        return {
            "status": Status(checked["status"]),
            "reason": checked["reason"],
            "acting_user": cast("User", self.request.user),
            "scope": self.scope,
            "at": self.at,
        }


class ClientStatusView(ClientPage, StatusView):
    """The status of a client."""

    permission = "client.edit"

    def load(self, *, client_id: int) -> None:
        super().load(client_id=client_id)
        self.tenant = self.client

    def save(self, form: forms.BaseForm) -> Client:
        return client_status_set(client_id=self.client.pk, **self.chosen(form))

    def success_url(self, result: Any) -> str:
        return reverse("client", args=[self.client.pk])


class ResellerStatusView(StatusView):
    """The status of a reseller, which those above it choose."""

    permission = "reseller.edit"

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)
        self.tenant = self.reseller
        self.zone = ZoneInfo(self.reseller.time_zone)

    def context(self) -> dict[str, Any]:
        own = is_own(self.scope, self.reseller.pk)
        return super().context() | {"is_reseller": True, "is_own": own}

    def save(self, form: forms.BaseForm) -> Reseller:
        return reseller_status_set(reseller_id=self.reseller.pk, **self.chosen(form))

    def success_url(self, result: Any) -> str:
        return reverse("reseller", args=[self.reseller.pk])
