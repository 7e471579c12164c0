"""The state of a client's mails, on any page."""

from typing import Any

from django import template

from accounts.models import MailKind, MailState
from accounts.selectors import mails_for
from clients.models import Client
from clients.tenancy import Scope

register = template.Library()


def status_context(scope: Scope, client: Client) -> dict[str, Any]:
    """What ``accounts/mail_status.html`` shows: the last mail with trunk details of a client."""
    details = mails_for(scope).filter(client=client, kind=MailKind.TRUNK_DETAILS)
    mail = details.select_related("account").first()
    return {
        "client": client,
        "mail": mail,
        "moving": mail and mail.state in {MailState.QUEUED, MailState.SENDING},
        "scope": scope,
        "may_send": scope.can("mail.send"),
    }


@register.inclusion_tag("accounts/mail_status.html", takes_context=True)
def mail_status(context: dict[str, Any], client: Client) -> dict[str, Any]:
    """``{% mail_status client %}``: where the mail with the trunk details is, and Send again."""
    shown = status_context(context["scope"], client)
    return shown | {"csrf_token": context.get("csrf_token")}
