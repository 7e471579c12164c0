"""Asking for a mail: a row and an outbox entry in the caller's writing transaction."""

from datetime import date, datetime, timedelta
from email.utils import make_msgid, parseaddr
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, MailKind, MailState, OutboundEmail
from clients import outbox, tenancy
from clients.errors import DomainError
from clients.models import Client, User
from clients.tenancy import Scope

# What may be sent again: a mail that is still on its way may not.
FINISHED = (MailState.SENT, MailState.FAILED, MailState.UNCONFIRMED)


def trunk_details_queue(
    *, account: Account, created_by: User | None, at: datetime
) -> OutboundEmail:
    """Queue the mail with an account's details to its client's address.

    Call it inside the transaction that made or saved the account. There is one mail for each
    ``version`` of it: asked again, the same row comes back. Raises DomainError (field ``email``)
    when the client has no address.
    """
    return _queue(
        client=account.client,
        account=account,
        kind=MailKind.TRUNK_DETAILS,
        key=f"trunk_details:{account.pk}:version {account.version}",
        recipient=account.client.email,
        created_by=created_by,
        at=at,
    )


def limit_warning_queue(
    *,
    client: Client,
    destination: str,
    on: date,
    off_hours: bool,
    step: int,
    limit_seconds: int,
    at: datetime,
) -> list[OutboundEmail]:
    """Queue the warning that ``step`` % of a day's allowance is used.

    It goes to the reseller's alerts address (or, without one, its own address) and, where the
    client wants warnings, to the client. ``destination`` is a path such as ``UK/Mobile``. One mail
    a day, allowance, step and address: asked again, the same rows come back.
    """
    reseller = client.reseller
    recipients = {reseller.alerts_email or reseller.email} if reseller else set()
    if client.warn_client:
        recipients.add(client.email)
    part = "off" if off_hours else "day"
    return [
        _queue(
            client=client,
            kind=MailKind.WARNING,
            key=_digest("warning", client.pk, on, part, step, destination, recipient),
            parameters={
                "destination": destination,
                "on": on.isoformat(),
                "off_hours": off_hours,
                "step": step,
                "limit_seconds": limit_seconds,
            },
            recipient=recipient,
            created_by=None,
            at=at,
        )
        for recipient in sorted(recipients - {""})
    ]


def send_again(*, mail_id: int, scope: Scope, acting_user: User, at: datetime) -> OutboundEmail:
    """Queue a finished mail once more, as a new row.

    Trunk details go to the client's present address. Raises DomainError while the mail is still
    on its way, and when it has been sent again: then that mail is the one to send once more.
    """
    with tenancy.writing(scope):
        mails = OutboundEmail.objects.select_related("client")
        mail = mails.select_for_update(of=("self",)).get(pk=mail_id)
        if mail.state not in FINISHED:
            raise DomainError(_("This mail is still on its way."))
        if mails.filter(key=f"again:{mail.pk}").exists():
            raise DomainError(_("This mail has been sent again already: see the newer one."))
        details = mail.kind == MailKind.TRUNK_DETAILS
        return _queue(
            client=mail.client,
            account_id=mail.account_id,
            kind=mail.kind,
            key=f"again:{mail.pk}",
            parameters=mail.parameters,
            recipient=mail.client.email if details else mail.recipient,
            created_by=acting_user,
            at=at,
        )


def _queue(
    *, key: str, client: Client, recipient: str, at: datetime, **fields: Any
) -> OutboundEmail:
    if not recipient:
        raise DomainError(_("The client has no email address."), field="email")
    if client.reseller_id is None:
        raise DomainError(_("Mails are sent to clients of a reseller."), field="email")
    mail, created = OutboundEmail.objects.get_or_create(
        key=key,
        defaults={
            "reseller_id": client.reseller_id,
            "client": client,
            "recipient": recipient,
            "message_id": make_msgid(domain=_domain()),
            "created_at": at,
            # Should the worker that is woken never come, beat finds the mail after the lease.
            "retry_at": at + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS),
            **fields,
        },
    )
    if created:
        outbox.enqueue("mail.send", email_id=mail.pk)
    return mail


def _digest(*parts: object) -> str:
    return sha256("|".join(map(str, parts)).encode()).hexdigest()


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
