"""A client described in a file, checked by the forms of Add Client."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from clients.errors import DomainError
from clients.forms.areas import AdditionalForm, AddressForm, AreaForm, BillingForm, NewGeneralForm
from clients.models import BillingMode, Reseller
from clients.selectors import resellers_for
from clients.tenancy import Scope
from limits.models import LimitProfile
from limits.selectors import profiles_available
from rates.models import RateTable
from rates.selectors import table_named, tables_available

# Name in the file and of the form's field. The forms are those of the wizard's steps.
GENERAL = {
    "name": "name",
    "reference": "reference",
    "contact_name": "contact_name",
    "email": "email",
    "phone": "phone",
    "country": "country",
    "time_zone": "time_zone",
    "currency": "currency",
    "rate_table": "rate_table",
    "account.name": "trunk_name",
    "account.capacity": "trunk_capacity",
}
ADDITIONAL = {
    name: name
    for name in ("limit_profiles", "long_call_minutes", "high_price_amount", "working_schedule")
}
BILLING = {name: name for name in ("billing_email", "billing_mode", "credit_limit")}
ADDRESS = {
    f"address.{name}": f"address_{name}"
    for name in ("line1", "line2", "city", "region", "postcode", "country")
}
OPTIONAL = {"billing_mode": BillingMode.POSTPAID.value, "credit_limit": None}
FORMS: tuple[tuple[type[AreaForm], dict[str, str]], ...] = (
    (NewGeneralForm, GENERAL),
    (AdditionalForm, ADDITIONAL),
    (BillingForm, BILLING),
    (AddressForm, ADDRESS),
)
NAMES = {"reseller", *(name for _form, names in FORMS for name in names)}


class FileError(DomainError):
    """What is wrong with a file, a line for each field that is."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name}: {fault}" for name, fault in faults.items()))


@dataclass(frozen=True)
class Described:
    """A client that the forms have found good: ``typed`` is what their fields were cleaned to."""

    reseller: Reseller
    typed: dict[str, Any]


def read(data: Any, scope: Scope) -> Described:
    """Check the content of a file, in the caller's transaction. Raises FileError."""
    if not isinstance(data, dict):
        raise FileError({"file": _("a JSON object is expected")})
    given = OPTIONAL | dict(_flat(data))
    faults = {name: _("is not known") for name in given.keys() - NAMES}
    faults |= {name: _("is missing") for name in sorted(NAMES - given.keys())}
    faults |= {name: fault for name in given.keys() & NAMES if (fault := _type_fault(name, given))}
    if faults:
        raise FileError(faults)
    reference = given["reseller"].strip()
    reseller = resellers_for(scope).filter(reference__iexact=reference).first()
    if reseller is None:
        raise FileError({"reseller": _("There is no reseller %s.") % reference})
    given["rate_table"] = _table(scope, reseller, given["rate_table"])
    given["limit_profiles"] = _profiles(scope, reseller, given["limit_profiles"])
    typed: dict[str, Any] = {}
    for form_class, names in FORMS:
        form = form_class(
            MultiValueDict({field: _written(given[name]) for name, field in names.items()}),
            scope=scope,
            reseller=reseller,
            currency=typed.get("currency", ""),
        )
        if form.is_valid():
            typed |= form.cleaned_data
        named = {field: name for name, field in names.items()}
        for field, errors in form.errors.items():
            faults[named[field]] = " ".join(map(str, errors))
    if faults:
        raise FileError(faults)
    return Described(reseller, typed)


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values, those of ``address`` and ``account`` as ``address.line1``."""
    for name, value in data.items():
        if name in {"address", "account"} and isinstance(value, dict):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _type_fault(name: str, given: Mapping[str, Any]) -> str:
    value = given[name]
    if name in {"reseller", "rate_table"} and isinstance(value, str):
        good = value.strip().isprintable()
        return "" if good else _("This holds characters that cannot be printed.")
    if name == "limit_profiles":
        good = isinstance(value, list) and all(isinstance(each, str) for each in value)
        return "" if good else _("a list of names is expected")
    if name == "reseller":
        return _("a reference is expected")
    good = value is None or (isinstance(value, str | int | Decimal) and not isinstance(value, bool))
    return "" if good else _("a text or a number is expected")


def _written(value: Any) -> list[str]:
    """A value as it would be typed into the form."""
    if isinstance(value, list):
        return value
    return ["" if value is None else str(value)]


def _table(scope: Scope, reseller: Reseller, name: str | None) -> int | None:
    if not name:
        return None
    own = tables_available(scope, reseller)
    found: RateTable | None = own.filter(name=name).first() or table_named(scope, str(name))
    if found is None:
        raise FileError({"rate_table": _("There is no rate table %s.") % name})
    return found.pk


def _profiles(scope: Scope, reseller: Reseller, names: list[str]) -> list[str]:
    """Ids of the named profiles; the reseller's own before one of the platform."""
    known: dict[str, LimitProfile] = {}
    for profile in profiles_available(scope, reseller).order_by("reseller_id"):
        known.setdefault(profile.name, profile)
    for name in names:
        if name not in known:
            raise FileError({"limit_profiles": _("There is no limit profile %s.") % name})
    return [str(known[name].pk) for name in names]
