"""The page of a client: what it may still call today, what was refused, and who it is."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.selectors import accounts_for
from calls.live import ACCOUNT, calls_now
from calls.selectors import barred_calls_for
from calls.views.lists import named_rows
from clients.domain.local_days import day_start, local_day
from clients.models import Client, ClientType, Status
from clients.selectors import clients_for, resellers_for
from clients.views.allowances import allowances_shown
from clients.views.base import PortalView, get_or_404
from clients.views.obstacles import of_client
from limits.selectors import profiles_of_client
from rates.selectors import table_of_client

BARRED_ROWS = 5

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


def address(name: str, *ids: object) -> str:
    """An address by name; empty where the portal has no such page."""
    try:
        return reverse(name, args=ids)
    except NoReverseMatch:
        return ""


class ClientPage(PortalView):
    """What every page of one client loads."""

    client: Client

    def load(self, *, client_id: int) -> None:
        rows = clients_for(self.scope).select_related("reseller")
        self.client = get_or_404(rows, pk=client_id)
        self.zone = ZoneInfo(self.client.time_zone)

    @property
    def is_vendor(self) -> bool:
        return self.client.type == ClientType.VENDOR


class AllowancesView(ClientPage):
    """Today's allowances: a part of the client's page that asks for itself every few seconds."""

    template_name = "clients/allowances.html"

    def context(self) -> dict[str, Any]:
        everything = bool(self.request.GET.get("all"))
        shown = allowances_shown(self.scope, self.client, at=self.at, everything=everything)
        return {"client": self.client, "shown": shown, "everything": everything, "now": self.at}


class AccountsNowView(ClientPage):
    """The client's accounts with their calls in progress, which asks for itself likewise."""

    template_name = "clients/accounts_now.html"

    def context(self) -> dict[str, Any]:
        accounts = list(accounts_for(self.scope).filter(client=self.client).order_by("name"))
        shard = self.client.reseller.shard if self.client.reseller else 0
        running = calls_now(ACCOUNT, [(shard, account.pk) for account in accounts], at=self.at)
        return {
            "client": self.client,
            "new_account_url": address("account_add"),
            "accounts": [
                {
                    "account": account,
                    "url": address("account", account.pk),
                    "running": None if running is None else running[account.pk],
                    "active": account.orig_enabled or account.term_enabled,
                }
                for account in accounts
            ],
            "store_away": running is None,
        }


class ClientView(AllowancesView):
    """Allowances today, barred calls, accounts and details of a client."""

    template_name = "clients/client.html"

    def context(self) -> dict[str, Any]:
        if self.is_vendor:
            return self._head()
        begins = self._day_began()
        barred = barred_calls_for(self.scope).filter(client_id=self.client.pk, at__gte=begins)
        return (
            super().context()
            | self._head()
            | {
                "barred": named_rows(self, barred[:BARRED_ROWS]),
                "barred_count": barred.count(),
                "profiles": list(profiles_of_client(self.scope, self.client)),
                "rate_table": table_of_client(self.scope, self.client),
            }
        )

    def _head(self) -> dict[str, Any]:
        part = AccountsNowView()
        part.scope, part.client, part.at = self.scope, self.client, self.at
        return {
            "client": self.client,
            "is_vendor": self.is_vendor,
            "crumbs": self._crumbs(),
            "groups": self._options(),
            "obstacles": [] if self.is_vendor else self._obstacles(),
            **part.context(),
        }

    def _day_began(self) -> datetime:
        zone = self.client.time_zone
        return day_start(zone, local_day(zone, self.at)).astimezone(UTC)

    def _crumbs(self) -> list[tuple[str, str]]:
        reseller = self.client.reseller
        if reseller is None or not resellers_for(self.scope).filter(pk=reseller.pk).exists():
            return []
        return [
            (reseller.name, reverse("reseller", args=[reseller.pk])),
            (self.client.name, ""),
        ]

    def _obstacles(self) -> list[dict[str, Any]]:
        """What refuses every call, and for those who may edit where it is mended."""
        titles = {slug: label for slug, label, _icon, _key in AREAS}
        may_edit = self.scope.can("client.edit")
        return [
            {
                "sentence": each.sentence,
                "area": titles.get(each.area),
                "url": address("client_area_edit", self.client.pk, each.area)
                if may_edit and each.area in titles
                else "",
            }
            for each in of_client(self.scope, self.client)
        ]

    def _options(self) -> list[list[dict[str, Any]]]:
        """The Options menu: the areas that the viewer's role may edit."""
        if not self.scope.can("client.edit"):
            return []
        areas = ((address("client_area", self.client.pk, area[0]), *area[1:]) for area in AREAS)
        items = [
            {"url": url, "label": label, "icon": icon, "key": key}
            for url, label, icon, key in areas
            if url
        ]
        suspended = self.client.status == Status.SUSPENDED
        status = {
            "url": address("client_status", self.client.pk),
            "label": _("Let the client call again") if suspended else _("Suspend client"),
            "icon": "play-circle" if suspended else "pause-circle",
            "destructive": not suspended,
        }
        return [items, [status]]
