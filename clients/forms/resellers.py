"""What a reseller is described by."""

from typing import Any

from crispy_forms.bootstrap import AppendedText
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.forms.fields import (
    CountryField,
    CurrencyField,
    EmailField,
    LineField,
    MoneyField,
    ReferenceField,
    TimeZoneField,
)
from clients.forms.versioned import VersionedForm

MOST_STEPS = 10


class ResellerForm(forms.Form):
    """A new reseller; ``email`` is its owner's."""

    name = LineField(label=gettext_lazy("Company name"), max_length=120)
    reference = ReferenceField(label=gettext_lazy("Reference"))
    email = EmailField(label=gettext_lazy("Email"), required=False)
    country = CountryField(label=gettext_lazy("Country"))
    time_zone = TimeZoneField(label=gettext_lazy("Time zone"))
    currency = CurrencyField(label=gettext_lazy("Currency"))


class StepsField(LineField):
    """Percentages in ascending order, parted by commas or spaces; cleaned to a list of numbers."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        words = str(super().clean(value)).replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words):
            raise self._refusal()
        steps = [int(word) for word in words]
        if steps != sorted({step for step in steps if 1 <= step <= 100}):
            raise self._refusal()
        if len(steps) > MOST_STEPS:
            raise forms.ValidationError(_("At most %s steps.") % MOST_STEPS)
        return steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def _refusal(self) -> forms.ValidationError:
        return forms.ValidationError(
            _("Write whole percentages from 1 to 100, each greater than the one before: 80, 95.")
        )


class ResellerSettingsForm(VersionedForm):
    """What a reseller's owners and managers settle for it and its clients."""

    name = LineField(label=gettext_lazy("Company name"), max_length=120)
    country = CountryField(label=gettext_lazy("Country"))
    email = EmailField(label=gettext_lazy("Email"), required=False)
    alerts_email = EmailField(
        label=gettext_lazy("Alerts go to"),
        required=False,
        help_text=gettext_lazy("Warnings of used allowances; blank is the email."),
    )
    warning_steps = StepsField(
        label=gettext_lazy("Warning steps"),
        max_length=80,
        required=False,
        help_text=gettext_lazy(
            "Per cent of a day’s allowance at which a warning is sent; blank is 80, 95, 100."
        ),
    )
    default_credit_limit = MoneyField(
        label=gettext_lazy("Default credit limit"),
        required=False,
        help_text=gettext_lazy("For postpaid clients without one of their own; blank is no limit."),
    )
    send_one_time_link = forms.BooleanField(
        label=gettext_lazy("Mail a one-time link instead of the password"), required=False
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Div(
                "name",
                "country",
                "email",
                "alerts_email",
                AppendedText("warning_steps", "%"),
                AppendedText("default_credit_limit", currency),
                Field("send_one_time_link", wrapper_class="wide"),
                css_class="form-grid",
            ),
            "version",
        )
