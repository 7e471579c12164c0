"""Today's allowances of a client as its page shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from calls.selectors import Allowance, Today, allowances_today
from calls.store.policy import DEFAULT_STEPS
from clients.domain.local_days import day_start
from clients.models import Client
from clients.tenancy import Scope
from limits.warnings import SPENT, warnings_today
from trunkportal.templatetags.look import minutes

SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of ``includes/allowances.html``; seconds, None where a figure does not apply."""

    destination: str
    daily_seconds: int | None
    off_hours_seconds: int | None
    used_seconds: int | None
    off_used_seconds: int | None
    in_progress_seconds: int | None
    left_seconds: int | None
    state: str = ""
    sentence: str = ""

    @property
    def in_use(self) -> bool:
        return bool(self.used_seconds or self.in_progress_seconds)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The rows to show and what was left out, counted."""

    rows: list[Row]
    today: Today
    begins_again_at: datetime
    more_in_use: int
    untouched: int
    barred: int

    @property
    def worst(self) -> Row | None:
        """The row that the page's badge names."""
        return next((row for row in self.rows if row.state == "spent"), None)


def allowances_shown(scope: Scope, client: Client, *, at: datetime, everything: bool) -> Shown:
    """Spent ones first, then near, in use and untouched; a few of them unless ``everything``."""
    today = allowances_today(scope, client, at)
    steps = (client.reseller.warning_steps if client.reseller else []) or DEFAULT_STEPS
    spent_at = {
        warning.destination_id: warning.at.astimezone(ZoneInfo(client.time_zone))
        for warning in warnings_today(scope, at=at, client_ids=[client.pk])
        if warning.step >= SPENT and not warning.off_hours
    }
    rows = [
        _row(each, first_step=min(int(step) for step in steps), spent_at=spent_at)
        for each in today.allowances
        if not each.barred
    ]
    rank = {"spent": 0, "near": 1}
    rows.sort(key=lambda row: (rank.get(row.state, 2), not row.in_use))
    in_use = [row for row in rows if row.in_use or row.state]
    shown = rows if everything else rows[:SHOWN]
    return Shown(
        rows=shown,
        today=today,
        begins_again_at=day_start(client.time_zone, today.on + timedelta(days=1)),
        more_in_use=max(0, len(in_use) - len(shown)),
        untouched=len(rows) - max(len(in_use), len(shown)),
        barred=sum(each.barred for each in today.allowances),
    )


def _row(each: Allowance, *, first_step: int, spent_at: dict[int, datetime]) -> Row:
    state, sentence = _state(each, first_step, spent_at.get(each.destination.pk))
    return Row(
        destination=each.label if each.is_leaf else _("%(name)s, shared") % {"name": each.label},
        daily_seconds=each.daily_seconds,
        off_hours_seconds=each.off_hours_seconds,
        used_seconds=each.used_seconds,
        off_used_seconds=each.off_used_seconds,
        in_progress_seconds=each.in_progress_seconds,
        left_seconds=each.left_seconds,
        state=state,
        sentence=sentence,
    )


def _state(each: Allowance, first_step: int, spent_at: datetime | None) -> tuple[str, str]:
    """The state of a row and, when something is wrong, one sentence about it."""
    if each.daily_seconds is None or each.left_seconds is None:
        return "", ""
    if each.left_seconds < 1:
        if spent_at:
            words = _("Spent at %(time)s. New calls are barred until midnight.")
            return "spent", words % {"time": f"{spent_at:%H:%M}"}
        return "spent", _("Spent. New calls are barred until midnight.")
    running = each.in_progress_seconds or 0
    taken = (each.used_seconds or 0) + running
    percent = taken * 100 // each.daily_seconds
    own_off_share = (each.off_hours_seconds or 0) < each.daily_seconds
    if own_off_share and each.off_left_seconds == 0:
        words = _(
            "The off-hours share, %(share)s min, is spent: barred in off-hours until midnight."
        )
        return "near" if percent >= first_step else "", words % {
            "share": minutes(each.off_hours_seconds)
        }
    if percent < first_step:
        return "", ""
    if running:
        return "near", _("%(percent)s %% with the calls in progress.") % {"percent": percent}
    return "near", _("%(percent)s %% of the day is used.") % {"percent": percent}
