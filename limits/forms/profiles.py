"""Forms of limit profiles other than the editor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.fields import CurrencyField, LineField


class NameForm(forms.Form):
    """The name of a profile that is to be made."""

    name = LineField(max_length=64, label=_("Name"))


class ProfileForm(NameForm):
    """A new, empty profile."""

    currency = CurrencyField(
        label=_("Currency"),
        help_text=_(
            "Price caps are in it. A profile with caps goes only to clients that pay in it."
        ),
    )


class PrefixesForm(forms.Form):
    """A block list or allow list."""

    prefixes = forms.CharField(
        label=_("Prefixes"),
        required=False,
        max_length=200_000,
        widget=forms.Textarea({"rows": 12, "class": "mono", "spellcheck": "false"}),
        help_text=_("One a line, digits of the international form: 4470 or 449."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class FileForm(forms.Form):
    """A file to import."""

    file = forms.FileField(label=_("CSV file"), max_length=255)

    def clean_file(self) -> bytes:
        """The file's content."""
        file: Any = self.cleaned_data["file"]
        return bytes(file.read())


class SearchForm(forms.Form):
    """What to look for among destinations."""

    q = forms.CharField(label=_("Destination or number"), required=False, max_length=64)
