"""Home and the page of a reseller: what needs attention, and who is tiered below."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from clients.models import Client, Reseller
from clients.selectors import clients_for, resellers_for
from clients.tenancy import Scope
from clients.views.base import PortalView, get_or_404
from clients.views.selected import narrowed
from clients.views.tree import TreeReader
from limits.models import LimitWarning
from limits.warnings import warnings_today

ROWS = 50
ATTENTION_ROWS = 20


@dataclass(frozen=True)
class Attention:
    """What a person should look at; the most urgent come first."""

    warnings: list[LimitWarning]

    @property
    def count(self) -> int:
        return len(self.warnings)


def attention(scope: Scope, *, at: datetime) -> Attention:
    """Today's warnings, one for each client (its worst), nothing else."""
    worst: dict[int, LimitWarning] = {}
    for warning in warnings_today(scope, at=at):
        worst.setdefault(warning.client_id, warning)
    return Attention(list(worst.values()))


class ResellerView(PortalView):
    """A reseller: needs attention, resellers and clients tiered directly below it."""

    template_name = "clients/reseller.html"
    reseller: Reseller | None = None

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)
        self.zone = ZoneInfo(self.reseller.time_zone)

    def context(self) -> dict[str, Any]:
        reseller = self.reseller
        scope = narrowed(self.scope, reseller) if reseller else self.scope
        words = self.request.GET.get("q", "").strip()
        reader = TreeReader(scope, at=self.at)
        rows = self._clients(scope, words)
        page = Paginator(rows, ROWS).get_page(self.request.GET.get("page"))
        clients = list(page.object_list)
        shown = attention(scope, at=self.at)
        return {
            "reseller": reseller,
            "crumbs": self._crumbs(),
            "now": self.at,
            "attention": shown,
            "attention_warnings": shown.warnings[:ATTENTION_ROWS],
            "attention_more": max(0, len(shown.warnings) - ATTENTION_ROWS),
            "resellers": [] if words else reader.below(reseller),
            "reseller_count": resellers_for(scope).count() - (reseller is not None),
            "client_count": clients_for(scope).count(),
            "page": page,
            "clients": list(zip(clients, reader.of_clients(clients), strict=True)),
            "words": words,
        }

    def _clients(self, scope: Scope, words: str) -> QuerySet[Client]:
        rows = clients_for(scope).annotate(account_count=Count("accounts")).order_by("name", "id")
        if words:
            match = Q(name__icontains=words) | Q(reference__istartswith=words)
            return rows.filter(match).select_related("reseller")
        return rows.filter(reseller=self.reseller).select_related("reseller")

    def _crumbs(self) -> list[tuple[str, str]]:
        if self.reseller is None or self.reseller.pk == self.scope.reseller_id:
            return []
        by_id = {r.pk: r for r in resellers_for(self.scope)}
        crumbs = [(self.reseller.name, "")]
        above = by_id.get(self.reseller.parent_id or 0)
        while above is not None:
            crumbs.append((above.name, reverse("reseller", args=[above.pk])))
            above = by_id.get(above.parent_id or 0)
        return crumbs[::-1]


class HomeView(ResellerView):
    """The first page: a reseller's own, the platform's, or a client's."""

    def load(self, *, reseller_id: int | None = None) -> None:
        own = reseller_id or self.scope.reseller_id
        if own is not None and self.scope.kind == "reseller":
            super().load(reseller_id=own)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.scope.kind == "client":
            return redirect("client", self.scope.client_id)
        return self.page()
