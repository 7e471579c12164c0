"""The areas of a client that Add Client asks for and Options lets people edit."""

from collections.abc import Iterable
from typing import Any, cast

from crispy_forms.bootstrap import AppendedText, PrependedAppendedText
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clients import places
from clients.forms.choices import profiles_for_clients
from clients.forms.fields import (
    ChoiceCards,
    CountField,
    CountryField,
    CurrencyField,
    EmailField,
    LineField,
    MoneyField,
    ReferenceField,
    TimeZoneField,
    uk_postcode,
)
from clients.forms.versioned import VersionedForm
from clients.models import BillingMode, Client, Reseller, WorkingSchedule
from clients.selectors import clients_for
from clients.tenancy import Scope
from limits.models import LimitProfile
from rates.models import RateTable
from rates.selectors import default_table, tables_available
from trunkportal.templatetags.look import money
from trunkportal.widgets import DualList

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


class AreaForm(VersionedForm):
    """A form about one client, or about one that is being added beneath ``reseller``."""

    layout: Layout

    def __init__(
        self,
        *args: Any,
        scope: Scope,
        reseller: Reseller,
        currency: str = "",
        client: Client | None = None,
        **kwargs: Any,
    ) -> None:
        """``currency`` is the client's; blank while it is not known. ``money`` is the one shown."""
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.reseller = reseller
        self.client = client
        self.money = currency or reseller.currency
        if client is None:
            del self.fields["version"]
        self.prepare()
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = self.arrange()
        if client:
            self.helper.layout.fields.append("version")

    def prepare(self) -> None:
        """Fill in what depends on the reseller."""

    def arrange(self) -> Layout:
        """The order and grouping of the fields on the page."""
        return Layout()


class TableField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A rate table, with the currency that its client has to pay in."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=RateTable.objects.none(), **kwargs)

    def label_from_instance(self, obj: RateTable) -> str:
        return _("%(table)s, in %(currency)s") % {"table": obj.name, "currency": obj.currency}


class GeneralForm(AreaForm):
    """Who the client is, and by which rates it pays."""

    name = LineField(label=gettext_lazy("Company name"), max_length=120)
    reference = ReferenceField(
        label=gettext_lazy("Account reference"),
        help_text=gettext_lazy("Yours, for this client: letters, digits, “.”, “-”, “_”."),
    )
    contact_name = LineField(label=gettext_lazy("Contact name"), max_length=120, required=False)
    email = EmailField(
        label=gettext_lazy("Email"),
        help_text=gettext_lazy(
            "Receives the trunk details (username, password). One of your own admin addresses is"
            " best."
        ),
    )
    phone = LineField(
        label=gettext_lazy("Phone"),
        max_length=32,
        required=False,
        widget=forms.TextInput({"type": "tel"}),
    )
    country = CountryField(label=gettext_lazy("Country"))
    time_zone = TimeZoneField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Daily limits start again at midnight here."),
    )
    currency = CurrencyField(label=gettext_lazy("Currency"))
    rate_table = TableField(label=gettext_lazy("Rate table"), required=False)
    capacity = CountField(
        label=gettext_lazy("Capacity of all accounts"),
        required=False,
        help_text=gettext_lazy("Calls at once; blank is no limit."),
    )
    warn_client = forms.BooleanField(
        label=gettext_lazy("Warn the client too"),
        required=False,
        help_text=gettext_lazy("Warnings of used allowances go to its email as well."),
    )

    def prepare(self) -> None:
        tables = cast("TableField", self.fields["rate_table"])
        tables.queryset = tables_available(self.scope, self.reseller)
        default = default_table(self.scope, self.reseller.pk)
        words = {"reseller": self.reseller.name, "currency": default.currency if default else ""}
        tables.empty_label = (
            _("%(reseller)s’s default, in %(currency)s") if default else _("%(reseller)s has none")
        ) % words

    def arrange(self) -> Layout:
        return Layout(
            Div(
                "name",
                "reference",
                "contact_name",
                "phone",
                Field("email", wrapper_class="wide"),
                "country",
                "time_zone",
                "currency",
                "rate_table",
                AppendedText("capacity", _("calls"), wrapper_class="short"),
                Field("warn_client", wrapper_class="wide"),
                css_class="form-grid",
            )
        )

    def clean_reference(self) -> str:
        reference: str = self.cleaned_data["reference"]
        others = clients_for(self.scope).filter(reseller=self.reseller, reference__iexact=reference)
        if self.client:
            others = others.exclude(pk=self.client.pk)
        if other := others.first():
            raise forms.ValidationError(
                _("%(reference)s is already the reference of %(client)s.")
                % {"reference": reference, "client": other.name}
            )
        return reference

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        phone, country = cleaned.get("phone"), cleaned.get("country")
        if phone and country:
            try:
                cleaned["phone"] = places.phone(phone, country)
            except ValueError as error:
                self.add_error("phone", str(error))
        table, currency = cleaned.get("rate_table"), cleaned.get("currency")
        if table and currency and table.currency != currency:
            self.add_error(
                "rate_table",
                _("%(table)s is in %(theirs)s; this client’s currency is %(currency)s.")
                % {"table": table.name, "theirs": table.currency, "currency": currency},
            )
        return cleaned


