"""Forms of accounts: they validate and never store."""

import re
from typing import Any, cast

from crispy_forms.bootstrap import AppendedText
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout
from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain.addresses import NotAddress, parse_addresses
from accounts.domain.credentials import is_username, password_fault
from accounts.models import Ident
from accounts.services import password_sentence
from clients.forms.fields import CountField, LineField, LinesField, Segments, Suggestions
from clients.forms.versioned import VersionedForm
from clients.models import Client, ClientType
from clients.selectors import clients_for
from clients.tenancy import Scope

CLIENTS_OFFERED = 300
_TECH_PREFIX = re.compile(r"[0-9*#]{1,16}")


def address_sentence(error: NotAddress) -> str:
    """Why an address is refused, and what would be right."""
    sentences = {
        NotAddress.FORM: _("“%(entry)s” is not an address or a network, such as 192.0.2.0/24."),
        NotAddress.PORT: _("“%(entry)s” needs a port from 1 to 65535, as in udp:192.0.2.1:5070."),
        NotAddress.PORT_NOT_UDP: _("“%(entry)s”: only UDP has a source port that stays the same."),
        NotAddress.HOST_BITS: _("“%(entry)s” is inside the network %(hint)s: write that."),
        NotAddress.WIDE: _("“%(entry)s” is too wide: /%(hint)s at least."),
        NotAddress.SPECIAL: _("“%(entry)s” is no address that calls come from."),
        NotAddress.TRANSPORT: _("“%(entry)s”: a transport tells apart IP accounts only."),
        NotAddress.MANY: _("More than %(hint)s addresses."),
    }
    return sentences[error.reason] % {"entry": error.entry, "hint": error.hint}


def _heading(words: str) -> HTML:
    return HTML(format_html('<div class="section-head"><h2>{}</h2></div>', words))


