"""What would happen to a call, and why: the store's own verdict on every rule, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import redis
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from calls import reasons
from calls.store import functions
from calls.store.connection import store, tag
from calls.store.encode import calendar_fields
from calls.store.functions import Request
from calls.store.read import calendar, client_week, reseller_calendar, tiers, to_ms
from clients import tenancy
from clients.tenancy import PLATFORM
from limits.domain.split import minutes_text

RULES = {
    "account": gettext_lazy("Account"),
    "address": gettext_lazy("Address"),
    "tech_prefix": gettext_lazy("Tech prefix"),
    "caller": gettext_lazy("Caller number"),
    "number": gettext_lazy("Number"),
    "policy": gettext_lazy("Policy"),
    "active": gettext_lazy("Account active"),
    "suspended": gettext_lazy("Client and provider"),
    "destination": gettext_lazy("Destination"),
    "lists": gettext_lazy("Block and allow lists"),
    "profile": gettext_lazy("Limit profiles"),
    "working_time": gettext_lazy("Working time"),
    "international": gettext_lazy("International off-hours"),
    "rate": gettext_lazy("Rate"),
    "price": gettext_lazy("Price a minute"),
    "setup": gettext_lazy("Set-up price"),
    "high_price": gettext_lazy("High price off-hours"),
    "daily": gettext_lazy("Daily limit"),
    "total": gettext_lazy("Provider's limit"),
    "enforcement": gettext_lazy("Enforcement"),
    "balance": gettext_lazy("Balance"),
    "capacity": gettext_lazy("Capacity"),
    "route": gettext_lazy("Route"),
}
MILLION = 1_000_000
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


@dataclass(frozen=True, kw_only=True)
class RuleVerdict:
    """One rule: ``passed``, and what was found with its figures. ``decisive`` refused the call."""

    rule: str
    passed: bool
    detail: str
    decisive: bool = False


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The answer. ``max_seconds`` 0 for a refused call, None where nothing limits it."""

    allowed: bool
    code: int | None
    sip_status: int
    sentence: str
    number: str | None = None
    destination: str | None = None
    max_seconds: int | None = 0
    routes: tuple[str, ...] = ()
    rules: tuple[RuleVerdict, ...] = ()
    changes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What ``explain_call`` prints."""
        rules = [
            {"rule": each.rule, "passed": each.passed, "detail": each.detail} for each in self.rules
        ]
        return {
            "allowed": self.allowed,
            "code": self.code,
            "sip_status": self.sip_status,
            "sentence": self.sentence,
            "number": self.number,
            "destination": self.destination,
            "max_seconds": self.max_seconds,
            "routes": list(self.routes),
            "rules": rules,
        }


def explain_call(
    *, account: Account, dialled: str, caller: str, at: datetime, routes_shown: bool = False
) -> Explanation:
    """Decide as for a real call at ``at`` and reserve nothing; the caller has a read transaction.

    The routes are the platform's own: ``routes_shown`` only to those who run it.
    Accounts of vendors make no calls. With the store away the answer is 501, as for a real call.
    """
    client = account.client
    if client.reseller is None:
        return Explanation(
            allowed=False, code=305, sip_status=403, sentence=reasons.sentence(305, {})
        )
    request = Request(
        account_id=account.pk,
        dialled=dialled,
        caller=caller,
        auth="ip" if account.ident_by == "ip" else "name",
        now_ms=to_ms(at),
    )
    calendars = {str(client.pk): calendar_fields(calendar(client, client_week(client), at=at))}
    with tenancy.entered(PLATFORM):  # the days of resellers above decide, and are not shown
        for reseller in tiers(client):
            calendars[f"r{reseller.pk}"] = calendar_fields(reseller_calendar(reseller, at=at))
    try:
        facts = functions.explain(store(), tag(client.reseller.shard), request, calendars)
    except redis.RedisError:
        sentence = reasons.sentence(501, {"form": "store"})
        return Explanation(allowed=False, code=501, sip_status=503, sentence=sentence)
    facts |= {"currency": client.currency, "routes_shown": routes_shown}
    return _read(facts, account)


def _read(facts: Mapping[str, Any], account: Account) -> Explanation:
    allowed, code = bool(facts["allowed"]), facts.get("code")
    emergency = bool(facts.get("emergency"))
    longest = None if emergency else facts.get("max", 0)
    number = facts.get("number") or {}
    destination = facts.get("destination") or {}
    return Explanation(
        allowed=allowed,
        code=code,
        sip_status=facts["sip"],
        sentence=_allowed_sentence(longest)
        if allowed
        else reasons.sentence(code or 0, facts.get("params") or {}),
        number=number.get("number"),
        destination=destination.get("path"),
        max_seconds=longest if allowed else 0,
        routes=tuple(facts.get("routes") or ()) if allowed and facts["routes_shown"] else (),
        rules=tuple(_rules(facts, account)),
        changes=() if allowed or code is None else (change_for(code, facts.get("params") or {}),),
        facts=facts,
    )


def _allowed_sentence(longest: int | None) -> str:
    if longest is None:
        return _("The emergency call is allowed; nothing limits it.")
    return _("The call is allowed and may last %(minutes)s min.") % {
        "minutes": minutes_text(longest)
    }


def _rules(facts: Mapping[str, Any], account: Account) -> list[RuleVerdict]:
    verdicts, refused = [], False
    for each in facts["rules"]:
        if not each["known"]:
            continue
        code = each.get("code")
        decisive = code is not None and not refused
        refused = refused or code is not None
        verdicts.append(
            RuleVerdict(
                rule=str(RULES[each["rule"]]),
                passed=code is None,
                detail=reasons.sentence(code, each.get("params") or {})
                if code
                else found(each["rule"], facts, account),
                decisive=decisive,
            )
        )
    return verdicts


def found(rule: str, facts: Mapping[str, Any], account: Account) -> str:
    """What a rule that passed has found, with its figures."""
    if rule == "account":
        ways = {"name": _("by SIP username"), "ip": _("by address"), "ani": _("by caller")}
        return f"{account.identity}, {ways[account.ident_by]}"
    detail = DETAILS.get(rule)
    return detail(facts) if detail else _("Passed")


def _number(facts: Mapping[str, Any]) -> str:
    if facts.get("emergency"):
        text = _("%(number)s is an emergency number: no other rule is asked.")
        return str(text % facts["number"])
    return str(facts["number"]["number"])


def _destination(facts: Mapping[str, Any]) -> str:
    texts = {"path": facts["destination"]["path"], "prefix": facts["prefix"]}
    return _("%(path)s, longest matching prefix %(prefix)s") % texts


def _lists(facts: Mapping[str, Any]) -> str:
    if facts.get("level") is not None:
        return _("On the allow list: limits of its owner and of those below are skipped")
    return _("On neither list")


def _working_time(facts: Mapping[str, Any]) -> str:
    if facts["period"].get("off"):
        return str(_("Off-hours at %(percent)s %%") % facts["period"])
    return _("Working time")


def _rate(facts: Mapping[str, Any]) -> str:
    rate = facts["rate"]
    texts = {"price": _money(facts, "price"), "prefix": rate["prefix"]}
    return _("%(price)s a minute, prefix %(prefix)s") % texts


def _routes(facts: Mapping[str, Any]) -> str:
    found: list[str] = facts.get("routes") or []
    return ", ".join(found) if facts["routes_shown"] else str(_("There is a route"))


DETAILS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "number": _number,
    "destination": _destination,
    "lists": _lists,
    "working_time": _working_time,
    "rate": _rate,
    "price": lambda facts: _("%(price)s a minute") % {"price": _money(facts, "price")},
    "setup": lambda facts: _("%(price)s to set up") % {"price": _money(facts, "setup")},
    "daily": lambda facts: _allowances(facts.get("allowances") or []),
    "capacity": lambda facts: _capacity(facts.get("slots") or []),
    "route": _routes,
}


def _money(facts: Mapping[str, Any], what: str) -> str:
    """A price of the rate, as the store's sentences write one."""
    whole, part = divmod(int(facts["rate"].get(what) or 0), MILLION)
    decimals = f"{part:06d}".rstrip("0")
    sign = SYMBOLS.get(facts["currency"], f"{facts['currency']} ")
    return f"{sign}{whole}.{decimals:0<2}"