class NewClientForm(AreaForm):
    """The first step: it tells what will be asked and what will happen."""


class NewGeneralForm(GeneralForm):
    """General, with the first trunk of a new client."""

    trunk_name = LineField(label=gettext_lazy("Name of the first trunk"), max_length=80)
    trunk_capacity = CountField(
        label=gettext_lazy("Its capacity"),
        required=False,
        help_text=gettext_lazy("Calls at once; blank is no limit."),
    )

    def prepare(self) -> None:
        super().prepare()
        del self.fields["capacity"]
        del self.fields["warn_client"]

    def arrange(self) -> Layout:
        layout = super().arrange()
        fields = layout.fields[0].fields
        fields[-2:] = ["trunk_name", AppendedText("trunk_capacity", _("calls"))]
        return layout


class ScheduleForm(AreaForm):
    """How long a call may last, what a high price is, and by how many days a month is divided."""

    long_call_minutes = CountField(label=gettext_lazy("Long call duration"), min_value=1)
    high_price_amount = MoneyField(
        label=gettext_lazy("High price calls"),
        required=False,
        help_text=gettext_lazy(
            "Bars nothing by itself. Used on Working time: a call is high-price when set-up plus"
            " its first minute costs more than this."
        ),
    )
    working_schedule = forms.TypedChoiceField(
        label=gettext_lazy("Working schedule"),
        coerce=int,
        choices=(
            (WorkingSchedule.WITH_WEEKENDS.value, gettext_lazy("30 days, with weekends")),
            (WorkingSchedule.WITHOUT_WEEKENDS.value, gettext_lazy("24 days, without weekends")),
        ),
        widget=ChoiceCards(
            notes={
                "30": gettext_lazy("Monthly limits are divided by 30"),
                "24": gettext_lazy("Divided by 24; Saturday and Sunday become off-hours at 0 %"),
            }
        ),
    )

    def prepare(self) -> None:
        ceiling = settings.LONG_CALL_CEILING_MINUTES
        field = self.fields["long_call_minutes"]
        field.help_text = (
            _(
                "A longer call is cut and must be dialled again. You may lower this; %s is the most"
                " the platform allows."
            )
            % ceiling
        )

    def arrange(self) -> Layout:
        return Layout(
            Div(
                AppendedText("long_call_minutes", _("minutes"), wrapper_class="short"),
                PrependedAppendedText(
                    "high_price_amount",
                    SYMBOLS.get(self.money, self.money),
                    _("first minute"),
                    wrapper_class="short",
                ),
                css_class="form-grid",
            ),
            "working_schedule",
        )

    def clean_long_call_minutes(self) -> int:
        minutes: int = self.cleaned_data["long_call_minutes"]
        if minutes > settings.LONG_CALL_CEILING_MINUTES:
            raise forms.ValidationError(
                _("The platform allows %s minutes at most.") % settings.LONG_CALL_CEILING_MINUTES
            )
        return minutes


class ProfilesField(forms.MultipleChoiceField):
    """Limit profiles in the order of allocation; cleaned to the profiles themselves."""

    def __init__(self, **kwargs: Any) -> None:
        captions = (
            gettext_lazy("Available limit profiles"),
            gettext_lazy("Allocated limit profiles"),
        )
        super().__init__(
            widget=DualList(captions=captions),
            error_messages={
                "required": gettext_lazy("Allocate at least one limit profile."),
                "invalid_choice": gettext_lazy(
                    "A profile chosen before is no longer there. Choose again."
                ),
            },
            **kwargs,
        )
        self.profiles: dict[str, Any] = {}
        self.client_currency = ""

    def offer(self, profiles: Iterable[LimitProfile], client_currency: str) -> None:
        """Say which profiles there are, as ``profiles_for_clients`` gives them."""
        self.client_currency = client_currency
        self.profiles = {str(profile.pk): profile for profile in profiles}
        self.choices = [(key, profile.name) for key, profile in self.profiles.items()]
        cast("DualList", self.widget).notes = {
            key: ngettext("%d destination", "%d destinations", profile.destinations)
            % profile.destinations
            for key, profile in self.profiles.items()
        }

    def clean(self, value: Any) -> list[LimitProfile]:
        chosen = [self.profiles[key] for key in super().clean(value)]
        for profile in chosen:
            if profile.has_money and profile.currency != self.client_currency:
                raise forms.ValidationError(
                    _("%(profile)s has prices in %(theirs)s; the client pays in %(currency)s.")
                    % {
                        "profile": profile.name,
                        "theirs": profile.currency,
                        "currency": self.client_currency,
                    }
                )
        return chosen


