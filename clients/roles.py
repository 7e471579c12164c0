"""Who may do what: each role's permissions, one verb on one thing each."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    READ_ONLY = "read_only", _("Read-only")
    CLIENT = "client", _("Client")


# Who works for a reseller, and what each may do.
STAFF = {
    Role.OWNER: _("Everything"),
    Role.MANAGER: _("Everything but deleting and users"),
    Role.OPERATOR: _("Clients, accounts, mail, resets"),
    Role.READ_ONLY: _("Looking"),
}

_LOOK = {"view", "mail.view", "limits.view", "rates.view", "options.view"}
_OPERATE = _LOOK | {
    "client.create",
    "client.edit",
    "account.edit",
    "mail.send",
    "usage.reset",
}
_MANAGE = _OPERATE | {"limits.edit", "rates.edit", "reseller.edit"}
_OWN = _MANAGE | {"account.delete", "client.delete", "user.manage"}

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(_OWN),
    Role.MANAGER: frozenset(_MANAGE),
    Role.OPERATOR: frozenset(_OPERATE),
    Role.READ_ONLY: frozenset(_LOOK),
    Role.CLIENT: frozenset({"view"}),
}