class ClientField(LineField):
    """A client by its reference, ``RESELLER/REF`` where several have it, or its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=Suggestions([]), max_length=160, **kwargs)
        self.scope: Scope

    def offer(self, scope: Scope) -> None:
        """Say whose clients there are; the first ones are offered while typing."""
        self.scope = scope
        found = clients_for(scope).filter(type=ClientType.CLIENT).order_by("name")
        offered = found.values_list("reseller__reference", "reference", "name")[:CLIENTS_OFFERED]
        cast("Suggestions", self.widget).options = [
            (f"{above}/{mine}", name) for above, mine, name in offered
        ]

    def clean(self, value: Any) -> Client | None:
        text = str(super().clean(value))
        if not text:
            return None
        above, slash, mine = text.partition("/")
        seen = clients_for(self.scope)
        found = list(
            seen.filter(reseller__reference__iexact=above, reference__iexact=mine)
            if slash
            else seen.filter(reference__iexact=text)[:2]
        ) or list(seen.filter(name__iexact=text)[:2])
        if len(found) == 1:
            return found[0]
        raise forms.ValidationError(
            _("Several clients are called “%s”: write RESELLER/REFERENCE.") % text
            if found
            else _("There is no client “%s”.") % text
        )


class AccountForm(VersionedForm):
    """An account: how its calls are recognised, and how many at once."""

    client = ClientField(label=gettext_lazy("Client"))
    name = LineField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("A label, such as the site it serves."),
    )
    ident_by = forms.ChoiceField(
        label=gettext_lazy("Ident by"),
        choices=((Ident.NAME.value, Ident.NAME.label), (Ident.IP.value, Ident.IP.label)),
        initial=Ident.NAME.value,
        widget=Segments,
    )
    sip_username = LineField(
        label=gettext_lazy("SIP username"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Blank: one is generated. Small letters, digits, “.”, “-”, “_”."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=64,
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=True),
    )
    ips = forms.CharField(
        label=gettext_lazy("IP"),
        max_length=4000,
        required=False,
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "IP: where its calls come from. Name: the only addresses it may use; blank is any."
            " Several with “;” between: 198.51.100.24; 198.51.100.80/29; 2001:db8::/48. An IP"
            " account may have a transport or a UDP source port: udp:192.0.2.1:5070."
        ),
    )
    tech_prefix = LineField(
        label=gettext_lazy("Tech prefix"),
        max_length=16,
        required=False,
        help_text=gettext_lazy(
            "Dialled before the number when several accounts share an address. The longest match"
            " wins."
        ),
    )
    notes = LinesField(label=gettext_lazy("Notes"), max_length=10000, required=False)
    orig_enabled = forms.BooleanField(
        label=gettext_lazy("Sends calls to the switch"), required=False, initial=True
    )
    orig_capacity = CountField(
        label=gettext_lazy("Capacity"),
        required=False,
        help_text=gettext_lazy("Calls at once; blank is no limit of its own."),
    )
    send_details = forms.BooleanField(
        label=gettext_lazy("Email the trunk details to the client’s address"), required=False
    )

    def __init__(
        self, *args: Any, scope: Scope, client: Client | None, is_new: bool, **kwargs: Any
    ) -> None:
        """``client`` is the one the account belongs to, None while it is to be chosen."""
        super().__init__(*args, **kwargs)
        self.chosen = client
        if client:
            del self.fields["client"]
        else:
            cast("ClientField", self.fields["client"]).offer(scope)
        self.fields["password"].help_text = (
            _("Blank: one is generated.") if is_new else _("Blank leaves the present one.")
        )
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            "version",
            Div(
                Div(
                    _heading(_("General")),
                    *(["client"] if client is None else []),
                    "name",
                    "ident_by",
                    Field("sip_username", css_class="mono", wrapper_class="only-name"),
                    Field("password", template="accounts/password_field.html"),
                    Field("ips", css_class="mono"),
                    Field("tech_prefix", css_class="mono short"),
                    "notes",
                ),
                Div(
                    _heading(_("Originator Settings")),
                    "orig_enabled",
                    AppendedText("orig_capacity", _("calls")),
                    _heading(_("Trunk details")),
                    "send_details",
                ),
                css_class="account-form form-side",
            ),
        )

    def clean_sip_username(self) -> str:
        username = str(self.cleaned_data["sip_username"]).lower()
        if username and not is_username(username):
            raise forms.ValidationError(
                _(
                    "A SIP username has 3 to 64 small letters, digits, “.”, “-” and “_”, begins"
                    " with a letter or a digit, and is not digits only."
                )
            )
        return username

    def clean_tech_prefix(self) -> str:
        prefix: str = self.cleaned_data["tech_prefix"]
        if prefix and not _TECH_PREFIX.fullmatch(prefix):
            raise forms.ValidationError(_("A tech prefix has up to 16 digits, “*” and “#”."))
        return prefix

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        by_ip = cleaned.get("ident_by") == Ident.IP
        try:
            cleaned["ips"] = parse_addresses(cleaned.get("ips", ""), transports=by_ip)
        except NotAddress as error:
            self.add_error("ips", address_sentence(error))
        else:
            if by_ip and not cleaned["ips"] and "ips" not in self.errors:
                self.add_error("ips", _("An account known by its address needs one."))
        if not by_ip and cleaned.get("password"):
            fault = password_fault(cleaned["password"], cleaned.get("sip_username", ""))
            if fault:
                self.add_error("password", password_sentence(fault))
        return cleaned

    def columns(self) -> dict[str, Any]:
        """What was typed as columns of an account, for the services."""
        cleaned = dict(self.cleaned_data)
        for name in ("client", "version", "send_details"):
            cleaned.pop(name, None)
        cleaned["sip_username"] = cleaned["sip_username"] or None
        if cleaned["ident_by"] == Ident.IP:
            cleaned["sip_username"] = None
            cleaned.pop("password")
        return cleaned
