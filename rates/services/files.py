"""Rates from files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from clients import outbox, tenancy
from clients.domain.moments import YEARS, is_near
from clients.files import BadLine, FileRefused, Line, LineError, read_lines
from clients.models import User
from clients.services.base import changing
from clients.tenancy import Scope
from rates.domain import PREFIX
from rates.models import Rate, RateTable
from rates.selectors import tables_for

ALIASES = {
    "code": "prefix",
    "price": "price_per_minute",
    "price_a_minute": "price_per_minute",
    "rate": "price_per_minute",
    "setup": "setup_price",
    "set_up": "setup_price",
    "set_up_price": "setup_price",
    "minimum": "minimum_seconds",
    "increment": "increment_seconds",
    "from": "effective_from",
    "until": "effective_until",
}
LONGEST_SECONDS = 86_400
LARGEST_PRICE = Decimal(1_000_000)
COLUMNS = (
    "prefix",
    "price_per_minute",
    "setup_price",
    "minimum_seconds",
    "increment_seconds",
    "effective_from",
    "effective_until",
)


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a line says: amounts in the table's currency, seconds, and from when until when."""

    prefix: str
    price_per_minute: Decimal
    setup_price: Decimal = Decimal(0)
    minimum_seconds: int = 1
    increment_seconds: int = 1
    effective_from: datetime
    effective_until: datetime | None = None

    @property
    def terms(self) -> tuple[Any, ...]:
        return (
            self.price_per_minute,
            self.setup_price,
            self.minimum_seconds,
            self.increment_seconds,
            self.effective_until,
        )


@dataclass(frozen=True)
class Change:
    """A line that changes something: the price in force then, or None where there was none."""

    new: Price
    old: Price | None


