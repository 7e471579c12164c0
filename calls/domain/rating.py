"""What a call costs. Worked table: ``docs/arithmetic.md``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

UNIT = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class Price:
    """A rate: money a minute and a set-up price, seconds billed at least and in steps of."""

    per_minute: Decimal
    setup: Decimal = Decimal(0)
    minimum_seconds: int = 1
    increment_seconds: int = 1


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A rated call: ``amount`` = set-up + talk, rounded half up to 6 decimals once."""

    billed_seconds: int
    talk_amount: Decimal
    setup_amount: Decimal

    @property
    def amount(self) -> Decimal:
        return self.talk_amount + self.setup_amount


def billed_seconds(talk_seconds: int, price: Price) -> int:
    """The minimum, then whole increments; 0 for a call without talk."""
    if talk_seconds <= 0:
        return 0
    beyond = max(0, talk_seconds - price.minimum_seconds)
    steps = -(-beyond // price.increment_seconds)
    return price.minimum_seconds + steps * price.increment_seconds


def rate_call(talk_seconds: int, price: Price) -> Charge:
    """The charge of an answered call; one without talk costs nothing."""
    billed = billed_seconds(talk_seconds, price)
    if billed == 0:
        return Charge(billed_seconds=0, talk_amount=Decimal(0), setup_amount=Decimal(0))
    total = (price.setup + price.per_minute * billed / 60).quantize(UNIT, ROUND_HALF_UP)
    setup = price.setup.quantize(UNIT)
    return Charge(billed_seconds=billed, talk_amount=total - setup, setup_amount=setup)
