"""What the store is told about tenants: the input of the function that decides a call.

Plain values, independent of PostgreSQL: ``calls.store.publish`` makes them from the models, tests
make them by hand, ``calls.store.encode`` packs them.

Money is Decimal with at most 6 decimals, in the currency of the client; instants are
milliseconds since the epoch, UTC; ``None`` is "no limit" or "not set".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Status = Literal["active", "suspended"]
DEFAULT_STEPS = (80, 95, 100)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of a client's time in which the same allowances count.

    It begins at ``starts_at_ms`` and lasts until the next segment. ``day`` is the client's local
    calendar day (ISO); outside working time ``off_percent`` is that day's off-hours limit.
    """

    starts_at_ms: int
    day: str
    working: bool
    off_percent: int = 100


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Segments in order; nothing is decided from ``ends_at_ms`` on (501), nor before the first."""

    segments: tuple[Segment, ...]
    ends_at_ms: int


@dataclass(frozen=True, kw_only=True)
class NodeRules:
    """What the allocated profiles say, taken together, of one destination or of a parent.

    ``monthly_minutes`` None with ``unlimited`` false says nothing; 0 bars (107). On a leaf, only a
    value permits calls; on a parent a number is a cap shared by all below. ``day_seconds`` is the
    day's share, ``off_seconds`` the off-hours share by off-hours per cent (each per cent that the
    client's calendar uses). The price caps are the effective ones, inheritance done; they are read
    from the leaf only.
    """

    monthly_minutes: int | None = None
    unlimited: bool = False
    day_seconds: int = 0
    off_seconds: Mapping[int, int] = field(default_factory=dict)
    max_price_per_minute: Decimal | None = None
    max_setup_price: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A reseller above the client; ``rate_table_id`` is what its parent charges it by, if set."""

    reseller_id: int
    status: Status = "active"
    capacity: int | None = None
    rate_table_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResellerPolicy:
    """What all clients below a reseller may use together (109), by destination id.

    Its days are those of the reseller's own zone; no part of them is off-hours.
    """

    reseller_id: int
    version: int
    calendar: Calendar
    totals: Mapping[int, NodeRules] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClientPolicy:
    """A client as the store knows it. ``tiers`` begins with its own reseller.

    ``rules`` is by destination id. ``blocked`` holds prefixes of the number's key (digits without
    ``+``, or ``GB:101``). ``allowed`` gives each allowed prefix the level of the list's owner (0
    the platform, resellers numbered downwards), and ``rules_above[level]`` what remains of the
    rules for a number allowed at that level: those set above it. ``version`` only rises.
    """

    client_id: int
    version: int
    country: str
    calendar: Calendar
    rules: Mapping[int, NodeRules]
    tiers: tuple[Tier, ...] = ()
    currency: str = "GBP"
    status: Status = "active"
    capacity: int | None = None
    long_call_seconds: int = 180 * 60
    rate_table_id: int | None = None
    high_price: Decimal | None = None
    bar_high_price_off_hours: bool = False
    bar_international_off_hours: bool = False
    prepaid: bool = False
    blocked: tuple[str, ...] = ()
    allowed: Mapping[str, int] = field(default_factory=dict)
    rules_above: Mapping[int, Mapping[int, NodeRules]] = field(default_factory=dict)
    warning_steps: tuple[int, ...] = DEFAULT_STEPS


@dataclass(frozen=True, kw_only=True)
class AccountPolicy:
    """An account as an originator.

    ``addresses`` are the entries of its form: an address, a CIDR network, or
    ``udp:192.0.2.1:5070``; by name they restrict (307), by IP they
    identify. ``callers`` are canonical numbers; when there are any, others are refused (311).
    """

    account_id: int
    client_id: int
    version: int
    country: str
    ident_by: Literal["name", "ip", "ani"] = "name"
    username: str = ""
    ha1: str = ""
    addresses: tuple[str, ...] = ()
    tech_prefix: str = ""
    callers: tuple[str, ...] = ()
    originates: bool = True
    capacity: int | None = None
    rate_table_id: int | None = None


@dataclass(frozen=True)
class DestinationInfo:
    """A leaf: ``nodes`` is its own id, then its parents' upwards; ``country`` ISO or empty."""

    destination_id: int
    path: str
    label: str
    country: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Destinations and number plans, the same for all. ``prefixes`` maps to destination ids.

    ``labels`` names every node that may be limited. ``countries`` and ``codes`` are the packed
    records of ``limits.domain.numbers``.
    """

    version: int
    prefixes: Mapping[str, int]
    leaves: tuple[DestinationInfo, ...]
    labels: Mapping[int, str]
    countries: Mapping[str, str]
    codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RateEntry:
    """The price of a prefix in [from, until)."""

    prefix: str
    price_per_minute: Decimal
    setup_price: Decimal = Decimal(0)
    minimum_seconds: int = 1
    increment_seconds: int = 1
    from_ms: int = 0
    until_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class RatePolicy:
    """One version of a rate table."""

    table_id: int
    version: int
    currency: str
    rates: tuple[RateEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A terminator: where a call may be sent. The number goes behind ``tech_prefix``."""

    account_id: int
    host: str
    port: int | None = None
    protocol: Literal["udp", "tcp", "tls"] = "udp"
    tech_prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The platform's routes, in order; emergency calls have their own."""

    version: int
    routes: tuple[Route, ...]
    emergency: tuple[Route, ...] = ()
