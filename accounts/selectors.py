"""Reads of accounts and mails: each takes the scope it reads for and filters by it."""

from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from accounts.domain.credentials import account_id
from accounts.models import Account, OutboundEmail
from clients.selectors import owned_by
from clients.tenancy import Scope

SECRETS = ("password", "ha1_md5", "ha1_sha256")


def accounts_for(scope: Scope) -> QuerySet[Account]:
    """Accounts the scope may see, without their secrets."""
    return Account.objects.filter(owned_by(scope, client="client_id")).defer(*SECRETS)


def account_named(accounts: QuerySet[Account], name: str) -> Account | None:
    """The one of ``accounts`` that has this id or, where none has, this SIP username."""
    found = None
    if (pk := account_id(name)) is not None:
        found = accounts.filter(pk=pk).first()
    return found or accounts.filter(sip_username__iexact=name).first()


def mails_for(scope: Scope) -> QuerySet[OutboundEmail]:
    """Mails about the scope's clients, the newest first; a client's own people see none.

    Each knows as ``sent_again`` whether a person has sent it once more.
    """
    again = Concat(Value("again:"), Cast(OuterRef("pk"), CharField()))
    return (
        OutboundEmail.objects.filter(owned_by(scope))
        .annotate(sent_again=Exists(OutboundEmail.objects.filter(key=again)))
        .order_by("-created_at", "-id")
    )


def accounts_found(scope: Scope, text: str) -> QuerySet[Account]:
    """Accounts whose label, username, address or client contains ``text``."""
    words = text.strip()
    if not words:
        return accounts_for(scope)
    return (
        accounts_for(scope)
        .annotate(
            addresses=Func(
                F("ips"), Value(";"), function="array_to_string", output_field=TextField()
            )
        )
        .filter(
            Q(name__icontains=words)
            | Q(sip_username__icontains=words)
            | Q(addresses__icontains=words)
            | Q(tech_prefix=words)
            | Q(client__name__icontains=words)
            | Q(client__reference__iexact=words)
        )
    )
