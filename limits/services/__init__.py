"""Writes of limits.

Functions named ``…_insert`` or ``…_write`` run inside the caller's transaction; the others are one
durable transaction each.
"""

from limits.services.allocation import (
    client_currency_check,
    client_profiles_write,
    profile_allocate,
)
from limits.services.profiles import (
    default_profile_insert,
    profile_copy,
    profile_create,
    profile_prefixes_set,
    profile_rows_set,
)

__all__ = [
    "client_currency_check",
    "client_profiles_write",
    "default_profile_insert",
    "profile_allocate",
    "profile_copy",
    "profile_create",
    "profile_prefixes_set",
    "profile_rows_set",
]
