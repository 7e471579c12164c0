"""Comma-separated files that people bring: read line by line, refused by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.errors import DomainError

MOST_SHOWN = 20


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be used (1 is the header) and one sentence why."""

    line: int
    reason: str


class FileRefused(DomainError):
    """A file of which nothing was stored; ``lines`` says where it is wrong."""

    def __init__(self, lines: Collection[BadLine]) -> None:
        self.lines = tuple(lines)
        count = len(self.lines)
        told = [f"{_('line')} {bad.line}: {bad.reason}" for bad in self.lines[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            told.append("…")
        head = ngettext(
            "Nothing was stored: %(count)s line is wrong.",
            "Nothing was stored: %(count)s lines are wrong.",
            count,
        )
        super().__init__("\n".join([head % {"count": count}, *told]), field="file")


class LineError(ValueError):
    """What is wrong with the line being read, as one translated sentence."""


@dataclass(frozen=True)
class Line:
    """One line: its number in the file and its cells by column, stripped."""

    number: int
    cells: Mapping[str, str]


def read_lines(
    content: bytes,
    *,
    columns: Collection[str],
    required: Collection[str],
    bad: list[BadLine],
    aliases: Mapping[str, str] | None = None,
) -> Iterator[Line]:
    """The lines of a UTF-8 file with a header; ``;`` separates where the header has no comma.

    Columns are named without regard to case, spaces or hyphens; ``aliases`` gives other names.
    Raises DomainError (field ``file``) for what is no such file, or names other ``columns``; empty
    lines are passed over. Lines that have not a cell for each column are added to ``bad`` instead.
    Columns without a name at the end of the header are those that spreadsheets add: empty.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DomainError(_("The file is not text in UTF-8."), field="file") from None
    if "\r" in text and "\n" not in text:
        raise DomainError(
            _("The lines end as on old Macs, with CR alone. Save the file with CRLF or LF ends."),
            field="file",
        )
    head = text.split("\n", 1)[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        first = next(reader, [])
        named = [_column(name, aliases or {}) for name in first]
        while named and not named[-1]:
            named.pop()
        missing = [name for name in required if name not in named]
        if missing:
            raise DomainError(
                _("The first line does not name these columns: %s.") % ", ".join(missing),
                field="file",
            )
        _refuse_unknown(named, columns)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) == len(first) and not any(cells[len(named) :]):
                yield Line(reader.line_num, dict(zip(named, cells, strict=False)))
            else:
                reason = _("There are %(cells)s cells; the first line has %(columns)s.")
                columns_told = len(named) if len(cells) == len(first) else len(first)
                told = {"cells": len(cells), "columns": columns_told}
                bad.append(BadLine(reader.line_num, reason % told))
    except csv.Error as error:
        message = _("Line %(line)s cannot be read: %(error)s.")
        raise DomainError(
            message % {"line": reader.line_num, "error": error}, field="file"
        ) from None


def _refuse_unknown(named: Collection[str], columns: Collection[str]) -> None:
    unknown = [name for name in named if name not in columns]
    if unknown:
        message = _("The first line names unknown columns: %(unknown)s. Known are %(known)s.")
        told = {"unknown": ", ".join(map(repr, unknown)), "known": ", ".join(columns)}
        raise DomainError(message % told, field="file")
    if twice := sorted({name for name in named if list(named).count(name) > 1}):
        message = _("The first line names these columns twice: %s.")
        raise DomainError(message % ", ".join(twice), field="file")


def _column(name: str, aliases: Mapping[str, str]) -> str:
    plain = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
    return aliases.get(plain, plain)
