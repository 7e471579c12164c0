"""When a client works, and what is allowed when it does not."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.domain.working_time import Day, NotIntervals, parse_intervals
from clients.forms.fields import CountField
from clients.forms.versioned import VersionedForm
from clients.models import WorkingDay


def intervals_sentence(error: NotIntervals) -> str:
    """Why working intervals are refused, and what would be right."""
    sentences = {
        NotIntervals.FORM: _("“%s” is not an interval, such as 08:30–17:30."),
        NotIntervals.TIME: _("“%s” holds a time that no day has; 24:00 is the last."),
        NotIntervals.ORDER: _("“%s” ends before it begins."),
        NotIntervals.OVERLAP: _("“%s” overlaps the one before it."),
    }
    return sentences[error.reason] % error.text


class IntervalsField(forms.CharField):
    """Working intervals of a day; blank is none. Cleaned to pairs of times."""

    def clean(self, value: Any) -> Any:
        try:
            return parse_intervals(str(super().clean(value)))
        except NotIntervals as error:
            raise forms.ValidationError(intervals_sentence(error)) from None


class WorkingTimeForm(VersionedForm):
    """Eight rows, Monday to Sunday and bank holidays, and the two bars."""

    bar_high_price_off_hours = forms.BooleanField(
        label=gettext_lazy("Bar all high price calls during off hours"), required=False
    )
    bar_international_off_hours = forms.BooleanField(
        label=gettext_lazy("Bar all international calls during off hours"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, name in WorkingDay.DAYS:
            words = {"day": name}
            self.fields[f"intervals_{day}"] = IntervalsField(
                label=_("Working intervals, %(day)s") % words,
                required=False,
                max_length=200,
                widget=forms.TextInput({"placeholder": _("not worked"), "autocomplete": "off"}),
            )
            self.fields[f"percent_{day}"] = CountField(
                label=_("Off-hours limit, %(day)s") % words, max_value=100
            )

    def rows(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        """The day, its intervals and its limit, as the page shows them."""
        return [
            (name, self[f"intervals_{day}"], self[f"percent_{day}"])
            for day, name in WorkingDay.DAYS
        ]

    def days(self) -> list[Day]:
        """What was typed, for the service."""
        return [
            Day(day, self.cleaned_data[f"intervals_{day}"], self.cleaned_data[f"percent_{day}"])
            for day, _name in WorkingDay.DAYS
        ]
