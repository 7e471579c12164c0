"""What a reseller is described by."""

from django import forms
from django.utils.translation import gettext_lazy

from clients.forms.fields import (
    CountryField,
    CurrencyField,
    EmailField,
    LineField,
    ReferenceField,
    TimeZoneField,
)


class ResellerForm(forms.Form):
    """A new reseller; ``email`` is its owner's."""

    name = LineField(label=gettext_lazy("Company name"), max_length=120)
    reference = ReferenceField(label=gettext_lazy("Reference"))
    email = EmailField(label=gettext_lazy("Email"), required=False)
    country = CountryField(label=gettext_lazy("Country"))
    time_zone = TimeZoneField(label=gettext_lazy("Time zone"))
    currency = CurrencyField(label=gettext_lazy("Currency"))
