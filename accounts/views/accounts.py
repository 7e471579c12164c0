"""The list of accounts, and the form of one."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.domain.credentials import generate_password
from accounts.forms import AccountForm
from accounts.models import Account, Ident
from accounts.selectors import accounts_for, accounts_found
from accounts.services import SameAddress, account_create, account_password_show, account_update
from clients import tenancy
from clients.errors import Conflict, DomainError
from clients.models import Client, ClientType, User
from clients.selectors import clients_for
from clients.tenancy import Scope
from clients.views.base import PortalView, add_errors, get_or_404, number
from clients.views.selected import narrowed, selected_reseller

ROWS = (20, 50, 100)


class AccountListView(PortalView):
    """Accounts of the reseller chosen in the tree and below, searched and page by page."""

    template_name = "accounts/accounts.html"

    def load(self) -> None:
        self.reseller = selected_reseller(self.request)
        self.client: Client | None = None
        if client_id := self.request.GET.get("client"):
            self.client = get_or_404(clients_for(self.scope), pk=number(client_id))

    def seen(self) -> Scope:
        """The scope narrowed to the reseller the page is about, unless a client is named."""
        if self.reseller is None or self.client:
            return self.scope
        return narrowed(self.scope, self.reseller)

    def context(self) -> dict[str, Any]:
        words = self.request.GET.get("q", "").strip()
        rows = number(self.request.GET.get("rows"))
        rows = rows if rows in ROWS else ROWS[0]
        found = accounts_found(self.seen(), words).select_related("client", "reseller")
        if self.client:
            found = found.filter(client=self.client)
        page = Paginator(found.order_by("client__name", "client_id", "name", "id"), rows).get_page(
            self.request.GET.get("page")
        )
        return {
            "page": page,
            "words": words,
            "rows": rows,
            "rows_choices": ROWS,
            "reseller": self.reseller,
            "client": self.client,
            "may_edit": self.scope.can("account.edit"),
        }


class AccountFormView(PortalView):
    """What New Account and the form of an account share: OK, Apply, Generate, Cancel."""

    template_name = "accounts/account.html"
    account: Account | None = None
    client: Client | None = None

    def make_form(self, data: Any = None) -> AccountForm:
        return AccountForm(
            data,
            scope=self.scope,
            client=self.client,
            is_new=self.account is None,
            initial=self.initial(),
        )

    def initial(self) -> dict[str, Any]:
        account = self.account
        if account is None:
            return {"send_details": True}
        return {
            "version": account.version,
            "name": account.name,
            "ident_by": account.ident_by,
            "sip_username": account.sip_username or "",
            "ips": "; ".join(account.ips),
            "tech_prefix": account.tech_prefix,
            "notes": account.notes,
            "orig_enabled": account.orig_enabled,
            "orig_capacity": account.orig_capacity,
        }

    def back(self) -> str:
        """Where Cancel and OK lead: the client's page, or the list."""
        if self.client:
            return reverse("client", args=[self.client.pk])
        return reverse("accounts")

    def context(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "client": self.client,
            "back": self.back(),
            "may_edit": self.scope.can("account.edit"),
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(form=self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = self.answer(request)
        add_never_cache_headers(response)  # the page may hold a password
        return response

    def answer(self, request: HttpRequest) -> HttpResponse:
        """What the pressed button asks for."""
        if "generate" in request.POST:
            data = request.POST.copy()
            data["password"] = generate_password()
            return self.unchecked(data, generated=True)
        with tenancy.reading(self.scope):
            form = self.make_form(request.POST)
            valid = form.is_valid()
        if not valid:
            return self.page(form=form, status=422)
        try:
            account = self.save(form)
        except Conflict as error:
            with tenancy.reading(self.scope):
                self.load(**self.kwargs)
                stored = self.initial()
                form.show_stored(stored, stored["version"])
            add_errors(form, [error])
        except SameAddress as error:
            add_errors(form, [with_link(error)])
        except DomainError as error:
            add_errors(form, [error])
        else:
            self.client = account.client
            if "apply" in request.POST:
                return redirect("account", account_id=account.pk)
            return redirect(self.back())
        return self.page(form=form, status=422)

    def unchecked(self, data: Any, **extra: Any) -> HttpResponse:
        """The form as it was sent, with nothing said about it yet."""
        with tenancy.reading(self.scope):
            form = self.make_form(data)
            form.errors.clear()
        return self.page(form=form, **extra)

    def save(self, form: AccountForm) -> Account:
        """Call the one service."""
        raise DomainError("")


class AccountCreateView(AccountFormView):
    """New Account; ``client`` in the query string is whose."""

    permission = "account.edit"

    def load(self) -> None:
        if client_id := self.request.GET.get("client"):
            seen = clients_for(self.scope).filter(type=ClientType.CLIENT)
            self.client = get_or_404(seen, pk=number(client_id))

    def save(self, form: AccountForm) -> Account:
        client = self.client or form.cleaned_data["client"]
        account = account_create(
            client_id=client.pk,
            values=form.columns(),
            send_details=form.cleaned_data["send_details"],
            acting_user=cast("User", self.request.user),
            scope=self.scope,
            at=self.at,
        )
        name = account.sip_username or account.name
        messages.success(self.request, _("Account made: %s.") % name)
        return account


class AccountView(AccountFormView):
    """One account: its form, or what it is for those who only look."""

    write_permission = "account.edit"

    def load(self, *, account_id: int) -> None:
        rows = accounts_for(self.scope).select_related("client")
        self.account = get_or_404(rows, pk=account_id)
        self.client = self.account.client

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.scope.can("account.edit"):
            return super().get(request, *args, **kwargs)
        return self.page(facts=facts(cast("Account", self.account)))

    def answer(self, request: HttpRequest) -> HttpResponse:
        if "show" not in request.POST:
            return super().answer(request)
        if not self.account:
            raise PermissionDenied
        try:
            password = account_password_show(
                account_id=self.account.pk,
                acting_user=cast("User", request.user),
                scope=self.scope,
                at=self.at,
            )
        except DomainError as error:
            messages.warning(request, str(error.message))
            password = ""
        return self.unchecked(request.POST, shown_password=password)

    def save(self, form: AccountForm) -> Account:
        account = account_update(
            account_id=cast("Account", self.account).pk,
            version=form.cleaned_data["version"] or 0,
            values=form.columns(),
            send_details=form.cleaned_data["send_details"],
            acting_user=cast("User", self.request.user),
            scope=self.scope,
            at=self.at,
        )
        messages.success(self.request, _("Saved."))
        return account


def with_link(error: SameAddress) -> DomainError:
    """The refusal with a link to the other account, where that may be seen."""
    if error.other is None:
        return error
    link = format_html(
        '<a href="{}">{}</a>', reverse("account", args=[error.other.pk]), error.other.name
    )
    sentence = _(
        "{address} belongs to {account} of {client}, with the same tech prefix: the switch could"
        " not tell them apart. Give one of them another tech prefix, transport or UDP source port."
    )
    client = error.other.client.name
    told = format_html(sentence, address=error.address, account=link, client=client)
    return DomainError(told, field="ips")


def facts(account: Account) -> list[tuple[str, Any]]:
    """What an account is, for those who only look."""
    capacity = account.orig_capacity
    return [
        (_("Client"), account.client),
        (_("Name"), account.name),
        (_("Ident by"), Ident(account.ident_by).label),
        (_("SIP username"), account.sip_username),
        (_("IP"), "; ".join(account.ips)),
        (_("Tech prefix"), account.tech_prefix),
        (_("Originator"), _("On") if account.orig_enabled else _("Off")),
        (_("Capacity"), _("no limit of its own") if capacity is None else capacity),
        (_("Notes"), account.notes),
    ]