@dataclass(frozen=True)
class RateImport:
    """What an import does or, in a dry run, would do."""

    table_id: int
    changes: tuple[Change, ...]
    unchanged: int
    bad: tuple[BadLine, ...]
    stored: bool

    @property
    def added(self) -> int:
        return sum(change.old is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.added


def rates_import(
    *,
    table_id: int,
    content: bytes,
    effective_from: datetime | None = None,
    keep_good: bool = False,
    dry_run: bool = False,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> RateImport:
    """Put the rates of a CSV file into a table, all at once.

    ``effective_from`` is for lines that do not say one; it is ``at`` where it is not given. Wrong
    lines refuse the whole file (FileRefused) unless ``keep_good``; a dry run stores nothing and
    refuses nothing.
    """
    with tenancy.reading(scope):
        prices, bad = parse(content, effective_from or at)
        changes, unchanged = _compare(table_id, prices)
    if dry_run:
        return RateImport(table_id, changes, unchanged, tuple(bad), stored=False)
    if bad and not keep_good:
        raise FileRefused(bad)
    with changing(scope, acting_user):
        table = tables_for(scope).select_for_update(of=("self",)).get(pk=table_id)
        changes, unchanged = _compare(table_id, prices)
        if changes:
            _store(table, (change.new for change in changes))
            RateTable.objects.filter(pk=table_id).update(version=F("version") + 1)
            outbox.enqueue("policy.rates", table_id=table_id)
    return RateImport(table_id, changes, unchanged, tuple(bad), stored=True)


def parse(content: bytes, effective_from: datetime) -> tuple[list[Price], list[BadLine]]:
    """The good and the bad lines of a file; raises DomainError for what is no such file."""
    good: dict[tuple[str, datetime], Price] = {}
    bad: list[BadLine] = []
    required = ("prefix", "price_per_minute")
    lines = read_lines(content, columns=COLUMNS, required=required, bad=bad, aliases=ALIASES)
    for line in lines:
        try:
            price = _price(line, effective_from)
        except LineError as error:
            bad.append(BadLine(line.number, str(error)))
            continue
        if (price.prefix, price.effective_from) in good:
            reason = _("Prefix %s is in the file twice.") % price.prefix
            bad.append(BadLine(line.number, reason))
        good[price.prefix, price.effective_from] = price
    return list(good.values()), bad


def _price(line: Line, effective_from: datetime) -> Price:
    prefix = line.cells["prefix"].removeprefix("+")
    if not PREFIX.fullmatch(prefix):
        raise LineError(
            _("“%s” is not a prefix: digits of the international form, such as 4470.") % prefix
        )
    starts = _instant(line, "effective_from") or effective_from
    ends = _instant(line, "effective_until")
    if ends is not None and ends <= starts:
        raise LineError(_("The rate would end before it begins."))
    if not line.cells["price_per_minute"]:
        raise LineError(_("The price a minute is missing."))
    return Price(
        prefix=prefix,
        price_per_minute=_amount(line, "price_per_minute"),
        setup_price=_amount(line, "setup_price"),
        minimum_seconds=_seconds(line, "minimum_seconds", least=0),
        increment_seconds=_seconds(line, "increment_seconds", least=1),
        effective_from=starts,
        effective_until=ends,
    )


def _amount(line: Line, column: str) -> Decimal:
    text = line.cells.get(column) or "0"
    try:
        amount = Decimal(text)
        exponent = amount.as_tuple().exponent
        fits = isinstance(exponent, int) and exponent >= -6 and amount >= 0
    except InvalidOperation:
        fits = False
    if not fits or not text.isascii() or "_" in text:
        raise LineError(_("“%s” is not an amount with at most 6 decimals.") % text)
    if amount >= LARGEST_PRICE:
        raise LineError(_("“%s” is too large.") % text)
    return amount


def _seconds(line: Line, column: str, *, least: int) -> int:
    text = line.cells.get(column) or "1"
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= LONGEST_SECONDS):
        message = _("“%(text)s” is not a number of seconds from %(least)s to %(most)s.")
        raise LineError(message % {"text": text, "least": least, "most": LONGEST_SECONDS})
    return int(text)


def _instant(line: Line, column: str) -> datetime | None:
    text = line.cells.get(column, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise LineError(_("“%s” is no date and time such as 2026-01-31T08:00.") % text) from None
    if not is_near(at):
        message = _("“%(text)s” is not between %(first)s and %(last)s.")
        raise LineError(message % {"text": text, "first": YEARS[0], "last": YEARS[-1]})
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _compare(table_id: int, prices: Iterable[Price]) -> tuple[tuple[Change, ...], int]:
    """What differs from the price of the same prefix that would be in force at that time."""
    stored: dict[str, list[Price]] = {}
    rows = Rate.objects.filter(table_id=table_id).order_by("effective_from")
    for row in rows.values(*COLUMNS).iterator():
        stored.setdefault(row["prefix"], []).append(Price(**row))
    changes, unchanged = [], 0
    for price in prices:
        old = _in_force(stored, price)
        if old is not None and old.terms == price.terms:
            unchanged += 1
        else:
            changes.append(Change(price, old))
    return tuple(changes), unchanged


def _in_force(stored: Mapping[str, list[Price]], price: Price) -> Price | None:
    then = price.effective_from
    earlier = [each for each in stored.get(price.prefix, ()) if each.effective_from <= then]
    last = earlier[-1] if earlier else None
    if last is None or (last.effective_until is not None and last.effective_until <= then):
        return None
    return last


def _store(table: RateTable, prices: Iterable[Price]) -> None:
    """COPY into a staging table, then INSERT: a table with policies takes no COPY."""
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE new_rate (prefix text, price_per_minute numeric,"
            " setup_price numeric, minimum_seconds int, increment_seconds int,"
            " effective_from timestamptz, effective_until timestamptz) ON COMMIT DROP"
        )
        with cursor.copy(f"COPY new_rate ({names}) FROM STDIN") as copy:
            for price in prices:
                copy.write_row([getattr(price, column) for column in COLUMNS])
        cursor.execute(
            f"INSERT INTO rates_rate (reseller_id, table_id, {names})"  # noqa: S608 - own names
            f" SELECT %s, %s, {names} FROM new_rate"
            " ON CONFLICT (table_id, prefix, effective_from) DO UPDATE SET"
            " price_per_minute = EXCLUDED.price_per_minute, setup_price = EXCLUDED.setup_price,"
            " minimum_seconds = EXCLUDED.minimum_seconds,"
            " increment_seconds = EXCLUDED.increment_seconds,"
            " effective_until = EXCLUDED.effective_until",
            [table.reseller_id, table.pk],
        )
        cursor.execute("DROP TABLE new_rate")
