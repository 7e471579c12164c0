"""Home and the page of a reseller: what needs attention, and who is tiered below."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import MailKind, MailState, OutboundEmail
from accounts.selectors import accounts_for, mails_for
from calls.live import RESELLER, calls_now
from clients.models import Client, Reseller, Status
from clients.selectors import clients_for, resellers_for
from clients.services.resellers import is_own
from clients.tenancy import Scope
from clients.views.base import PortalView, get_or_404
from clients.views.obstacles import of_reseller
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
    mails: list[OutboundEmail]

    @property
    def count(self) -> int:
        return len(self.warnings) + len(self.mails)


def attention(scope: Scope, *, at: datetime) -> Attention:
    """Today's warnings, one for each client (its worst), and mails that may not have arrived."""
    worst: dict[int, LimitWarning] = {}
    for warning in warnings_today(scope, at=at):
        worst.setdefault(warning.client_id, warning)
    doubtful = mails_for(scope).filter(
        kind=MailKind.TRUNK_DETAILS,
        state__in=[MailState.FAILED, MailState.UNCONFIRMED],
        sent_again=False,  # type: ignore[misc]  # an annotation of the selector
    )
    return Attention(list(worst.values()), list(doubtful.select_related("client")))


@dataclass(frozen=True)
class CallsNow:
    """Calls in progress of a reseller: all of them, its own clients', and each one's below it."""

    total: int
    capacity: int | None
    own: int | None
    below: list[tuple[Reseller, int]]


def calls_now_of(scope: Scope, reseller: Reseller | None, *, at: datetime) -> CallsNow | None:
    """From the store; None when it is away. Without a reseller, of the platform's top ones."""
    tops = resellers_for(scope).filter(parent=reseller).order_by("name")
    below = list(tops if reseller is None else tops[:ROWS])
    holders = [each for each in (reseller, *below) if each is not None]
    counts = calls_now(RESELLER, [(each.shard, each.pk) for each in holders], at=at)
    if counts is None:
        return None
    parts = [(each, counts[each.pk]) for each in below]
    shared = sum(count for _each, count in parts)
    if reseller is None:
        return CallsNow(total=shared, capacity=None, own=None, below=parts)
    total = counts[reseller.pk]
    return CallsNow(
        total=total, capacity=reseller.capacity, own=max(0, total - shared), below=parts
    )


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
            "groups": self._options(),
            "obstacles": of_reseller(self.scope, reseller),
            "now": self.at,
            "calls": calls_now_of(scope, reseller, at=self.at),
            "calls_url": self._calls_url(),
            "attention": shown,
            "attention_warnings": shown.warnings[:ATTENTION_ROWS],
            "attention_mails": shown.mails[:ATTENTION_ROWS],
            "attention_more": max(0, len(shown.warnings) - ATTENTION_ROWS)
            + max(0, len(shown.mails) - ATTENTION_ROWS),
            "resellers": [] if words else reader.below(reseller),
            "reseller_count": resellers_for(scope).count() - (reseller is not None),
            "client_count": clients_for(scope).count(),
            "page": page,
            "clients": list(zip(clients, reader.of_clients(clients), strict=True)),
            "words": words,
        }

    def _options(self) -> list[list[dict[str, Any]]]:
        """The Options menu: its settings and people, and for those above it whether it may call."""
        reseller = self.reseller
        if reseller is None or not self.scope.can("options.view"):
            return []
        ids = [reseller.pk]
        users = {"url": reverse("reseller_users", args=ids), "label": _("Users"), "icon": "people"}
        settings = {
            "url": reverse("reseller_settings", args=ids),
            "label": _("Settings"),
            "icon": "sliders",
        }
        if not self.scope.can("reseller.edit") or is_own(self.scope, reseller.pk):
            return [[settings, users]]
        suspended = reseller.status == Status.SUSPENDED
        status = {
            "url": reverse("reseller_status", args=ids),
            "label": _("Let the reseller call again") if suspended else _("Suspend reseller"),
            "icon": "play-circle" if suspended else "pause-circle",
            "destructive": not suspended,
        }
        return [[settings, users], [status]]

    def _calls_url(self) -> str:
        if self.reseller is None:
            return reverse("calls_now")
        return reverse("reseller_calls_now", args=[self.reseller.pk])

    def _clients(self, scope: Scope, words: str) -> QuerySet[Client]:
        # Counted for the rows of the page only, not for every client that is sorted.
        own = accounts_for(scope).filter(client=OuterRef("pk")).order_by().values("client")
        count = Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)
        rows = clients_for(scope).annotate(account_count=count).order_by("name", "id")
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


class CallsNowView(HomeView):
    """Calls in progress: a part of Home that asks for itself every few seconds."""

    template_name = "clients/calls_now.html"

    def load(self, *, reseller_id: int | None = None) -> None:
        if self.scope.kind == "client":
            raise PermissionDenied
        super().load(reseller_id=reseller_id)

    def context(self) -> dict[str, Any]:
        scope = narrowed(self.scope, self.reseller) if self.reseller else self.scope
        return {
            "reseller": self.reseller,
            "now": self.at,
            "calls": calls_now_of(scope, self.reseller, at=self.at),
            "calls_url": self._calls_url(),
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page()


class ResellerCallsNowView(CallsNowView):
    """The same of a reseller that the address names."""

    def load(self, *, reseller_id: int | None = None) -> None:
        ResellerView.load(self, reseller_id=reseller_id or 0)
