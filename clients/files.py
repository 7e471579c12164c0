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
    content: bytes, *, required: Collection[str], aliases: Mapping[str, str] | None = None
) -> Iterator[Line]:
    """The lines of a UTF-8 file with a header; ``;`` separates where the header has no comma.

    Columns are named without regard to case, spaces or hyphens; ``aliases`` gives other names.
    Raises DomainError (field ``file``) for what is no such file; empty lines are passed over.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DomainError(_("The file is not text in UTF-8."), field="file") from None
    head = text.split("\n", 1)[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        columns = [_column(name, aliases or {}) for name in next(reader, [])]
        missing = [name for name in required if name not in columns]
        if missing:
            raise DomainError(
                _("The first line does not name these columns: %s.") % ", ".join(missing),
                field="file",
            )
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [*cells, *[""] * (len(columns) - len(cells))]
                stripped = (cell.strip() for cell in padded)
                yield Line(reader.line_num, dict(zip(columns, stripped, strict=False)))
    except csv.Error as error:
        message = _("Line %(line)s cannot be read: %(error)s.")
        raise DomainError(
            message % {"line": reader.line_num, "error": error}, field="file"
        ) from None


def _column(name: str, aliases: Mapping[str, str]) -> str:
    plain = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
    return aliases.get(plain, plain)
