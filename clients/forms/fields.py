"""Fields and widgets that the forms of tenants are made of."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.widgets import ChoiceWidget
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clients import places
from clients.domain.currencies import CURRENCIES

Text = str | Promise
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COUNT = re.compile(r"-?[0-9]+")
_AMOUNT = re.compile(r"-?[0-9]*\.?[0-9]*")
_UK_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})|(GIR)(0AA)")


class LineField(forms.CharField):
    """One line of text: inner white space becomes single spaces."""

    def to_python(self, value: Any) -> str:
        return printable(" ".join((super().to_python(value) or "").split()))


class LinesField(forms.CharField):
    """Several lines of text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea({"rows": 3}), **kwargs)

    def to_python(self, value: Any) -> str:
        lines = (super().to_python(value) or "").splitlines()
        return "\n".join(printable(line.expandtabs(4)) for line in lines)


class EmailField(forms.EmailField):
    """An email address, no longer than a column takes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254, **kwargs})

    def to_python(self, value: Any) -> str:
        return printable(super().to_python(value) or "")


def printable(text: str) -> str:
    """The same text. Raises ValidationError for one that would not be shown as it is kept.

    That are control characters, and those that turn the direction of writing around.
    """
    if not text.isprintable():
        raise forms.ValidationError(_("This holds characters that cannot be printed."))
    return text


class ReferenceField(LineField):
    """A reference people and commands name a tenant by: ``RESELLER/REF``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=32, **kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and not _REFERENCE.fullmatch(text):
            raise forms.ValidationError(
                _("A reference has only letters, digits, “.”, “-” and “_”, such as ACME-01.")
            )
        return text


class Suggestions(forms.TextInput):
    """A text field that offers a list to search; what is typed need not be on it."""

    template_name = "includes/suggestions.html"

    def __init__(self, options: Iterable[tuple[str, str]], attrs: Any = None) -> None:
        """``options`` are pairs of value and words shown beside it."""
        super().__init__({"autocomplete": "off"} | (attrs or {}))
        self.options = options

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        return context | {"options": list(self.options)}


class ChoiceCards(ChoiceWidget):
    """A few choices, each with a line that says what it does."""

    input_type = "radio"
    template_name = "includes/choice_cards.html"
    option_inherits_attrs = False
    use_fieldset = True

    def __init__(self, *, notes: dict[str, Text], attrs: Any = None) -> None:
        """``notes`` are the lines, by the choice's value as text."""
        super().__init__(attrs)
        self.notes = notes

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return option | {"note": self.notes.get(str(value), "")}

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return super().id_for_label(id_, index) if index is not None else ""


class Segments(ChoiceCards):
    """Two or three short choices side by side."""

    template_name = "includes/segments.html"

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(notes={}, attrs=attrs)


class TimeZoneField(LineField):
    """A zone by its name or its city."""

    def __init__(self, **kwargs: Any) -> None:
        zones = ((zone, "") for zone in places.time_zones())
        super().__init__(widget=Suggestions(list(zones)), max_length=64, **kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        zone = places.time_zone(text)
        if text and zone is None:
            raise forms.ValidationError(
                _("“%s” is not a time zone; write one such as Europe/London.") % text
            )
        return zone or text


class CurrencyField(LineField):
    """A currency by its code or its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=Suggestions(CURRENCIES.items()), max_length=40, **kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        code = places.currency(text)
        if text and code is None:
            raise forms.ValidationError(
                _("“%s” is not a currency; write a code such as GBP.") % text
            )
        return code or text


class CountryField(forms.ChoiceField):
    """A country by its ISO code, chosen from a list of names."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=lambda: [("", _("Choose a country")), *places.countries().items()],
            error_messages={"invalid_choice": _("“%(value)s” is not a country code.")},
            **kwargs,
        )


class MoneyField(forms.DecimalField):
    """An amount with up to six decimals, never negative."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=18,
            decimal_places=6,
            min_value=Decimal(0),
            widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
            **kwargs,
        )

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        return super().to_python(_written(value, _AMOUNT, self))

    def prepare_value(self, value: Any) -> Any:
        """A stored amount without the zeros that say nothing: 0.500000 → 0.50."""
        if not isinstance(value, Decimal):
            return value
        whole, _point, decimals = f"{value:f}".partition(".")
        return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


class CountField(forms.IntegerField):
    """A whole number in a text field that brings up digits on a phone."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", 100_000)
        super().__init__(
            widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}), **kwargs
        )

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_written(value, _COUNT, self))


def _written(value: Any, pattern: re.Pattern[str], field: forms.Field) -> Any:
    """What was typed, when it is written as we write numbers: Python reads other digits too."""
    if isinstance(value, str) and value.strip() and not pattern.fullmatch(value.strip()):
        raise forms.ValidationError(field.error_messages["invalid"], code="invalid")
    return value


def uk_postcode(text: str) -> str:
    """A UK postcode as it is printed. Raises ValidationError for what is not a whole one."""
    match = _UK_POSTCODE.fullmatch(text.replace(" ", "").upper())
    if match is None:
        raise forms.ValidationError(_("“%s” is not a whole UK postcode, such as LS3 1LH.") % text)
    return " ".join(part for part in match.groups() if part)
