"""Countries, time zones, currencies and telephone numbers as people choose and type them."""

from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from django.utils.translation import gettext as _

from clients.domain.currencies import CURRENCIES

# Regions with telephone numbers of their own that the library has no English name for.
_UNNAMED = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}


@cache
def countries() -> dict[str, str]:
    """English names by ISO code, in order of the name: every country that has numbers."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names = {}
    for code in phonenumbers.SUPPORTED_REGIONS:
        name = LOCALE_DATA.get(code, {}).get("en") or _UNNAMED.get(code, code)
        # The library writes "*xx" for "the same as in language xx".
        names[code] = LOCALE_DATA[code][name[1:]] if name.startswith("*") else name
    return dict(sorted(names.items(), key=lambda item: item[1]))


@cache
def time_zones() -> tuple[str, ...]:
    """Names of the zones a tenant may live in: places, and UTC."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return (*sorted(zone for zone in available_timezones() if zone.startswith(regions)), "UTC")


@cache
def _zones_by_name() -> dict[str, str]:
    """Zones by their name and by their city alone, in small letters."""
    found: dict[str, str] = {}
    for zone in time_zones():
        city = zone.rpartition("/")[2].replace("_", " ")
        for name in (zone, city):
            found.setdefault(name.lower(), zone)
    return found


def time_zone(text: str) -> str | None:
    """The zone meant by ``text``: its name or its city, in any case; None when there is none."""
    return _zones_by_name().get(text.strip().lower())


def currency(text: str) -> str | None:
    """The ISO code meant by ``text``, its code or name in any case; None when there is none."""
    typed = text.strip()
    if typed.upper() in CURRENCIES:
        return typed.upper()
    by_name = {name.lower(): code for code, name in CURRENCIES.items()}
    return by_name.get(typed.lower())


def phone(text: str, country: str) -> str:
    """``text`` in international form, ``+44 113 496 0142``.

    Raises ValueError, with a sentence for the person, for what cannot be a telephone number.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise ValueError(_("“%s” is not a telephone number.") % text) from None
    reason = phonenumbers.is_possible_number_with_reason(number)
    sentences = {
        phonenumbers.ValidationResult.TOO_SHORT: _("“%s” has too few digits."),
        phonenumbers.ValidationResult.TOO_LONG: _("“%s” has too many digits."),
        phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: _("“%s” has no known country code."),
    }
    if reason == phonenumbers.ValidationResult.IS_POSSIBLE:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    raise ValueError(sentences.get(reason, _("“%s” is not a telephone number.")) % text)
