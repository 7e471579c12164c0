"""Limit profiles and destinations from files, and profiles to files."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Max
from django.utils.translation import gettext as _

from clients import outbox
from clients.errors import DomainError
from clients.files import BadLine, FileRefused, Line, LineError, read_lines
from clients.models import User
from clients.services.base import changing, lock
from clients.tenancy import Scope
from limits.catalogue.load import load
from limits.catalogue.shipped import ShippedDestination
from limits.domain import cells
from limits.domain.effective import BLANK, Values
from limits.models import Destination, LimitProfile, LimitRow
from limits.selectors import destination_for_key, may_edit, profiles_for, values_of
from limits.services.profiles import (
    PREFIX,
    no_spend,
    not_yours,
    profile_insert,
    profile_rows_write,
    publish_clients_of,
)

PROFILE_COLUMNS = ("profile", "destination", *cells.FIELDS)
PATH_COLUMNS = ("path", "country", "prefixes")
ROOTS = ("UK", "International")


def cell_error(error: cells.CellError) -> str:
    """One sentence on a cell that cannot be read."""
    if error.code == "minutes":
        return _("“%s” is not a number of minutes, Unlimited, Barred or blank.") % error.text
    if error.code == "large":
        return _("“%s” is too large.") % error.text
    return _("“%s” is not an amount with at most 6 decimals.") % error.text


def parse_cell(field: str, text: str) -> dict[str, Any]:
    """The values that one cell sets. Raises LineError with the sentence to show."""
    try:
        if field == "minutes":
            minutes, unlimited = cells.minutes_value(text)
            return {"minutes": minutes, "unlimited": unlimited}
        amount = cells.money_value(text)
    except cells.CellError as error:
        raise LineError(cell_error(error)) from None
    if field == "spend" and amount is not None:
        raise LineError(no_spend())
    return {field: amount}


def profile_import(
    *,
    reseller_id: int | None,
    content: bytes,
    only: LimitProfile | None = None,
    acting_user: User | None,
    scope: Scope,
    at: datetime,
) -> dict[str, int]:
    """Set the rows that a file names and leave the others; a profile it names anew is made.

    A column that the file does not have stays as it is. ``only``: the one profile it may name (the
    profile column may be left out then). Returns rows set by profile name; raises FileRefused,
    then nothing is stored.
    """
    required = ("destination",) if only else ("profile", "destination")
    if only and not may_edit(scope, only):
        raise DomainError(not_yours())
    with changing(scope, acting_user):
        known = dict(Destination.objects.values_list("path", "pk"))
        owned = profiles_for(scope).filter(reseller=reseller_id)
        profiles = {profile.name: profile for profile in owned}
        stored = _stored_rows(profiles.values())
        rows: dict[str, dict[int, Values]] = {}
        bad: list[BadLine] = []
        for line in read_lines(content, columns=PROFILE_COLUMNS, required=required, bad=bad):
            try:
                name = _profile_name(line, only)
                taken = rows.setdefault(name, {})
                destination = _known(known, line.cells["destination"], taken)
                taken[destination] = _row(stored.get((name, destination), BLANK), line)
            except LineError as error:
                bad.append(BadLine(line.number, str(error)))
        if bad:
            raise FileRefused(bad)
        for name, values in rows.items():
            profile = profiles.get(name) or profile_insert(
                reseller_id=reseller_id, name=name, at=at
            )
            LimitProfile.objects.filter(pk=profile.pk).update(version=F("version") + 1)
            profile_rows_write(profile=profile, rows=values)
    return {name: len(values) for name, values in rows.items()}


def _profile_name(line: Line, only: LimitProfile | None) -> str:
    name = line.cells.get("profile", "")
    if only is not None:
        if name not in ("", only.name):
            raise LineError(_("This line is of another profile, “%s”.") % name)
        return only.name
    if not name or len(name) > 64:
        raise LineError(_("The profile's name is missing or longer than 64 characters."))
    _printable(name)
    return name


def _printable(text: str) -> None:
    if not text.isprintable():
        raise LineError(_("“%s” holds characters that cannot be printed.") % ascii(text)[1:-1])


def _known(known: Mapping[str, int], path: str, taken: Collection[int]) -> int:
    if path not in known:
        raise LineError(_("There is no destination “%s”.") % path)
    if known[path] in taken:
        raise LineError(_("This destination is in the file twice."))
    return known[path]


def _stored_rows(profiles: Iterable[LimitProfile]) -> dict[tuple[str, int], Values]:
    rows = LimitRow.objects.filter(profile__in=list(profiles)).select_related("profile")
    return {(row.profile.name, row.destination_id): values_of(row) for row in rows}


def _row(before: Values, line: Line) -> Values:
    values = before
    for field in cells.FIELDS:
        if field in line.cells:
            values = replace(values, **parse_cell(field, line.cells[field]))
    return values


def profile_csv(profile: LimitProfile, rows: Mapping[int, Values]) -> str:
    """A profile as a file that ``profile_import`` reads, one line for each row it has."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(PROFILE_COLUMNS)
    for destination in Destination.objects.filter(pk__in=rows):
        texts = cells.texts(rows[destination.pk])
        writer.writerow([profile.name, destination.path, *(texts[f] for f in cells.FIELDS)])
    return out.getvalue()


