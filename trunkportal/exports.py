"""Lists as files for spreadsheets."""

import csv
import re
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

_FORMULA = re.compile(r"[=+\-@\t\r]")
_FIGURE = re.compile(r"[+-]?\d+([.]\d+)?")


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula: callers choose some of these texts."""
    text = "" if value is None else str(value)
    if _FORMULA.match(text) and not _FIGURE.fullmatch(text):
        return f"'{text}"
    return text


def csv_response(
    name: str, head: Sequence[object], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """A download named ``name``.csv in UTF-8, with a head row."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow([_cell(each) for each in head])
    writer.writerows([_cell(each) for each in row] for row in rows)
    return response
