"""The limit profiles that a reseller may give to its clients, as the forms offer them."""

from django.db.models import Count, Exists, OuterRef, QuerySet

from clients.models import Reseller
from clients.tenancy import Scope
from limits.models import LimitProfile, LimitRow
from limits.selectors import profiles_available


def profiles_for_clients(scope: Scope, reseller: Reseller) -> QuerySet[LimitProfile]:
    """Limit profiles that clients of ``reseller`` may be given: its own and the platform's.

    Each carries ``destinations``, how many it names, and ``has_money``, whether it holds prices or
    amounts and so fits one currency only.
    """
    money = LimitRow.objects.filter(profile=OuterRef("pk")).exclude(
        max_price_per_minute=None, max_setup_price=None, spend=None
    )
    return (
        profiles_available(scope, reseller)
        .annotate(destinations=Count("rows"), has_money=Exists(money))
        .order_by("name", "id")
    )
