"""Sending a queued mail at most once.

The row is claimed by a conditional update that is committed before the mail server is spoken to.
From then on only this worker may send it. What became of it is recorded afterwards; a row whose
worker died in between stays in ``sending`` and is found by ``mark_unconfirmed``: it may have been
sent, so nothing but a person sends it again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.mail import delivery, links
from accounts.mail.render import CannotRender, message_for
from accounts.models import Account, MailKind, MailState, OutboundEmail
from accounts.secrets import SecretUnreadable
from clients import tenancy
from trunkportal import crashpoints

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 10
LONGEST_WAIT_SECONDS = 3600


def send(*, email_id: int, at: datetime) -> None:
    """Send a queued mail, or do nothing when it is no longer queued or not yet due again."""
    mail = _claim(email_id, at)
    if mail is None:
        return
    crashpoints.reached("mail.claimed")
    try:
        link = _link_for(mail, at)
        with tenancy.reading(tenancy.PLATFORM):
            message = message_for(mail, link=link)
        crashpoints.reached("mail.rendered")
        delivery.deliver(message)
    except CannotRender as error:
        _record(mail, state=MailState.FAILED, error=str(error))
    except SecretUnreadable:
        logger.error("mail %s: no key opens the password of account %s", mail.pk, mail.account_id)
        _record(mail, state=MailState.FAILED, error=_("The password cannot be read."))
    except delivery.Refused as error:
        _record(mail, **_after_refusal(mail, error, at))
    except delivery.Unconfirmed as error:
        _record(mail, state=MailState.UNCONFIRMED, error=str(error))
    else:
        crashpoints.reached("mail.accepted")
        _record(mail, state=MailState.SENT, error="", sent_at=at)
    crashpoints.reached("mail.recorded")


def due_ids(*, at: datetime, limit: int = 200) -> list[int]:
    """Queued mails whose time has come: waiting for another attempt, or never taken up."""
    with tenancy.reading(tenancy.PLATFORM):
        due = OutboundEmail.objects.filter(state=MailState.QUEUED, retry_at__lte=at)
        return list(due.order_by("retry_at").values_list("pk", flat=True)[:limit])


def mark_unconfirmed(*, at: datetime) -> int:
    """Say of mails whose worker has vanished that nobody knows whether they were sent."""
    stale = at - timedelta(seconds=settings.MAIL_STALE_SECONDS)
    with tenancy.writing(tenancy.PLATFORM):
        return OutboundEmail.objects.filter(state=MailState.SENDING, claimed_at__lt=stale).update(
            state=MailState.UNCONFIRMED, retry_at=None
        )


def _claim(email_id: int, at: datetime) -> OutboundEmail | None:
    ready = Q(attempts=0) | Q(retry_at__lte=at)
    with tenancy.writing(tenancy.PLATFORM):
        if not OutboundEmail.objects.filter(ready, pk=email_id, state=MailState.QUEUED).update(
            state=MailState.SENDING, claimed_at=at, attempts=F("attempts") + 1, retry_at=None
        ):
            return None
        return OutboundEmail.objects.select_related("reseller", "client").get(pk=email_id)


def _link_for(mail: OutboundEmail, at: datetime) -> str | None:
    """A new one-time link where the reseller wants one instead of the password."""
    if mail.kind != MailKind.TRUNK_DETAILS or not mail.reseller.send_one_time_link:
        return None
    with tenancy.writing(tenancy.PLATFORM):
        account = Account.objects.defer("password").get(mails=mail)
        if not account.sip_username:
            return None
        return links.link_create(account=account, reseller_id=mail.reseller_id, at=at)


def _after_refusal(mail: OutboundEmail, refusal: delivery.Refused, at: datetime) -> dict[str, Any]:
    if refusal.permanent or mail.attempts >= MAX_ATTEMPTS:
        return {"state": MailState.FAILED, "error": refusal.why}
    wait = min(settings.MAIL_RETRY_SECONDS * 2 ** (mail.attempts - 1), LONGEST_WAIT_SECONDS)
    return {
        "state": MailState.QUEUED,
        "error": refusal.why,
        "retry_at": at + timedelta(seconds=wait),
    }


def _record(mail: OutboundEmail, **outcome: Any) -> None:
    """Keep what became of a claimed mail, also when it took so long that it counted as stale."""
    with tenancy.writing(tenancy.PLATFORM):
        OutboundEmail.objects.filter(
            pk=mail.pk,
            claimed_at=mail.claimed_at,
            state__in=(MailState.SENDING, MailState.UNCONFIRMED),
        ).update(**outcome)
    logger.info("mail %s %s: %s", mail.pk, mail.kind, outcome["state"])
