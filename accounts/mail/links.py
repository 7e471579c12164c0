"""One-time links: they show an account's password once, to whoever holds the link."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.urls import reverse

from accounts.models import Account, OneTimeLink
from clients import tenancy

# The holder of a link is nobody we know: the token is the permission, and it names one row.
_HOLDER = tenancy.PLATFORM


def link_create(*, account: Account, reseller_id: int, at: datetime) -> str:
    """The address of a new link, in the running writing transaction; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(
        reseller_id=reseller_id,
        client_id=account.client_id,
        account=account,
        token_sha256=_digest(token),
        created_at=at,
        expires_at=at + timedelta(hours=settings.ONE_TIME_LINK_HOURS),
    )
    return str(settings.PUBLIC_URL).rstrip("/") + reverse("one_time_link", args=[token])


def link_find(*, token: str, at: datetime) -> OneTimeLink | None:
    """The link of a token with its account and client, opened or not; None when it is no more.

    A link ends when it expires and when the password is changed after it was made.
    """
    with tenancy.reading(_HOLDER):
        links = OneTimeLink.objects.select_related("account", "client").defer("account__password")
        link = links.filter(token_sha256=_digest(token), expires_at__gt=at).first()
    if link is None:
        return None
    changed_at = link.account.password_changed_at
    return None if changed_at and changed_at > link.created_at else link


def link_open(*, token: str, at: datetime) -> Account | None:
    """Use a link up and return the account with its password.

    None when the link has been opened already or is no more.
    """
    link = link_find(token=token, at=at)
    if link is None:
        return None
    with tenancy.writing(_HOLDER):
        if OneTimeLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=at):
            return Account.objects.get(pk=link.account_id)
    return None


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