@dataclass(frozen=True)
class DestinationImport:
    """What an import of destinations did: paths that are new, and prefixes that moved."""

    created: tuple[str, ...]
    prefixes: int


def destinations_import(
    *,
    content: bytes,
    acting_user: User | None,
    scope: Scope,
    at: datetime,  # noqa: ARG001
) -> DestinationImport:
    """Add destinations and prefixes: columns path, country, prefixes (separated by spaces).

    A new destination copies the profile values of the one its prefixes left. Raises FileRefused,
    then nothing is stored. Only the platform may.
    """
    if scope.kind != "platform":
        raise DomainError(_("Only the platform changes destinations."))
    with changing(scope, acting_user):
        lock("catalogue")
        nodes = {node.path: node for node in Destination.objects.all()}
        leaves: dict[str, ShippedDestination] = {}
        sources: dict[str, Destination | None] = {}
        bad: list[BadLine] = []
        required = ("path", "prefixes")
        for line in read_lines(content, columns=PATH_COLUMNS, required=required, bad=bad):
            try:
                leaf = _leaf(line, nodes, leaves)
                if leaf.path not in nodes:
                    sources[leaf.path] = _source(leaf)
                leaves[leaf.path] = leaf
            except LineError as error:
                bad.append(BadLine(line.number, str(error)))
        bad = bad or _twice(leaves.values())
        if bad:
            raise FileRefused(bad)
        last = Destination.objects.aggregate(last=Max("position"))["last"] or 0
        with connection.cursor() as cursor:
            load(cursor, leaves.values(), first_position=last + 1)
        _copy_values(sources)
        outbox.enqueue("policy.catalogue")
    return DestinationImport(
        created=tuple(sources), prefixes=sum(len(leaf.prefixes) for leaf in leaves.values())
    )


def _leaf(
    line: Line, nodes: Mapping[str, Destination], leaves: Mapping[str, ShippedDestination]
) -> ShippedDestination:
    path, country = line.cells["path"], line.cells.get("country", "").upper()
    prefixes = tuple(each.removeprefix("+") for each in line.cells["prefixes"].split())
    parts = path.split("/")
    if len(parts) < 2 or parts[0] not in ROOTS or len(path) > 255:
        raise LineError(_("A path begins with UK/ or International/: “%s” does not.") % path)
    if any(not part or part != part.strip() or len(part) > 80 for part in parts):
        raise LineError(_("A part of the path “%s” is empty or too long.") % path)
    _printable(path)
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise LineError(_("“%s” is no country code of two letters.") % country)
    if not prefixes or not all(PREFIX.fullmatch(prefix) for prefix in prefixes):
        raise LineError(_("Prefixes are digits of the international form, such as 4470."))
    if path in leaves:
        raise LineError(_("This destination is in the file twice."))
    if path in nodes and not nodes[path].is_leaf:
        raise LineError(_("“%s” has destinations below it and no prefixes of its own.") % path)
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    for parent in above:
        if (parent in nodes and nodes[parent].is_leaf) or parent in leaves:
            raise LineError(_("“%s” has prefixes: nothing can be below it.") % parent)
    if any(other.startswith(path + "/") for other in leaves):
        raise LineError(_("“%s” has destinations below it and no prefixes of its own.") % path)
    return ShippedDestination(path, country, prefixes)


def _source(leaf: ShippedDestination) -> Destination | None:
    """The destination that the prefixes of a new one have belonged to until now."""
    found = {prefix: destination_for_key(prefix) for prefix in leaf.prefixes}
    paths = {source.path: source for source in found.values() if source is not None}
    if len(paths) > 1:
        raise LineError(
            _("The prefixes belong to %s until now: make a destination for each.")
            % ", ".join(sorted(paths))
        )
    return next(iter(paths.values()), None)


def _twice(leaves: Iterable[ShippedDestination]) -> list[BadLine]:
    seen: dict[str, str] = {}
    for leaf in leaves:
        for prefix in leaf.prefixes:
            if seen.setdefault(prefix, leaf.path) != leaf.path:
                reason = _("Prefix %(prefix)s is given to %(one)s and to %(other)s.")
                told = {"prefix": prefix, "one": seen[prefix], "other": leaf.path}
                return [BadLine(1, reason % told)]
    return []


def _copy_values(sources: Mapping[str, Destination | None]) -> None:
    """Give new destinations the rows of the ones their prefixes left, in every profile."""
    new = Destination.objects.in_bulk(list(sources), field_name="path")
    touched: set[int] = set()
    for path, source in sources.items():
        rows = list(LimitRow.objects.filter(destination=source)) if source else []
        for row in rows:
            row.pk, row.destination = None, new[path]
            touched.add(row.profile_id)
        LimitRow.objects.bulk_create(rows)
    for profile in LimitProfile.objects.filter(pk__in=touched):
        publish_clients_of(profile)
