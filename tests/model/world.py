"""What the reference model is told: one frozen picture of the platform at a moment.

Instants are integer milliseconds since the epoch, money is Decimal, minutes a month are Decimal
(0 = barred, `UNLIMITED`, None = blank). A canonical number is "+" and digits, or a bare short
code; every prefix here is a prefix of such a canonical number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

UNLIMITED = Decimal("Infinity")
BARRED = Decimal(0)


class Brief:
    """Shown without the fields that have their default."""

    def __repr__(self) -> str:
        shown = (
            f"{each.name}={getattr(self, each.name)!r}"
            for each in fields(self)  # type: ignore[arg-type]
            if each.repr and getattr(self, each.name) != each.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True, repr=False)
class NumberPlan(Brief):
    """How the people of one country write numbers. `trunk_prefix` "" means there is none."""

    country: str
    calling_code: str
    international_prefix: str
    trunk_prefix: str
    short_codes: Mapping[str, str] = field(default_factory=dict)
    emergency: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Destination(Brief):
    """A node of the tree; the parent of "UK/Mobile" is "UK". `country` None: of no country."""

    name: str
    country: str | None
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Row(Brief):
    """What one profile says about one destination; None is blank."""

    minutes: Decimal | None = None
    max_price: Decimal | None = None
    max_setup: Decimal | None = None


@dataclass(frozen=True, repr=False)
class Profile(Brief):
    """`level` is its owner's depth: 0 the platform, 1 a top reseller, and so on down."""

    rows: Mapping[str, Row]
    level: int = 1
    block: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Day(Brief):
    """Working intervals in minutes of the wall clock (1440 = 24:00), and the off-hours percent."""

    intervals: tuple[tuple[int, int], ...] = ()
    percent: int = 100


OFFICE = Day(((8 * 60 + 30, 17 * 60 + 30),))
REST = Day()


@dataclass(frozen=True, repr=False)
class Schedule(Brief):
    """`weekdays` begins on Monday."""

    divisor: int = 30
    weekdays: tuple[Day, ...] = (OFFICE,) * 5 + (REST,) * 2
    holiday: Day = REST
    holidays: frozenset[date] = frozenset()
    bar_high_price: bool = False
    bar_international: bool = False


@dataclass(frozen=True, repr=False)
class Reseller(Brief):
    parent: str | None = None
    default_table: str | None = None
    capacity: int | None = None
    suspended: bool = False


@dataclass(frozen=True, repr=False)
class Client(Brief):
    reseller: str
    country: str
    zone: str
    profiles: tuple[Profile, ...]
    schedule: Schedule = Schedule()
    long_call_minutes: int = 180
    high_price: Decimal | None = None
    rate_table: str | None = None
    prepaid: bool = False
    capacity: int | None = None
    suspended: bool = False


@dataclass(frozen=True, repr=False)
class Account(Brief):
    """`addresses` are networks the calls may come from and `callers` the numbers they may show;
    none listed = any."""

    client: str
    active: bool = True
    capacity: int | None = None
    tech_prefix: str = ""
    addresses: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    rate_table: str | None = None


@dataclass(frozen=True, repr=False)
class Rate(Brief):
    """Price a minute and set-up price; in force from `starts_at` until before `ends_at`."""

    prefix: str
    price: Decimal
    setup: Decimal = Decimal(0)
    starts_at: int = 0
    ends_at: int | None = None


@dataclass(frozen=True, repr=False)
class World(Brief):
    """`lengths` has, by calling code, how many digits may follow it."""

    plans: Mapping[str, NumberPlan] = field(repr=False)
    lengths: Mapping[str, frozenset[int]] = field(repr=False)
    destinations: tuple[Destination, ...] = field(repr=False)
    resellers: Mapping[str, Reseller]
    clients: Mapping[str, Client]
    accounts: Mapping[str, Account]
    rate_tables: Mapping[str, tuple[Rate, ...]]
    routed: bool = True
