"""The data that ships with the product, read from ``limits/data/``."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from limits.domain.numbers import NumberPlans

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class ShippedDestination:
    """One leaf of the tree: ``country`` is ISO or empty (belongs to none)."""

    path: str
    country: str
    prefixes: tuple[str, ...]


@cache
def number_plan_records() -> dict[str, dict[str, str]]:
    """The packed records, ``{"countries": …, "codes": …}``: what the store is given."""
    records: dict[str, dict[str, str]] = json.loads(
        (DATA / "number_plans.json").read_text(encoding="utf-8")
    )
    return records


@cache
def number_plans() -> NumberPlans:
    """The number plans, parsed once a process."""
    return NumberPlans.from_records(**number_plan_records())


def destinations() -> list[ShippedDestination]:
    """The leaves of the shipped tree, in the order they are shown in."""
    with (DATA / "destinations.csv").open(encoding="utf-8", newline="") as file:
        return [
            ShippedDestination(row["path"], row["country"], tuple(row["prefixes"].split()))
            for row in csv.DictReader(file)
        ]
