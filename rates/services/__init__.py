"""Writes of rates.

Functions named ``…_insert`` or ``…_write`` run inside the caller's transaction; the others are one
durable transaction each.
"""

from rates.services.files import RateImport, rates_import
from rates.services.tables import (
    client_rates_write,
    default_table_insert,
    default_table_set,
    rate_table_create,
)

__all__ = [
    "RateImport",
    "client_rates_write",
    "default_table_insert",
    "default_table_set",
    "rate_table_create",
    "rates_import",
]
