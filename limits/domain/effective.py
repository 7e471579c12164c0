"""What several limit profiles come to for one client.

The strictest value of each field wins and a blank is no opinion. Destinations are a tree: minutes
count where they are set (a value on a parent is a cap shared by all below, besides theirs), price
caps are inherited down the tree within each profile before profiles are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

PLATFORM_LEVEL = 0


@dataclass(frozen=True, kw_only=True)
class Values:
    """One row. ``minutes`` is a month's: 0 is barred, None with ``unlimited`` false is blank.

    Prices are a minute's and a call's, in the profile's currency; ``spend`` is a month's.
    """

    minutes: int | None = None
    unlimited: bool = False
    max_price_per_minute: Decimal | None = None
    max_setup_price: Decimal | None = None
    spend: Decimal | None = None

    @property
    def says_minutes(self) -> bool:
        return self.unlimited or self.minutes is not None


BLANK = Values()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Rows by destination id and prefix lists of one allocated profile.

    ``level`` is its owner's depth: 0 the platform, 1 a top-level reseller, and so on down.
    """

    level: int
    rows: Mapping[int, Values]
    block: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Effective:
    """The outcome: rows by destination id, parents too; what they do not name is blank.

    ``allowed`` gives each allowed prefix the highest level (smallest number) that allows it: a
    number behind it is held only to the rows of profiles above that level.
    """

    rows: Mapping[int, Values]
    blocked: frozenset[str] = frozenset()
    allowed: Mapping[str, int] = field(default_factory=dict)


def effective(profiles: Iterable[Profile], parents: Mapping[int, int | None]) -> Effective:
    """Taken together. ``parents`` maps every destination id to its parent's id or None."""
    profiles = tuple(profiles)
    allowed: dict[str, int] = {}
    for profile in profiles:
        for prefix in profile.allow:
            allowed[prefix] = min(profile.level, allowed.get(prefix, profile.level))
    return Effective(
        rows=strictest_rows(profiles, parents),
        blocked=frozenset().union(*(profile.block for profile in profiles)),
        allowed=allowed,
    )


def above(profiles: Iterable[Profile], level: int) -> tuple[Profile, ...]:
    """The profiles that still hold for a number allowed at ``level``: those of levels above it."""
    return tuple(profile for profile in profiles if profile.level < level)


def strictest_rows(
    profiles: Iterable[Profile], parents: Mapping[int, int | None]
) -> dict[int, Values]:
    """The strictest value of each field for each destination that any profile bears on."""
    profiles = tuple(profiles)
    rows = {}
    for destination in parents:
        own = [profile.rows.get(destination, BLANK) for profile in profiles]
        numbers = [row.minutes for row in own if row.minutes is not None]
        values = Values(
            minutes=min(numbers, default=None),
            unlimited=not numbers and any(row.unlimited for row in own),
            max_price_per_minute=_strictest(
                inherited(profile.rows, parents, destination, "max_price_per_minute")
                for profile in profiles
            ),
            max_setup_price=_strictest(
                inherited(profile.rows, parents, destination, "max_setup_price")
                for profile in profiles
            ),
            spend=_strictest(row.spend for row in own),
        )
        if values != BLANK:
            rows[destination] = values
    return rows


def inherited(
    rows: Mapping[int, Values], parents: Mapping[int, int | None], destination: int, cap: str
) -> Decimal | None:
    """A destination's price cap within one profile: its own, else the nearest above it."""
    for node in path(parents, destination):
        value: Decimal | None = getattr(rows.get(node, BLANK), cap)
        if value is not None:
            return value
    return None


def path(parents: Mapping[int, int | None], destination: int) -> Iterator[int]:
    """The destination and those above it, upwards."""
    node: int | None = destination
    while node is not None:
        yield node
        node = parents[node]


def _strictest(values: Iterable[Decimal | None]) -> Decimal | None:
    return min((value for value in values if value is not None), default=None)
