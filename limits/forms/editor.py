"""The limit editor: cells of a tree, what was typed into them, and what that would mean a day.

Cells are named ``minutes-12`` (field and destination id). A page carries the texts it was made with
(``shown``), so that only cells a person changed are checked and saved, and two people who change
different cells do not undo each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from clients.files import LineError
from limits.domain import cells
from limits.domain.effective import BLANK, Values
from limits.domain.split import daily_seconds, minutes_text, off_hours_seconds
from limits.models import Destination, LimitProfile
from limits.services.files import parse_cell

MONEY_FIELDS = cells.FIELDS[1:]
INHERITED_FIELDS = ("max_price_per_minute", "max_setup_price")
DIVISORS = (30, 24)
UNKNOWN = "—"


@dataclass
class Cell:
    """One box. ``shown`` is what the page had, ``text`` what it has now."""

    name: str
    field: str
    column: str
    shown: str
    text: str
    inherited: str = ""
    error: str = ""

    @property
    def is_unsaved(self) -> bool:
        return normal(self.text) != normal(self.shown)

    @property
    def is_barred(self) -> bool:
        return self.field == "minutes" and normal(self.text) in {normal(cells.BARRED), "0"}

    @property
    def css(self) -> str:
        """Classes of the box, for its states."""
        states = {
            "is-inherited": bool(self.inherited),
            "is-barred": self.is_barred,
            "is-unsaved": self.is_unsaved,
            "is-invalid": bool(self.error),
        }
        return " ".join(["limit-cell", *(name for name, on in states.items() if on)])


@dataclass
class Row:
    """A destination with its boxes and the figures of a day."""

    destination: Destination
    depth: int
    cells: list[Cell]
    day: str = UNKNOWN
    off_hours: str = UNKNOWN
    leaves: list[Row] = field(default_factory=list)
    asks: bool = False
    hidden: bool = False

    @property
    def minutes(self) -> Cell:
        return self.cells[0]

    @property
    def blank_leaves(self) -> list[Row]:
        return [leaf for leaf in self.leaves if not leaf.minutes.text.strip()]


def normal(text: str) -> str:
    """A cell's text as it is compared: case and white space aside."""
    return text.strip().casefold()


