"""Forms of rate tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.domain.moments import YEARS, is_near
from clients.forms.fields import CurrencyField, LineField

MOST_KEPT = 500_000


class TableForm(forms.Form):
    """A new, empty rate table."""

    name = LineField(max_length=64, label=gettext_lazy("Name"))
    currency = CurrencyField(label=gettext_lazy("Currency"))


class ImportForm(forms.Form):
    """A file of rates. A dry run keeps a file of moderate size in the page (``content``)."""

    file = forms.FileField(label=gettext_lazy("CSV file"), required=False, max_length=255)
    content = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    effective_from = forms.DateTimeField(
        label=gettext_lazy("Effective from"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        help_text=gettext_lazy("UTC; for lines that name no date. Blank: now."),
    )
    keep_good = forms.BooleanField(
        label=gettext_lazy("Keep the good lines when others are wrong"), required=False
    )

    def clean_effective_from(self) -> datetime | None:
        """The moment, which is in UTC whatever zone the page is in."""
        at: datetime | None = self.cleaned_data["effective_from"]
        if at is None:
            return None
        if not is_near(at):
            told = {"first": YEARS[0], "last": YEARS[-1]}
            raise forms.ValidationError(_("Choose a year from %(first)s to %(last)s.") % told)
        return at.replace(tzinfo=UTC)

    def clean(self) -> dict[str, Any]:
        """Gives ``bytes``, what the file holds."""
        data = super().clean() or {}
        file, kept = data.get("file"), data.get("content")
        if not file and not kept:
            self.add_error("file", _("Choose a file."))
            return data
        data["bytes"] = bytes(file.read()) if file else str(kept).encode()
        return data

    def keep(self, content: bytes) -> bool:
        """Put a checked file into the page, so that it need not be chosen again."""
        fits = len(content) <= MOST_KEPT
        self.data = {**self.data.dict(), "content": content.decode("utf-8-sig") if fits else ""}  # type: ignore[attr-defined]
        return fits
