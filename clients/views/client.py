"""The page of a client: what it may still call today, what was refused, and who it is."""

from typing import Any
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from clients.models import Client, ClientType
from clients.selectors import clients_for, resellers_for
from clients.views.base import PortalView, get_or_404

# Area, label, icon and key of the Options menu.
AREAS = (
    ("general", _("General"), "building", "G"),
    ("additional", _("Additional"), "sliders", "A"),
    ("working-time", _("Working time"), "clock", "W"),
    ("limits", _("Limits"), "bar-chart-steps", "L"),
    ("billing", _("Billing"), "receipt", "B"),
    ("address", _("Address"), "geo-alt", "D"),
    ("users", _("Users"), "people", "U"),
)


class ClientPage(PortalView):
    """What every page of one client loads."""

    client: Client

    def load(self, *, client_id: int) -> None:
        rows = clients_for(self.scope).select_related("reseller")
        self.client = get_or_404(rows, pk=client_id)
        self.zone = ZoneInfo(self.client.time_zone)


class ClientView(ClientPage):
    """Allowances today, barred calls, accounts and details of a client."""

    template_name = "clients/client.html"

    def context(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "is_vendor": self.client.type == ClientType.VENDOR,
            "crumbs": self._crumbs(),
            "groups": self._options(),
        }

    def _crumbs(self) -> list[tuple[str, str]]:
        reseller = self.client.reseller
        if reseller is None or not resellers_for(self.scope).filter(pk=reseller.pk).exists():
            return []
        return [
            (reseller.name, reverse("reseller", args=[reseller.pk])),
            (self.client.name, ""),
        ]

    def _options(self) -> list[list[dict[str, Any]]]:
        items = []
        for area, label, icon, key in AREAS:
            try:
                url = reverse("client_area", args=[self.client.pk, area])
            except NoReverseMatch:
                continue
            items.append({"label": label, "url": url, "icon": icon, "key": key})
        return [items] if items else []
