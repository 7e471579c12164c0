"""A month's limit as a day's share. Worked tables: ``docs/arithmetic.md``."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

SECONDS_A_MINUTE = 60
MONEY_UNIT = Decimal("0.000001")
DISPLAYED = Decimal("0.01")


def daily_seconds(monthly_minutes: int, divisor: int) -> int:
    """A day's share in whole seconds, floored; ``divisor`` is the working schedule (30 or 24)."""
    return monthly_minutes * SECONDS_A_MINUTE // divisor


def off_hours_seconds(monthly_minutes: int, divisor: int, percent: int) -> int:
    """The off-hours part of a day's share: monthly seconds × % ÷ (100 × divisor), floored."""
    return monthly_minutes * SECONDS_A_MINUTE * percent // (100 * divisor)


def daily_amount(monthly_amount: Decimal, divisor: int) -> Decimal:
    """A day's share of money, floored to 6 decimals."""
    return (monthly_amount / divisor).quantize(MONEY_UNIT, ROUND_FLOOR)


def off_hours_amount(monthly_amount: Decimal, divisor: int, percent: int) -> Decimal:
    """The off-hours part of a day's share of money, floored to 6 decimals."""
    return (monthly_amount * percent / (100 * divisor)).quantize(MONEY_UNIT, ROUND_FLOOR)


def minutes_text(seconds: int) -> str:
    """Seconds as minutes with two decimals, half up: 2000 → ``33.33``, 2500 → ``41.67``."""
    return str((Decimal(seconds) / SECONDS_A_MINUTE).quantize(DISPLAYED, ROUND_HALF_UP))
