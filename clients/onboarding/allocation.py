"""What a new reseller and a client are given to pay by.

Everything here writes inside the caller's transaction.
"""

from datetime import datetime
from typing import cast

from clients import outbox
from clients.models import Client, Reseller
from rates.models import ClientRates, RateTable, ResellerRates

DEFAULT_TABLE = "Default"


def client_rates_write(*, client: Client, table: RateTable | None) -> None:
    """Let a client pay by ``table``; None is its reseller's default."""
    if table is None:
        ClientRates.objects.filter(client=client).delete()
    else:
        ClientRates.objects.update_or_create(
            client=client, defaults={"reseller": cast("Reseller", client.reseller), "table": table}
        )
    outbox.enqueue("policy.client", client_id=client.pk)


def default_table_insert(*, reseller: Reseller, at: datetime) -> RateTable:
    """Give a reseller an empty rate table that its clients pay by unless told otherwise."""
    table = RateTable.objects.create(
        reseller=reseller, name=DEFAULT_TABLE, currency=reseller.currency, created_at=at
    )
    ResellerRates.objects.create(reseller=reseller, default_table=table)
    return table
