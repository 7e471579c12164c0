"""Pages of mails: where each is, Send again, one-time links, the demo's inbox."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.mail import links, send_again
from accounts.mail.render import connection_details
from accounts.models import Account, OutboundEmail
from accounts.selectors import mails_for
from accounts.templatetags.mails import status_context
from clients import tenancy
from clients.errors import DomainError
from clients.models import Client, User
from clients.selectors import clients_for
from clients.views.base import PortalView, get_or_404

ROWS = 50
INBOX_ROWS = 50


class ClientMailsView(PortalView):
    """Every mail about a client, and what became of it."""

    permission = "mail.view"
    template_name = "accounts/client_mails.html"
    client: Client

    def load(self, *, client_id: int) -> None:
        self.client = get_or_404(clients_for(self.scope), pk=client_id)

    def context(self) -> dict[str, Any]:
        mails = mails_for(self.scope).filter(client=self.client).select_related("account")
        page = Paginator(mails, ROWS).get_page(self.request.GET.get("page"))
        return {
            "client": self.client,
            "crumbs": [
                (self.client.name, reverse("client", args=[self.client.pk])),
                (_("Mails"), ""),
            ],
            "page": page,
            "may_send": self.scope.can("mail.send"),
        }


class ClientMailStatusView(ClientMailsView):
    """The part of the client page that says where the trunk details are; it asks again itself."""

    template_name = "accounts/mail_status.html"

    def context(self) -> dict[str, Any]:
        return status_context(self.scope, self.client)


class MailSendAgainView(PortalView):
    """A person's Send again: a new mail."""

    http_method_names = ["post"]  # noqa: RUF012 - as Django declares it
    permission = "mail.send"
    mail: OutboundEmail

    def load(self, *, mail_id: int) -> None:
        self.mail = get_or_404(mails_for(self.scope), pk=mail_id)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = cast("User", request.user)
        try:
            mail = send_again(
                mail_id=self.mail.pk, scope=self.scope, acting_user=person, at=self.at
            )
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("Queued for %(to)s.") % {"to": mail.recipient})
        return redirect("client_mails", self.mail.client_id)


@method_decorator(never_cache, name="dispatch")
class OneTimeLinkView(View):
    """Shows an account's password once, to whoever holds the link; a POST uses it up.

    A mail scanner that follows the link opens nothing.
    """

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        link = links.link_find(token=token, at=timezone.now())
        return self._page({"link": link}, status=200 if link else 404)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        at = timezone.now()
        account = links.link_open(token=token, at=at)
        if account is None:
            link = links.link_find(token=token, at=at)
            return self._page({"link": link}, status=410 if link else 404)
        return self._page({"account": account, "facts": _facts(account)})

    def _page(self, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        template = "accounts/one_time_link.html"
        with tenancy.reading(self.request.scope):  # type: ignore[attr-defined]
            return TemplateResponse(self.request, template, context, status=status).render()


def _facts(account: Account) -> list[tuple[str, Any]]:
    details = connection_details(account)
    ports = ", ".join(f"{port} {transport}" for transport, port in details["transports"])
    return [
        (_("Username"), account.sip_username),
        (_("Password"), account.password),
        (_("Realm"), details["realm"]),
        (_("Registrar"), details["registrar"]),
        (_("Ports"), ports),
    ]


class InboxView(PortalView):
    """The demo's inbox: mails that its own mail catcher has kept, those of the viewer's clients."""

    permission = "mail.view"
    template_name = "accounts/inbox.html"

    def load(self, **kwargs: Any) -> None:
        if not settings.DEMO:
            raise Http404

    def context(self) -> dict[str, Any]:
        # The mail catcher keeps a Maildir: one file a mail.
        files = Path(settings.DEMO_MAIL_DIR, "new").glob("*")
        newest = sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in newest]
        if self.scope.kind != "platform":
            own = set(mails_for(self.scope).values_list("message_id", flat=True))
            mails = [mail for mail in mails if mail["Message-ID"] in own]
        return {"mails": [_shown(mail) for mail in mails[:INBOX_ROWS]]}


def _shown(mail: EmailMessage) -> dict[str, str]:
    body = mail.get_body(("plain", "html"))
    return {
        "subject": str(mail["Subject"]),
        "recipient": str(mail["To"]),
        "date": str(mail["Date"]),
        "text": body.get_content() if body else "",
    }