def _allowances(allowances: list[Mapping[str, Any]]) -> str:
    if not allowances:
        return _("Unlimited")
    texts = []
    for each in allowances:
        figures = {
            "destination": each["destination"],
            "used": minutes_text(int(each["used"]) // 1000),
            "limit": minutes_text(int(each["limit"]) // 1000),
        }
        text = (
            _("%(destination)s off-hours: %(used)s of %(limit)s min used")
            if each["off"]
            else _("%(destination)s: %(used)s of %(limit)s min used")
        )
        texts.append(text % figures)
    return "; ".join(texts)


def _capacity(slots: list[Mapping[str, Any]]) -> str:
    own = [each for each in slots if each.get("limit") is not None and each["form"] != "tier"]
    if not own:
        return _("No limit of its own")
    return "; ".join(
        _("%(used)s of %(limit)s calls") % {"used": each["used"], "limit": each["limit"]}
        for each in own
    )


def change_for(code: int, parameters: Mapping[str, Any]) -> str:
    """What would let a refused call through, in one sentence."""
    if code == 101 and parameters.get("form") == "off":
        return _("Raise the off-hours limit of the day, or wait for working time.")
    changes = {
        101: _("Raise the monthly minutes of %(destination)s, or wait for the next day."),
        102: _("Raise the cap on the price a minute above %(price)s."),
        103: _("Raise the cap on the set-up price above %(price)s."),
        104: _("Raise the High price calls value to %(price)s, or wait for working time."),
        105: _("Allow international calls during off-hours, or wait for working time."),
        106: _("Give the day an off-hours limit above 0, or wait for working time."),
        107: _("Allocate a limit profile that gives %(destination)s minutes."),
        108: _("Wait for a call to end, or raise the capacity."),
        109: _("Ask the provider."),
        110: _("Make the client postpaid, or add to its balance."),
        201: _("Dial a valid number."),
        202: _("Add the number's prefix to the destination catalogue."),
        203: _("Add a rate for the number to the rate table."),
        305: _("Check the account."),
        307: _("Add the address to the account's allowed addresses."),
        308: _("Enable the account's originator settings."),
        309: _("End the suspension."),
        310: _("Dial the account's tech prefix first."),
        311: _("Add the caller number to the account's allowed callers."),
        313: _("Add a route."),
        401: _("Take %(prefix)s off the block list."),
    }
    template = changes.get(code, _("Try again in a moment."))
    return template % {key: str(value) for key, value in parameters.items()}
