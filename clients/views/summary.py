"""What a person has chosen for a client, in the lines of a summary."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import BillingMode
from trunkportal.templatetags.look import money


def general(values: Mapping[str, Any]) -> list[str]:
    """Lines of the General step, first trunk included."""
    table = values["rate_table"]
    capacity = values["trunk_capacity"]
    return [
        f"{values['name']}, {values['reference']}",
        ", ".join(part for part in (values["contact_name"], values["phone"]) if part),
        values["email"],
        ", ".join(
            [values["time_zone"], values["currency"], table.name if table else _("default rates")]
        ),
        _("%(name)s, no limit of calls at once") % {"name": values["trunk_name"]}
        if capacity is None
        else ngettext(
            "%(name)s, %(count)s call at once", "%(name)s, %(count)s calls at once", capacity
        )
        % {"name": values["trunk_name"], "count": capacity},
    ]


def additional(values: Mapping[str, Any], currency: str) -> list[str]:
    """Lines of the Additional step."""
    price = values["high_price_amount"]
    return [
        ", ".join(profile.name for profile in values["limit_profiles"]),
        _("%(days)s days; calls cut at %(minutes)s min")
        % {"days": values["working_schedule"], "minutes": values["long_call_minutes"]},
        _("high price over %s") % money(price, currency) if price is not None else "",
    ]


def billing(values: Mapping[str, Any], currency: str) -> list[str]:
    """Lines of the Billing step."""
    mode = BillingMode(values["billing_mode"]).label
    limit = values["credit_limit"]
    credit = _("credit limit %s") % money(limit, currency) if limit is not None else ""
    return [values["billing_email"], ", ".join(part for part in (str(mode), credit) if part)]
