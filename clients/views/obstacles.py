"""What refuses every call of a client, whatever is dialled: told before and after it is made."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from clients.models import BillingMode, Client, Reseller, Status
from clients.selectors import resellers_for
from clients.tenancy import Scope
from rates.models import RateTable
from rates.selectors import default_table, rates_of, table_of_client


@dataclass(frozen=True)
class Obstacle:
    """What is so and what to do; ``area`` of Options, also a step of Add Client, mends it."""

    sentence: str
    area: str = ""


def of_new_client(
    scope: Scope,
    reseller: Reseller,
    *,
    currency: str,
    rate_table: RateTable | None,
    billing_mode: str,
) -> list[Obstacle]:
    """The obstacles of a client that is being added; ``rate_table`` None is the default."""
    table = rate_table or default_table(scope, reseller.pk)
    return _of_rates(scope, table, currency) + _of_payment(billing_mode)


def of_client(scope: Scope, client: Client) -> list[Obstacle]:
    """The obstacles of a client, for the reseller's staff: its own people are told none."""
    if client.reseller is None or scope.kind == "client":
        return []
    return [
        *_of_status(scope, client),
        *_of_rates(scope, table_of_client(scope, client), client.currency),
        *_of_payment(client.billing_mode),
    ]


def _of_rates(scope: Scope, table: RateTable | None, currency: str) -> list[Obstacle]:
    if table is None:
        told = _("Calls are refused with 203: there is no rate table. Choose one.")
        return [Obstacle(told, "general")]
    words = {"table": table.name, "theirs": table.currency, "currency": currency}
    if table.currency != currency:
        told = _(
            "Calls are refused with 203: the rate table %(table)s is in %(theirs)s and the client"
            " pays in %(currency)s. Choose a rate table in %(currency)s."
        )
        return [Obstacle(told % words, "general")]
    if not rates_of(scope, table).exists():
        told = _("Calls are refused with 203: the rate table %(table)s is empty. Import its rates.")
        return [Obstacle(told % words)]
    return []


def _of_payment(billing_mode: str) -> list[Obstacle]:
    if billing_mode != BillingMode.PREPAID:
        return []
    told = _(
        "Calls are refused with 110: a prepaid client calls on its balance, and this one has none."
        " Choose postpaid to let it call."
    )
    return [Obstacle(told, "billing")]


def of_reseller(scope: Scope, reseller: Reseller | None) -> list[Obstacle]:
    """A reseller's suspension, and that of each one above it that the scope sees."""
    found = []
    by_id = {each.pk: each for each in resellers_for(scope)}
    while reseller is not None:
        if reseller.status == Status.SUSPENDED:
            words = {"reseller": reseller.name, "reason": reseller.status_reason}
            told = _("Calls are refused with 309: %(reseller)s is suspended. Reason: %(reason)s")
            found.append(Obstacle(told % words))
        reseller = by_id.get(reseller.parent_id or 0)
    return found


def _of_status(scope: Scope, client: Client) -> list[Obstacle]:
    above = of_reseller(scope, client.reseller)
    if client.status != Status.SUSPENDED:
        return above
    words = {"reason": client.status_reason}
    told = _("Calls are refused with 309: the client is suspended. Reason: %(reason)s")
    return [Obstacle(told % words), *above]
