"""Limits as people write and read them, in the editor and in files."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from limits.domain.effective import Values

UNLIMITED = "Unlimited"
BARRED = "Barred"
MOST_MINUTES = 1_000_000
MOST_MONEY = Decimal(1_000_000_000)
DECIMALS = 6
FIELDS = ("minutes", "max_price_per_minute", "max_setup_price", "spend")


class CellError(ValueError):
    """A cell that cannot be read; ``code`` is minutes, money or large."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def minutes_value(text: str) -> tuple[int | None, bool]:
    """``(minutes, unlimited)``: a whole number, ``Unlimited``, ``Barred`` (0) or blank."""
    text = text.strip()
    if not text:
        return None, False
    if text.casefold() == UNLIMITED.casefold():
        return None, True
    if text.casefold() == BARRED.casefold():
        return 0, False
    if not (text.isascii() and text.isdigit()):
        raise CellError("minutes", text)
    if len(text) > 12 or int(text) > MOST_MINUTES:
        raise CellError("large", text)
    return int(text), False


def money_value(text: str) -> Decimal | None:
    """A price or an amount with at most 6 decimals, or None for blank."""
    text = text.strip()
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise CellError("money", text) from None
    exponent = amount.as_tuple().exponent
    if not amount.is_finite() or not isinstance(exponent, int) or not text.isascii() or "_" in text:
        raise CellError("money", text)
    if amount < 0 or -exponent > DECIMALS:
        raise CellError("money", text)
    if amount >= MOST_MONEY:
        raise CellError("large", text)
    return amount


def minutes_text(values: Values) -> str:
    """Minutes as the editor and files show them."""
    if values.unlimited:
        return UNLIMITED
    if values.minutes is None:
        return ""
    return str(values.minutes) if values.minutes else BARRED


def money_text(amount: Decimal | None) -> str:
    """Money with two decimals at least and no more than it needs: 0.250000 → ``0.25``."""
    if amount is None:
        return ""
    whole, _point, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def texts(values: Values) -> dict[str, str]:
    """The cells of a row, by field."""
    return {
        "minutes": minutes_text(values),
        "max_price_per_minute": money_text(values.max_price_per_minute),
        "max_setup_price": money_text(values.max_setup_price),
        "spend": money_text(values.spend),
    }
