"""What the lists of calls can be narrowed by."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls import reasons
from calls.selectors import between, with_number

PERIODS = (
    ("today", _("Today")),
    ("yesterday", _("Yesterday")),
    ("week", _("Last 7 days")),
    ("month", _("Last 31 days")),
    ("all", _("All")),
)
_DAYS = {"today": (0, 1), "yesterday": (1, 0), "week": (6, 1), "month": (30, 1)}


def _reasons() -> list[tuple[str, str]]:
    named = [(str(code), f"{code} {reasons.name(code)}") for code in reasons.NAMES]
    return [("", str(_("Any reason"))), *named]


class CallFilter(forms.Form):
    """Period, number and reason, each optional; what cannot be read counts as not given."""

    q = forms.CharField(
        label=_("Number or call id"),
        required=False,
        max_length=80,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "form-control",
                "placeholder": _("Number or call id"),
                "aria-label": _("Number or call id"),
            }
        ),
    )
    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=PERIODS,
        widget=forms.Select(
            attrs={"class": "form-select", "data-submit": True, "aria-label": _("Period")}
        ),
    )
    code = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=_reasons,
        widget=forms.Select(
            attrs={"class": "form-select", "data-submit": True, "aria-label": _("Reason")}
        ),
    )
    client = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, at: datetime, zone: ZoneInfo) -> None:
        super().__init__({"period": "today"} | data.dict())
        self.at = at
        self.zone = zone
        self.is_valid()

    def given(self, name: str) -> Any:
        """A field's value; None when it is not given or cannot be read."""
        return self.cleaned_data.get(name) or None

    def condition(self) -> Q:
        """The rows that were asked for."""
        condition = self._period()
        if text := self.given("q"):
            condition &= with_number(text)
        if code := self.given("code"):
            condition &= Q(code=int(code))
        if client := self.given("client"):
            condition &= Q(client_id=client)
        return condition

    def _period(self) -> Q:
        days = _DAYS.get(self.given("period") or "today")
        if days is None:
            return Q()
        today = self.at.astimezone(self.zone).date()
        first, last = today - timedelta(days=days[0]), today + timedelta(days=days[1])
        return between(
            datetime.combine(first, time.min, self.zone),
            datetime.combine(last, time.min, self.zone),
        )
