"""How a dialled number is understood: one canonical form, an emergency, or invalid (201).

The rules are a table so that the function inside the store, which decides real calls, can be
given the very same one (``limits/data/number_plans.json``, made by ``limits.catalogue.build``).

Country record, keyed by ISO country: ``code|international|trunk|strip|emergency|short``
    code           calling code, digits
    international  international prefixes, space separated; the longest that matches is meant
    trunk          trunk prefix, or nothing where the country has none
    strip          caller-display prefixes removed from the front, at most once (UK 1470, 141)
    emergency      emergency numbers, space separated; a match of the whole number only
    short          rules (below) of the short codes, matched by the whole number

Code record, keyed by calling code: rules of the national numbers valid behind that code.

Rules are ``prefix:length,length`` separated by spaces. A number is valid where some rule's prefix
begins it and its number of digits is one of that rule's lengths (the prefix counted in them).
No prefix begins another, so at most one rule applies; a prefix may be empty. ``1:9,10 2:10``
accepts 9 or 10 digits that begin with 1, and 10 that begin with 2.

No calling code begins another, so at most one is found at the front of international digits.

Reading, in this order (``understand``):
    1. surrounding spaces off; ``tel:`` off the front (any case); ``;ext=`` and what follows it
       up to the next ``;`` off (any case); the characters space ``-`` ``.`` ``(`` ``)`` removed
    2. the account's tech prefix off the front, where it is there
    3. the first ``strip`` prefix that begins it off the front
    4. anything left that is not ``+`` and digits, or just digits: invalid
    5. emergency, by the whole number
    6. short code, by the whole number: canonical form = the digits
    7. ``+`` then international digits
    8. an international prefix, then international digits
    9. the trunk prefix, then national digits
    10. bare digits: a country with a trunk prefix reads them as international; one without reads
       them as national where they are valid as such, else as international
International digits are a calling code and a valid national number, else invalid; national digits
are valid behind the country's own code, else invalid. A step that applies decides: a number that
begins with the trunk prefix and is not valid behind it is invalid, not international.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["e164", "short", "emergency", "invalid"]

_EXTENSION = re.compile(r";ext=[^;]*", re.IGNORECASE)
_SEPARATORS = re.compile(r"[ \-.()]")
_READABLE = re.compile(r"\+?[0-9]+")
_LONGEST_CODE = 3


@dataclass(frozen=True)
class Rule:
    prefix: str
    lengths: frozenset[int]

    def accepts(self, digits: str) -> bool:
        return len(digits) in self.lengths and digits.startswith(self.prefix)


@dataclass(frozen=True)
class CountryPlan:
    """How numbers are dialled in one country. Fields as in the record above."""

    iso: str
    code: str
    international: tuple[str, ...]
    trunk: str
    strip: tuple[str, ...]
    emergency: frozenset[str]
    short: tuple[Rule, ...]


@dataclass(frozen=True)
class NumberPlans:
    """Every country's plan, and the national numbers valid behind each calling code."""

    countries: Mapping[str, CountryPlan]
    codes: Mapping[str, tuple[Rule, ...]]

    @classmethod
    def from_records(cls, countries: Mapping[str, str], codes: Mapping[str, str]) -> NumberPlans:
        """Reads the packed records of the module's docstring."""
        return cls(
            {iso: _country(iso, record) for iso, record in countries.items()},
            {code: _rules(record) for code, record in codes.items()},
        )

    def accepts(self, code: str, national: str) -> bool:
        return any(rule.accepts(national) for rule in self.codes.get(code, ()))

    def e164(self, digits: str) -> str | None:
        """``+digits`` where a known calling code and a valid national number follow, else None."""
        for length in range(1, _LONGEST_CODE + 1):
            if digits[:length] in self.codes:
                valid = self.accepts(digits[:length], digits[length:])
                return "+" + digits if valid else None
        return None


@dataclass(frozen=True)
class Understood:
    """What was dialled.

    ``canonical`` is ``+E.164`` or the digits of a short code or emergency number, and empty where
    the number is invalid (refused with 201). ``key`` is what destinations are looked up by: the
    digits behind the ``+``, or ``GB:118500`` for a short code of that country; empty otherwise.
    """

    kind: Kind
    canonical: str = ""
    key: str = ""


INVALID = Understood("invalid")


def understand(
    dialled: str, country: str, plans: NumberPlans, *, tech_prefix: str = ""
) -> Understood:
    """What ``dialled`` means to a client of ``country`` (ISO; KeyError where it has no plan)."""
    plan = plans.countries[country]
    number = without_tech_prefix(dialled, tech_prefix)
    for prefix in plan.strip:
        if number.startswith(prefix):
            number = number.removeprefix(prefix)
            break
    if not _READABLE.fullmatch(number):
        return INVALID
    if number in plan.emergency:
        return Understood("emergency", number)
    if any(rule.accepts(number) for rule in plan.short):
        return Understood("short", number, f"{country}:{number}")
    canonical = _canonical(number, plan, plans)
    return Understood("e164", canonical, canonical[1:]) if canonical else INVALID


def without_tech_prefix(dialled: str, tech_prefix: str) -> str:
    """The number behind ``tel:``, extension, separators and the tech prefix (steps 1 and 2)."""
    number = dialled.strip(" ")
    if number[:4].lower() == "tel:":
        number = number[4:]
    number = _SEPARATORS.sub("", _EXTENSION.sub("", number))
    return number.removeprefix(tech_prefix)


def _canonical(number: str, plan: CountryPlan, plans: NumberPlans) -> str | None:
    if number.startswith("+"):
        return plans.e164(number[1:])
    behind = [number[len(p) :] for p in plan.international if number.startswith(p)]
    if behind:
        return plans.e164(min(behind, key=len))
    if plan.trunk and not number.startswith(plan.trunk):
        return plans.e164(number)
    national = number.removeprefix(plan.trunk)
    if plans.accepts(plan.code, national):
        return f"+{plan.code}{national}"
    return None if plan.trunk else plans.e164(number)


def _country(iso: str, record: str) -> CountryPlan:
    code, international, trunk, strip, emergency, short = record.split("|")
    return CountryPlan(
        iso,
        code,
        tuple(international.split()),
        trunk,
        tuple(strip.split()),
        frozenset(emergency.split()),
        _rules(short),
    )


def _rules(record: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(prefix, frozenset(int(length) for length in lengths.split(",")))
        for prefix, lengths in (rule.split(":") for rule in record.split())
    )