class LimitsForm(AreaForm):
    """Which limit profiles are allocated."""

    limit_profiles = ProfilesField(
        label=gettext_lazy("Limit profiles"),
        help_text=gettext_lazy(
            "Each destination takes the strictest value among the allocated profiles. One that no"
            " profile names is barred."
        ),
    )

    def prepare(self) -> None:
        field = cast("ProfilesField", self.fields["limit_profiles"])
        field.offer(profiles_for_clients(self.scope, self.reseller), self.money)
        super().prepare()

    def arrange(self) -> Layout:
        return Layout("limit_profiles")


class AdditionalForm(LimitsForm, ScheduleForm):
    """The Additional step: profiles, long calls, high price, schedule."""

    def arrange(self) -> Layout:
        return Layout("limit_profiles", *ScheduleForm.arrange(self).fields)


class BillingForm(AreaForm):
    """Where statements go, and how the client pays."""

    billing_email = EmailField(
        label=gettext_lazy("Billing email"), help_text=gettext_lazy("Statements are sent here.")
    )
    billing_mode = forms.ChoiceField(
        label=gettext_lazy("Payment"),
        choices=BillingMode.choices,
        widget=ChoiceCards(
            notes={
                "postpaid": gettext_lazy("Pays a statement each month"),
                "prepaid": gettext_lazy(
                    "Calls as long as there is credit; refused with 110 until there is some"
                ),
            }
        ),
    )
    credit_limit = MoneyField(label=gettext_lazy("Credit limit"), required=False)

    def prepare(self) -> None:
        default = self.reseller.default_credit_limit
        self.fields["credit_limit"].help_text = _(
            "For postpaid. Blank is %(reseller)s’s default: %(default)s."
        ) % {
            "reseller": self.reseller.name,
            "default": _("no limit") if default is None else money(default, self.reseller.currency),
        }

    def arrange(self) -> Layout:
        return Layout(
            Div(Field("billing_email", wrapper_class="wide"), css_class="form-grid"),
            "billing_mode",
            Div(
                AppendedText("credit_limit", self.money, wrapper_class="short"),
                css_class="form-grid",
            ),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        prepaid = cleaned.get("billing_mode") == BillingMode.PREPAID
        if prepaid and cleaned.get("credit_limit") is not None:
            self.add_error(
                "credit_limit", _("A prepaid client has no credit limit: leave it blank.")
            )
        return cleaned


class AddressForm(AreaForm):
    """The business address, as statements print it."""

    address_line1 = LineField(label=gettext_lazy("Address line 1"), max_length=120)
    address_line2 = LineField(label=gettext_lazy("Address line 2"), max_length=120, required=False)
    address_city = LineField(label=gettext_lazy("Town or city"), max_length=80)
    address_region = LineField(
        label=gettext_lazy("County or region"), max_length=80, required=False
    )
    address_postcode = LineField(label=gettext_lazy("Postcode"), max_length=16, required=False)
    address_country = CountryField(label=gettext_lazy("Country"))

    def prepare(self) -> None:
        if self["address_country"].value() == "GB":
            self.fields["address_postcode"].required = True
        else:
            self.fields["address_postcode"].help_text = _("Needed in the United Kingdom.")

    def arrange(self) -> Layout:
        wide = [Field(name, wrapper_class="wide") for name in ("address_line1", "address_line2")]
        rest = ("address_city", "address_region", "address_postcode", "address_country")
        return Layout(Div(*wide, *rest, css_class="form-grid"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        postcode = cleaned.get("address_postcode")
        if cleaned.get("address_country") != "GB" or not postcode:
            return cleaned
        try:
            cleaned["address_postcode"] = uk_postcode(postcode)
        except forms.ValidationError as error:
            self.add_error("address_postcode", error)
        return cleaned
