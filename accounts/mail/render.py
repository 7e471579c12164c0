"""The text of a mail, made at the moment of sending and never kept."""

from datetime import date
from email.utils import formatdate
from typing import Any

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import Account, MailKind, OutboundEmail

_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


class CannotRender(Exception):
    """A mail that can never be written, with the reason for a person."""


def message_for(mail: OutboundEmail, *, link: str | None) -> EmailMultiAlternatives:
    """The mail of a row: text and HTML, with the row's Message-ID and date.

    ``link`` is the one-time link that stands in the password's place. Raises CannotRender when
    there is nothing to tell, SecretUnreadable when no key opens the password.
    """
    if mail.kind == MailKind.TRUNK_DETAILS:
        subject, context = _trunk_details(mail, link)
    else:
        subject, context = _warning(mail)
    context |= {"reseller": mail.reseller, "client": mail.client, "subject": subject}
    name = f"mail/{mail.kind}"
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"{name}.txt", context),
        to=[mail.recipient],
        headers={
            "Message-ID": mail.message_id,
            "Date": formatdate(mail.created_at.timestamp()),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(
        _INLINER.inline(render_to_string(f"{name}.html", context)), "text/html"
    )
    return message


def _trunk_details(mail: OutboundEmail, link: str | None) -> tuple[str, dict[str, Any]]:
    account = mail.account
    if account is None:
        raise CannotRender(_("The account is no more."))
    if account.sip_username and not account.password:
        raise CannotRender(_("The account has no password."))
    names = {"client": mail.client.name, "account": account.name}
    subject = _("Trunk details of %(client)s: %(account)s") % names
    return subject, {
        "account": account,
        "password": None if link else account.password,
        "link": link,
        "link_hours": settings.ONE_TIME_LINK_HOURS,
    } | connection_details(account)


def connection_details(account: Account) -> dict[str, Any]:
    """Where a phone system connects to; shown in mails and on pages."""
    return {
        "registrar": settings.SIP_REGISTRAR,
        "realm": account.realm or settings.SIP_REALM,
        "transports": sorted(settings.SIP_PORTS.items(), key=lambda item: item[0] != "UDP"),
    }


def _warning(mail: OutboundEmail) -> tuple[str, dict[str, Any]]:
    told = mail.parameters
    subject = _("%(client)s: %(step)s %% of today's %(destination)s minutes used") % {
        "client": mail.client.name,
        "step": told["step"],
        "destination": told["destination"],
    }
    return subject, {
        "destination": told["destination"],
        "step": told["step"],
        "spent": told["step"] >= 100,
        "off_hours": told["off_hours"],
        "on": date.fromisoformat(told["on"]),
        "limit_minutes": f"{told['limit_seconds'] / 60:.2f}",
    }
