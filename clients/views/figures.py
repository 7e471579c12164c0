"""What limit profiles and a working schedule allow each day, shown while they are chosen."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import Reseller, WorkingSchedule
from clients.selectors import resellers_for
from clients.tenancy import Scope
from clients.views.base import PortalView, get_or_404
from limits.domain.effective import BLANK, Values, strictest_rows
from limits.domain.split import daily_seconds
from limits.models import Destination, LimitProfile
from limits.selectors import destination_parents, destinations, domain_profiles, profiles_available

EXAMPLE = "UK/Mobile"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: ``monthly`` minutes, or None with ``unlimited``; neither is barred."""

    name: str
    monthly: int | None = None
    unlimited: bool = False
    seconds: int | None = None
    note: str = ""
    names: tuple[str, ...] = ()
    is_example: bool = False


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The panel: lines by heading, and one of them worked out as a sum."""

    groups: list[tuple[str, list[Line]]] = field(default_factory=list)
    example: Line | None = None
    divisor: int = WorkingSchedule.WITH_WEEKENDS


def figures(scope: Scope, reseller: Reseller, profile_ids: Iterable[Any], divisor: Any) -> Figures:
    """What the profiles come to; ids that may not be seen are left out, an odd divisor is 30."""
    ids = [int(each) for each in profile_ids if str(each).isdecimal() and len(str(each)) < 19]
    days = 24 if str(divisor) == "24" else 30
    chosen = list(profiles_available(scope, reseller).filter(pk__in=ids).order_by("name"))
    return _Reader(chosen, days).read()


class _Reader:
    def __init__(self, chosen: list[LimitProfile], days: int) -> None:
        self.days = days
        self.names = [profile.name for profile in chosen]
        self.profiles = domain_profiles(chosen)
        self.rows = strictest_rows(self.profiles, destination_parents())
        self.nodes = list(destinations())

    def read(self) -> Figures:
        leaves: dict[str, list[Destination]] = {}
        for node in self.nodes:
            if node.is_leaf:
                leaves.setdefault(node.path.partition("/")[0], []).append(node)
        tops = [node for node in self.nodes if node.parent_id is None]
        groups = []
        for top in tops:
            below = leaves.get(top.path, [])
            lines = self._shared(top)
            lines += self._each(below) if len(below) < 20 else self._alike(below)
            groups.append((top.name, lines))
        listed = [line for _name, lines in groups for line in lines if line.seconds is not None]
        example = next((line for line in listed if line.is_example), listed[0] if listed else None)
        return Figures(groups=groups, example=example, divisor=self.days)

    def _shared(self, top: Destination) -> list[Line]:
        """The caps shared by all below a node, its own and those of its parts."""
        return [
            self._line(node, _("All of %s together") % node.name)
            for node in self.nodes
            if not node.is_leaf
            and f"{node.path}/".startswith(f"{top.path}/")
            and self.rows.get(node.pk, BLANK).says_minutes
        ]

    def _each(self, below: list[Destination]) -> list[Line]:
        return [self._line(node, node.name) for node in below]

    def _alike(self, below: list[Destination]) -> list[Line]:
        """One line for all destinations of the same limit, the highest limit first."""

        def limit(node: Destination) -> tuple[int, int]:
            row = self.rows.get(node.pk, BLANK)
            return (0, 0) if row.unlimited else (1, -(row.minutes or 0))

        lines = []
        for _limit, alike in groupby(sorted(below, key=limit), key=limit):
            nodes = list(alike)
            names = tuple(node.name for node in nodes)
            name = ", ".join(names[:3])
            if len(nodes) > 3:
                name = ngettext("%d destination", "%d destinations", len(nodes)) % len(nodes)
            lines.append(self._line(nodes[0], name, names=names if len(nodes) > 3 else ()))
        return lines

    def _line(self, node: Destination, name: str, *, names: tuple[str, ...] = ()) -> Line:
        row = self.rows.get(node.pk, BLANK)
        minutes = None if row.unlimited else row.minutes or None
        return Line(
            name=name,
            monthly=minutes,
            unlimited=row.unlimited,
            seconds=daily_seconds(minutes, self.days) if minutes else None,
            note="" if names else self._stricter(node, row),
            names=names,
            is_example=node.path == EXAMPLE,
        )

    def _stricter(self, node: Destination, row: Values) -> str:
        """Which profile decided, where several say something different."""
        said = [
            (name, profile.rows[node.pk])
            for name, profile in zip(self.names, self.profiles, strict=True)
            if node.pk in profile.rows and profile.rows[node.pk].says_minutes
        ]
        deciding = [name for name, own in said if own.minutes == row.minutes]
        if len(deciding) == len(said) or not deciding:
            return ""
        return _("%s is the stricter") % deciding[0]


class DailyFiguresView(PortalView):
    """The panel alone, as htmx asks for it while a person chooses."""

    permission = "client.create"
    template_name = "clients/daily_figures_table.html"

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)

    def context(self) -> dict[str, Any]:
        asked: QueryDict = self.request.GET
        profiles = [each for key in asked for each in asked.getlist(key) if _is(key, "profiles")]
        days = next((asked[key] for key in asked if _is(key, "schedule")), "30")
        return {"figures": figures(self.scope, self.reseller, profiles, days)}


def _is(key: str, name: str) -> bool:
    """Whether a field of some form's prefix is the one of that name."""
    return key.endswith(f"_{name}")
