"""Destinations, searched both ways: a number to its destination, a destination to its prefixes."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, JsonResponse

from clients.selectors import resellers_for
from clients.views.base import PortalView
from clients.views.selected import selected
from limits.models import DestinationPrefix
from limits.selectors import (
    destination_for_number,
    destinations,
    destinations_found,
    looks_like_number,
)

SHOWN = 50


class DestinationsView(PortalView):
    """One field for both ways."""

    permission = "limits.view"
    template_name = "limits/destinations.html"

    def context(self) -> dict[str, Any]:
        words = self.request.GET.get("q", "").strip()[:64]
        country = self.country()
        context: dict[str, Any] = {"words": words, "country": country}
        if looks_like_number(words):
            understood, found = destination_for_number(words, country)
            return context | {"is_number": True, "understood": understood, "found": found}
        rows = destinations().filter(is_leaf=True)
        if words:
            rows = rows.filter(pk__in=destinations_found(words, country))
        prefixes = DestinationPrefix.objects.order_by("prefix")
        rows = rows.prefetch_related(Prefetch("prefixes", queryset=prefixes))
        return context | {"rows": rows[:SHOWN], "count": rows.count(), "shown": SHOWN}

    def country(self) -> str:
        """The country a number is dialled in: that of the reseller selected in the tree."""
        reseller_id = selected(self.request).reseller_id
        found = resellers_for(self.scope).filter(pk=reseller_id).first() if reseller_id else None
        return found.country if found else "GB"


class DestinationLookupView(DestinationsView):
    """Ids of the destinations that words or a number mean, for the editor's search."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        words = request.GET.get("q", "").strip()[:64]
        return JsonResponse({"ids": sorted(destinations_found(words, self.country()))})