class Editor:
    """A profile as it is being edited."""

    def __init__(
        self,
        profile: LimitProfile,
        destinations: list[Destination],
        stored: Mapping[int, Values],
        data: Mapping[str, Any],
        *,
        sent: bool,
    ) -> None:
        """``data`` holds the figures to show and, when the form was ``sent``, the cells."""
        self.profile = profile
        self.stored = stored
        self.data = data
        self.sent = sent
        self.divisor = 24 if data.get("days") == "24" else 30
        self.percent_text = str(data.get("percent", "100"))
        typed = self.percent_text.strip()
        valid = typed.isascii() and typed.isdigit() and len(typed) <= 3 and int(typed) <= 100
        self.percent = int(typed) if valid else 100
        self.percent_error = "" if valid else _("A share is 0 to 100 per cent.")
        self.version = _number(data.get("version"), profile.version) if sent else profile.version
        self.shown = _shown(data.get("shown")) if sent else {}
        self.rows = self._rows(destinations)
        self.by_id = {row.destination.pk: row for row in self.rows}
        self._work_out()

    def _rows(self, destinations: list[Destination]) -> list[Row]:
        children: dict[int | None, list[Destination]] = {}
        for destination in destinations:
            children.setdefault(destination.parent_id, []).append(destination)

        def walk(parent: int | None, depth: int) -> Iterator[Row]:
            for destination in children.get(parent, ()):
                row = Row(destination, depth, self._cells(destination))
                below = list(walk(destination.pk, depth + 1))
                row.leaves = [each for each in below if each.destination.is_leaf]
                yield row
                yield from below

        return list(walk(None, 0))

    def _cells(self, destination: Destination) -> list[Cell]:
        stored = cells.texts(self.stored.get(destination.pk, BLANK))
        columns = {
            "minutes": _("Minutes a month"),
            "max_price_per_minute": _("Bar at price a minute"),
            "max_setup_price": _("Bar at set-up price"),
            "spend": _("Spend a month"),
        }
        made = []
        for name in cells.FIELDS:
            key = f"{name}-{destination.pk}"
            cell = Cell(key, name, columns[name], shown=stored[name], text=stored[name])
            if self.sent:
                was = self.shown.get(key, "")
                text = str(self.data.get(key, was))
                if normal(text) != normal(was):
                    cell.text = text
            made.append(cell)
        return made

    def _work_out(self) -> None:
        """The figures and inherited prices that follow from what the cells say now."""
        inherited: dict[int | None, dict[str, str]] = {None: {}}
        for row in self.rows:
            above = inherited[row.destination.parent_id]
            for cell in row.cells:
                if cell.field in INHERITED_FIELDS:
                    cell.inherited = above.get(cell.field, "")
            own = {cell.field: cell.text for cell in row.cells if cell.text.strip()}
            inherited[row.destination.pk] = above | {
                name: own[name] for name in INHERITED_FIELDS if name in own
            }
            row.day, row.off_hours = self._figures(row.minutes.text)

    def _figures(self, text: str) -> tuple[str, str]:
        try:
            minutes, unlimited = cells.minutes_value(text)
        except cells.CellError:
            return UNKNOWN, UNKNOWN
        if unlimited:
            return cells.UNLIMITED, cells.UNLIMITED
        if minutes is None:
            return UNKNOWN, UNKNOWN
        if minutes == 0:
            return cells.BARRED, cells.BARRED
        return (
            minutes_text(daily_seconds(minutes, self.divisor)),
            minutes_text(off_hours_seconds(minutes, self.divisor, self.percent)),
        )

    # What a person asks for

    def ask(self, destination_id: int) -> None:
        """Open the question beneath a parent."""
        if row := self.by_id.get(destination_id):
            row.asks = bool(row.leaves)

    def set_all_below(self, destination_id: int, how: str) -> None:
        """Write a parent's minutes to the leaves below it, and leave the parent blank.

        ``how``: ``blank`` only those that say nothing, ``all`` every one, ``cap`` none: the value
        stays on the parent as a cap they share.
        """
        row = self.by_id.get(destination_id)
        if row is None or how not in {"blank", "all"}:
            return
        for leaf in row.blank_leaves if how == "blank" else row.leaves:
            leaf.minutes.text = row.minutes.text.strip()
        row.minutes.text = ""
        self._work_out()

    def show_only(self, found: set[int] | None, which: str) -> None:
        """Hide rows outside a search (ids, None: no search) and outside ``value`` or ``barred``."""
        keep: set[int] = set()
        for row in self.rows:
            has_value = any(cell.text.strip() for cell in row.cells)
            matches = which not in {"value", "barred"} or (
                row.minutes.is_barred if which == "barred" else has_value
            )
            if matches and (found is None or row.destination.pk in found):
                keep.add(row.destination.pk)
        for row in reversed(self.rows):
            row.hidden = row.destination.pk not in keep
            if not row.hidden and row.destination.parent_id:
                keep.add(row.destination.parent_id)

    # What is saved

    @property
    def changed(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells if cell.is_unsaved]

    def changes(self) -> dict[int, Values] | None:
        """Rows to set, or None when a cell is wrong: then the cells say why."""
        found: dict[int, Values] = {}
        for row in self.rows:
            values = self.stored.get(row.destination.pk, BLANK)
            for cell in row.cells:
                if cell.is_unsaved:
                    try:
                        values = replace(values, **parse_cell(cell.field, cell.text))
                    except LineError as error:
                        cell.error = str(error)
                    found[row.destination.pk] = values
        return None if self.errors else found

    @property
    def errors(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells if cell.error]

    @property
    def shown_json(self) -> str:
        """What the page shows as stored, for the next request to compare with."""
        return json.dumps(
            {cell.name: cell.shown for row in self.rows for cell in row.cells if cell.shown}
        )


def _number(value: Any, default: int) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _shown(value: Any) -> dict[str, str]:
    try:
        found = json.loads(value or "{}")
    except (ValueError, RecursionError):
        return {}
    texts = found.items() if isinstance(found, dict) else ()
    return {name: text for name, text in texts if isinstance(text, str)}
