"""Packs policy into the fields that ``lua/*.lua`` reads.

Prices are whole millionths, times milliseconds, rules one JSON object a node.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from calls.store.policy import (
    AccountPolicy,
    Calendar,
    Catalogue,
    ClientPolicy,
    NodeRules,
    RatePolicy,
    ResellerPolicy,
    Route,
    Routing,
)

MILLION = 1_000_000
Fields = dict[str, str]


def micro(amount: Decimal | None) -> int | None:
    """An amount in millionths of the currency; exact, since amounts have at most 6 decimals."""
    return None if amount is None else int(amount * MILLION)


def packed(value: Mapping[str, Any]) -> str:
    """JSON without the members that are None."""
    kept = {key: item for key, item in value.items() if item is not None}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def encode_policy(policy: ClientPolicy) -> Fields:
    """The hash of one client: ``m`` the client, ``n:ID`` rules, ``b:`` and ``w:`` the lists."""
    fields = {"m": _client(policy), "v": str(policy.version)}
    for node, rules in policy.rules.items():
        fields[f"n:{node}"] = _rules(rules)
    for level, above in policy.rules_above.items():
        for node, rules in above.items():
            fields[f"n:{node}@{level}"] = _rules(rules)
    fields.update({f"b:{prefix}": "1" for prefix in policy.blocked})
    fields.update({f"w:{prefix}": str(level) for prefix, level in policy.allowed.items()})
    return fields


def encode_reseller(policy: ResellerPolicy) -> Fields:
    """The hash of one reseller: ``m`` its calendar, ``n:ID`` what all below it may use."""
    fields = {"m": packed(calendar_fields(policy.calendar)), "v": str(policy.version)}
    fields.update({f"n:{node}": _rules(rules) for node, rules in policy.totals.items()})
    return fields


def calendar_fields(calendar: Calendar) -> dict[str, Any]:
    """Segments as ``[start, day, 1 for off-hours, per cent]``, and where the calendar ends."""
    segments: list[list[object]] = [
        [each.starts_at_ms, each.day, int(not each.working), each.off_percent]
        for each in calendar.segments
    ]
    return {"calendar": segments, "until": calendar.ends_at_ms}


def _client(policy: ClientPolicy) -> str:
    return packed(
        {
            "status": policy.status,
            "country": policy.country,
            "currency": policy.currency,
            "capacity": policy.capacity,
            "long": policy.long_call_seconds * 1000,
            "rates": policy.rate_table_id,
            "high": micro(policy.high_price),
            "bar_high": policy.bar_high_price_off_hours or None,
            "bar_international": policy.bar_international_off_hours or None,
            "prepaid": policy.prepaid or None,
            "lists": bool(policy.blocked or policy.allowed) or None,
            "steps": " ".join(str(step) for step in sorted(policy.warning_steps)),
            "levels": sorted(level for level, rules in policy.rules_above.items() if rules),
            "tiers": [
                {"id": tier.reseller_id}
                | ({"status": tier.status} if tier.status != "active" else {})
                | ({"capacity": tier.capacity} if tier.capacity is not None else {})
                | ({"rates": tier.rate_table_id} if tier.rate_table_id is not None else {})
                for tier in policy.tiers
            ],
        }
        | calendar_fields(policy.calendar)
    )


def _rules(rules: NodeRules) -> str:
    limited = rules.monthly_minutes is not None and not rules.unlimited
    return packed(
        {
            "unlimited": rules.unlimited or None,
            "barred": (limited and rules.monthly_minutes == 0) or None,
            "month": rules.monthly_minutes if limited else None,
            "day": rules.day_seconds * 1000 if limited else None,
            "off": {str(percent): seconds * 1000 for percent, seconds in rules.off_seconds.items()}
            if limited
            else None,
            "price": micro(rules.max_price_per_minute),
            "setup": micro(rules.max_setup_price),
        }
    )


def encode_account(account: AccountPolicy, networks: list[str]) -> Fields:
    """The hash of one account on its shard; ``networks`` are its addresses, packed."""
    return {
        "v": str(account.version),
        "m": packed(
            {
                "client": account.client_id,
                "country": account.country,
                "ident": account.ident_by,
                "addresses": networks if account.ident_by == "name" else [],
                "tech": account.tech_prefix,
                "callers": list(account.callers),
                "originates": account.originates or None,
                "capacity": account.capacity,
                "rates": account.rate_table_id,
            }
        ),
    }


def encode_catalogue(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """``p:PREFIX``, ``d:ID`` leaves, ``l:ID`` labels, ``c:ISO`` and ``n:CODE`` number plans."""
    for prefix, destination_id in catalogue.prefixes.items():
        yield f"p:{prefix}", str(destination_id)
    for leaf in catalogue.leaves:
        nodes = [str(node) for node in leaf.nodes]
        info = {"path": leaf.path, "label": leaf.label, "country": leaf.country, "nodes": nodes}
        yield f"d:{leaf.destination_id}", packed(info)
    for node, label in catalogue.labels.items():
        yield f"l:{node}", label
    for iso, record in catalogue.countries.items():
        yield f"c:{iso}", record
    for code, record in catalogue.codes.items():
        yield f"n:{code}", record


def encode_rates(policy: RatePolicy) -> Iterator[tuple[str, str]]:
    """Each prefix with its prices, newest first, as ``price|set-up|min|inc|from|until`` lines."""
    by_prefix: dict[str, list[tuple[int, str]]] = {}
    for rate in policy.rates:
        until = "" if rate.until_ms is None else str(rate.until_ms)
        line = (
            f"{micro(rate.price_per_minute)}|{micro(rate.setup_price)}|{rate.minimum_seconds}"
            f"|{rate.increment_seconds}|{rate.from_ms}|{until}"
        )
        by_prefix.setdefault(rate.prefix, []).append((rate.from_ms, line))
    for prefix, lines in by_prefix.items():
        yield prefix, "\n".join(line for _, line in sorted(lines, reverse=True))


def encode_routing(routing: Routing) -> Fields:
    """The routes as fields of the shard's own hash."""
    return {
        "routes": json.dumps([_route(route) for route in routing.routes]),
        "emergency": json.dumps([_route(route) for route in routing.emergency]),
    }


def _route(route: Route) -> dict[str, str]:
    host = f"[{route.host}]" if ":" in route.host else route.host
    port = f":{route.port}" if route.port else ""
    prefix = route.tech_prefix.replace("#", "%23")
    return {
        "account": str(route.account_id),
        "prefix": prefix,
        "at": f"@{host}{port};transport={route.protocol}",
    }
