"""The lists of calls and of barred calls."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.selectors import accounts_for
from calls.forms import CallFilter
from calls.models import BarredCall, CallRecord
from calls.selectors import barred_calls_for, calls_for
from calls.templatetags.calls import ending, refusal
from clients.models import Client
from clients.selectors import clients_for
from clients.views.base import PortalView
from clients.views.selected import carried_reseller, narrowed
from trunkportal.exports import csv_response

ROWS = 50
EXPORT_ROWS = 100_000


def named_rows(view: PortalView, rows: Iterable[Any]) -> list[Any]:
    """The rows with ``client``, ``account`` and ``explain_url``; records keep ids only."""
    found = list(rows)
    clients = clients_for(view.scope).in_bulk({row.client_id for row in found})
    accounts = accounts_for(view.scope).in_bulk({row.account_id for row in found})
    for row in found:
        row.client = clients.get(row.client_id)
        row.account = accounts.get(row.account_id)
        row.explain_url = explain_url(row)
    return found


def explain_url(row: CallRecord | BarredCall) -> str:
    """The Explain page, filled in with a call; empty where the account is not known."""
    if row.account_id is None:
        return ""
    asked = {
        "account": row.account_id,
        "to": row.dialled,
        "from": row.caller,
        "at": row.at.isoformat(timespec="seconds"),
    }
    return f"{reverse('explain')}?{urlencode({k: v for k, v in asked.items() if v})}"


class CallListView(PortalView):
    """Calls that were let through, narrowed and page by page."""

    template_name = "calls/calls.html"
    export_name: ClassVar[str] = "calls"

    def load(self) -> None:
        self.reseller = carried_reseller(self.request, self.request.GET.get("reseller"))
        if self.reseller:
            self.seen = narrowed(self.scope, self.reseller)
            zone = ZoneInfo(self.reseller.time_zone)
        else:
            self.seen = self.scope
            own = clients_for(self.scope).first() if self.scope.kind == "client" else None
            zone = ZoneInfo(own.time_zone if own else "UTC")
        self.zone = zone
        self.filter = CallFilter(self.request.GET, at=self.at, zone=zone)
        self.client: Client | None = None
        if client_id := self.filter.given("client"):
            self.client = clients_for(self.seen).filter(pk=client_id).first()

    def rows(self) -> QuerySet[Any]:
        """Everything that was asked for."""
        rows = calls_for(self.seen).filter(self.filter.condition())
        match self.request.GET.get("show"):
            case "answered":
                return rows.filter(answered_at__isnull=False)
            case "unanswered":
                return rows.filter(answered_at__isnull=True)
            case "cut":
                return rows.filter(code__isnull=False)
        return rows

    def context(self) -> dict[str, Any]:
        page = Paginator(self.rows(), ROWS).get_page(self.request.GET.get("page"))
        return {
            "filter": self.filter,
            "client": self.client,
            "page": page,
            "rows": named_rows(self, page.object_list),
            "show": self.request.GET.get("show", ""),
            "now": self.at,
            "zone": self.zone,
            "reseller": self.reseller,
            "narrowed": any(self.filter.given(name) for name in ("q", "code", "client")),
            "shows": [
                ("", _("All")),
                ("answered", _("Answered")),
                ("unanswered", _("Not answered")),
                ("cut", _("Cut")),
            ],
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("format") == "csv":
            return self.export()
        return self.page()

    def export(self) -> HttpResponse:
        """What was asked for as a file; refused when it is too much for one."""
        rows = list(self.rows()[: EXPORT_ROWS + 1])
        if len(rows) > EXPORT_ROWS:
            messages.warning(
                self.request,
                _("More than %(n)s rows: choose a shorter period, then export again.")
                % {"n": f"{EXPORT_ROWS:,}"},
            )
            asked = self.request.GET.copy()
            asked.pop("format")
            return redirect(f"{self.request.path}?{asked.urlencode()}")
        named = named_rows(self, rows)
        return csv_response(self.export_name, self.head(), (self.line(row) for row in named))

    def head(self) -> Sequence[str]:
        """Names of the file's columns; times are UTC."""
        return (
            "id", "authorised_at", "answered_at", "ended_at", "client", "account", "caller",
            "dialled", "number", "destination", "talk_seconds", "price", "currency", "code",
            "sip_code", "ended_by", "how_it_ended",
        )  # fmt: skip

    def line(self, row: Any) -> Sequence[object]:
        """One row of the file."""
        return (
            row.pk, _iso(row.at), _iso(row.answered_at), _iso(row.ended_at), row.client,
            row.account, row.caller, row.dialled, row.number, row.destination, row.talk_seconds,
            row.amount, row.currency, row.code, row.sip_code, row.ended_by, ending(row),
        )  # fmt: skip


class BarredListView(CallListView):
    """Calls that were refused, with code and sentence."""

    template_name = "calls/barred.html"
    export_name = "barred-calls"

    def rows(self) -> QuerySet[Any]:
        return barred_calls_for(self.seen).filter(self.filter.condition())

    def head(self) -> Sequence[str]:
        return (
            "id", "at", "client", "account", "caller", "dialled", "number", "destination",
            "code", "sentence", "source", "username",
        )  # fmt: skip

    def line(self, row: Any) -> Sequence[object]:
        return (
            row.pk, _iso(row.at), row.client, row.account, row.caller, row.dialled, row.number,
            row.destination, row.code, refusal(row), row.source, row.username,
        )  # fmt: skip


def _iso(moment: Any) -> str:
    return moment.isoformat(timespec="milliseconds") if moment else ""
