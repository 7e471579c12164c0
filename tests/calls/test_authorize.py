"""The function in the store decides: every rule, in the order in which they refuse."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from calls.store import functions, writer
from calls.store.connection import IDENTITIES
from calls.store.policy import Calendar, NodeRules, Route, Routing, Tier
from tests.calls import worlds
from tests.calls.worlds import (
    ACCOUNT,
    FRANCE,
    FRENCH_NUMBER,
    HOUR,
    INTERNATIONAL,
    MOBILE,
    MOBILE_NUMBER,
    NOON,
    SHARD,
    UK,
    Switch,
    limited,
    working_week,
)

EVENING = NOON + 7 * HOUR


@pytest.fixture
def switch(valkey):
    made = Switch(valkey)
    made.load()
    return made


def test_answers_the_day_s_share_as_the_longest_talk_time(switch):
    verdict = switch.authorize()
    assert (verdict.allowed, verdict.max_seconds) == (True, 2000)
    assert (verdict.number, verdict.destination) == ("+447700900123", "UK/Mobile")
    assert verdict.routes == ("sip:+447700900123@192.0.2.10:5060;transport=udp",)


def test_refuses_call_when_daily_limit_is_spent(switch):
    call_id = switch.call()
    switch.wait(2000)
    switch.end(call_id)
    verdict = switch.authorize()
    assert (verdict.code, verdict.sip_status) == (101, 403)
    assert verdict.sentence == "UK Mobile allowance is spent: 33.33 of 33.33 min."
    assert switch.authorize("02079460000").allowed


def test_under_one_second_left_is_spent(switch):
    call_id = switch.call()
    switch.wait(1999)
    switch.end(call_id)
    assert switch.authorize().max_seconds == 1
    call_id = switch.call()
    switch.wait(0.001)
    assert switch.authorize().code == 101
    switch.end(call_id)


def test_a_shared_cap_holds_for_all_below_it(switch):
    switch.change(rules={FRANCE: limited(120), INTERNATIONAL: limited(60), MOBILE: limited(1000)})
    assert switch.authorize(FRENCH_NUMBER).max_seconds == 120
    call_id = switch.call(FRENCH_NUMBER)
    switch.wait(120)
    switch.end(call_id)
    verdict = switch.authorize(FRENCH_NUMBER)
    assert verdict.sentence == "International allowance is spent: 2.00 of 2.00 min."


@pytest.mark.parametrize(
    "written",
    [
        "07700900123",
        "+447700900123",
        "00447700900123",
        "447700900123",
        "tel:+44-7700-900-123",
        "1470 07700 900123",
        "(07700) 900.123;ext=7",
    ],
)
def test_a_number_written_in_any_way_hits_the_same_allowance(switch, written):
    call_id = switch.call(written)
    switch.wait(10)
    assert switch.used(MOBILE) == 10_000
    switch.end(call_id)


@pytest.mark.parametrize(
    "nonsense", ["", "abc", "0", "+", "07700900123x", "٠٧٧٠٠", "1|2", "9" * 90]
)
def test_nonsense_is_an_invalid_number(switch, nonsense):
    verdict = switch.authorize(nonsense)
    assert (verdict.code, verdict.sip_status) == (201, 484)


def test_an_emergency_call_skips_every_rule_but_those_of_the_account(switch):
    switch.change(
        status="suspended",
        capacity=0,
        prepaid=True,
        rules={},
        blocked=("9",),
        calendar=Calendar(segments=(), ends_at_ms=0),
        rate_table_id=None,
    )
    writer.put_account(switch.store, SHARD, replace(ACCOUNT, version=2, originates=False))
    verdict = switch.authorize("999")
    assert (verdict.allowed, verdict.emergency, verdict.max_seconds) == (True, True, None)
    assert switch.answer(verdict.call_id) == ["OK", ""]
    switch.wait(5 * 3600)
    assert switch.sweep().hang_ups == ()
    assert switch.end(verdict.call_id)[:2] == ["OK", str(5 * 3_600_000)]


def test_an_emergency_number_is_a_match_of_the_whole_number(switch):
    assert switch.authorize("9991").code == 201
    assert switch.authorize("112").emergency
    assert switch.authorize("18000").emergency


def refused_in_turn() -> list[tuple[int, dict[str, Any], str, int]]:
    """Each case lifts the refusal that came before it: the order of the rules."""
    mobile = {MOBILE: limited(1000)}
    capped = {
        MOBILE: limited(1000, max_price_per_minute=Decimal("0.0128"), max_setup_price=Decimal(0))
    }
    setup = {MOBILE: limited(1000, max_setup_price=Decimal(0))}
    tiny = {MOBILE: limited(0, divisor=30)}
    return [
        (201, {"status": "suspended"}, "nonsense", NOON),
        (309, {"status": "suspended"}, "+4930123456", NOON),
        (202, {"blocked": ("49",)}, "+4930123456", NOON),
        (401, {"blocked": ("447",), "rules": {}}, MOBILE_NUMBER, NOON),
        (107, {"rules": {}, "calendar": working_week(percent=0)}, MOBILE_NUMBER, EVENING),
        (107, {"rules": tiny}, MOBILE_NUMBER, NOON),
        (
            106,
            {"calendar": working_week(percent=0), "bar_international_off_hours": True},
            FRENCH_NUMBER,
            EVENING,
        ),
        (
            105,
            {"bar_international_off_hours": True, "rate_table_id": None},
            FRENCH_NUMBER,
            EVENING,
        ),
        (203, {"rate_table_id": None, "rules": capped}, MOBILE_NUMBER, NOON),
        (102, {"rules": capped}, MOBILE_NUMBER, NOON),
        (103, {"rules": setup, "high_price": Decimal(0)}, MOBILE_NUMBER, EVENING),
        (
            104,
            {
                "rules": mobile,
                "high_price": Decimal("0.0127"),
                "bar_high_price_off_hours": True,
                "prepaid": True,
            },
            MOBILE_NUMBER,
            EVENING,
        ),
        (110, {"rules": mobile, "prepaid": True, "capacity": 0}, MOBILE_NUMBER, NOON),
        (108, {"rules": mobile, "capacity": 0}, MOBILE_NUMBER, NOON),
    ]


@pytest.mark.parametrize(("code", "changes", "dialled", "moment"), refused_in_turn())
def test_the_first_rule_in_order_refuses(switch, code, changes, dialled, moment):
    switch.now = moment
    switch.change(**changes)
    assert switch.authorize(dialled).code == code


def test_prices_just_below_their_caps_pass(switch):
    rules = limited(
        1000, max_price_per_minute=Decimal("0.012801"), max_setup_price=Decimal("0.000001")
    )
    switch.change(rules={MOBILE: rules})
    assert switch.authorize().allowed


def test_a_high_price_is_more_than_the_client_s_value(switch):
    switch.now = EVENING
    switch.change(high_price=Decimal("0.0128"), bar_high_price_off_hours=True)
    assert switch.authorize().allowed
    switch.change(high_price=None, bar_high_price_off_hours=True)
    assert switch.authorize().allowed


def test_a_charged_tier_without_a_rate_refuses_with_203(switch):
    switch.change(tiers=(Tier(reseller_id=5), Tier(reseller_id=4, rate_table_id=77)))
    assert switch.authorize().code == 203


def test_refusals_of_the_account_come_before_the_number(switch):
    assert switch.authorize("nonsense", account_id=12).code == 305
    account = replace(
        ACCOUNT,
        version=2,
        addresses=("192.0.2.0/24", "2001:db8::/33"),
        tech_prefix="88#",
        callers=("+441134960180",),
    )
    writer.put_account(switch.store, SHARD, account)
    assert switch.authorize("nonsense", source="198.51.100.1").code == 307
    assert switch.authorize("nonsense", source="2001:db8:8000::1").code == 307
    assert switch.authorize("nonsense", source="2001:db8::9").code == 310
    assert switch.authorize("88#nonsense", source="192.0.2.9", caller="0113").code == 311
    assert switch.authorize("88#nonsense", source="192.0.2.9", caller="01134960180").code == 201
    good = {"source": "192.0.2.9", "caller": "+441134960180"}
    assert switch.authorize(f"88#{MOBILE_NUMBER}", **good).allowed


def test_an_inactive_account_is_refused_with_308(switch):
    writer.put_account(switch.store, SHARD, replace(ACCOUNT, version=2, originates=False))
    assert switch.authorize().code == 308


def test_a_number_without_a_route_is_refused_last(switch):
    writer.put_routing(switch.store, SHARD, Routing(version=2, routes=()))
    verdict = switch.authorize()
    assert (verdict.code, verdict.sip_status) == (313, 404)


def test_a_call_never_returns_to_its_own_account(switch):
    own = Route(account_id=11, host="192.0.2.9")
    writer.put_routing(switch.store, SHARD, Routing(version=2, routes=(own,)))
    assert switch.authorize().code == 313


def test_off_hours_have_a_share_of_their_own_within_the_day_s(switch):
    switch.now = EVENING
    switch.change(calendar=working_week(percent=50))
    assert switch.authorize().max_seconds == 1000
    call_id = switch.call()
    switch.wait(1000)
    switch.end(call_id)
    verdict = switch.authorize()
    sentence = "Today's off-hours allowance for UK Mobile is spent: 16.67 of 16.67 min."
    assert (verdict.code, verdict.sentence) == (101, sentence)
    switch.now = NOON + 24 * HOUR
    assert switch.authorize().max_seconds == 2000


def test_an_allowed_number_is_held_only_to_limits_set_above_the_list(switch):
    switch.change(
        rules={FRANCE: limited(10, max_price_per_minute=Decimal("0.001"))},
        allowed={"336": 1, "337": 2},
        rules_above={1: {FRANCE: limited(30)}, 2: {}},
    )
    assert switch.authorize("+33123456789").code == 102
    assert switch.authorize("+33612345678").max_seconds == 60
    call_id = switch.call("+33612345678")
    switch.wait(60)
    assert {each.call_id for each in switch.sweep().hang_ups} == {call_id}
    switch.end(call_id)
    assert switch.authorize("+33612345678").code == 101
    assert switch.authorize("+33712345678").allowed


def test_a_blocked_number_is_blocked_though_it_is_allowed(switch):
    switch.change(blocked=("4477009",), allowed={"447700900123": 0})
    assert switch.authorize().code == 401


@pytest.mark.parametrize(
    ("capacity", "form"),
    [
        ({"capacity": 2}, "client"),
        ({"tiers": (Tier(reseller_id=5, capacity=2),)}, "tier"),
        ({"tiers": (Tier(reseller_id=5), Tier(reseller_id=4, capacity=2))}, "tier"),
    ],
)
def test_capacity_counts_from_authorisation_to_end_ringing_included(switch, capacity, form):
    switch.change(**capacity)
    first, second = switch.authorize(), switch.authorize()
    third = switch.authorize()
    assert (third.code, third.sip_status) == (108, 480)
    assert (form == "tier") == (third.sentence == "Provider limit reached: capacity.")
    switch.end(second.call_id, why="cancelled")
    assert switch.authorize().allowed
    switch.end(first.call_id)


def test_an_account_s_own_capacity_is_counted(switch):
    writer.put_account(switch.store, SHARD, replace(ACCOUNT, version=2, capacity=1))
    assert switch.authorize().allowed
    assert switch.authorize().code == 108


def test_a_reservation_that_is_never_answered_frees_its_slot_after_five_minutes(switch):
    switch.change(capacity=1)
    switch.authorize()
    switch.wait(299)
    assert switch.authorize().code == 108
    switch.wait(1.001)
    assert switch.authorize().allowed


def test_the_same_request_gets_the_same_answer_and_reservation(switch):
    first = switch.authorize(request_id="r1", node="sw1")
    assert switch.authorize(request_id="r1", node="sw1") == first
    assert switch.authorize(request_id="r1", node="sw2").call_id != first.call_id
    refused = switch.authorize("nonsense", request_id="r2")
    assert switch.authorize("nonsense", request_id="r2") == refused
    assert switch.store.xlen(f"{SHARD}:ev") == 1


def test_nothing_is_decided_without_policy_calendar_or_epoch(switch):
    switch.now = worlds.working_week().ends_at_ms
    verdict = switch.authorize()
    assert (verdict.code, verdict.sip_status) == (501, 503)
    switch.now = NOON
    switch.store.delete(f"{SHARD}:c:1")
    assert switch.authorize().code == 501
    switch.store.hdel(f"{SHARD}:g", "epoch")
    assert switch.authorize(account_id=99).code == 501
    switch.store.hdel(f"{IDENTITIES}:g", "epoch")
    assert functions.identify_name(switch.store, "acme") == ["UNREADY"]


def test_without_a_running_sweep_the_remainder_goes_to_one_call_at_a_time(switch):
    switch.sweeping = False
    first = switch.authorize()
    assert first.allowed
    switch.wait(6)
    assert switch.authorize().code == 501
    assert switch.authorize("02079460000").allowed
    switch.end(first.call_id, why="failed")
    assert switch.authorize().allowed


def test_explain_says_the_same_as_authorize_and_reserves_nothing(switch):
    switch.change(capacity=1, rules={MOBILE: limited(1000), UK: limited(300)})
    keys = set(switch.store.keys("*"))
    request = functions.Request(account_id=11, dialled=MOBILE_NUMBER, now_ms=switch.now)
    facts = functions.explain(switch.store, SHARD, request)
    assert (facts["allowed"], facts["max"]) == (True, 600)
    assert set(switch.store.keys("*")) == keys
    assert switch.authorize().max_seconds == 600
    facts = functions.explain(switch.store, SHARD, request)
    assert (facts["code"], facts["sip"]) == (108, 480)
    assert [each["rule"] for each in facts["rules"] if each.get("code")] == ["capacity"]
    assert facts["rules"][-1]["rule"] == "route"


def test_an_older_policy_never_takes_a_newer_one_s_place(switch):
    policy = worlds.client(version=7, rules={MOBILE: NodeRules(unlimited=True)})
    assert writer.put_client(switch.store, SHARD, policy)
    assert not writer.put_client(switch.store, SHARD, worlds.client(version=6))
    assert switch.authorize().max_seconds == 10800


def test_a_removed_client_s_calls_are_cut_and_refused(switch):
    call_id = switch.call()
    writer.remove_client(switch.store, SHARD, 1, 9)
    assert switch.authorize().code == 501
    hang_ups = functions.sweep(switch.store, SHARD).hang_ups
    assert [(each.call_id, each.code) for each in hang_ups] == [(call_id, 309)]


def test_without_a_sweep_the_switchs_own_timer_is_what_is_left(valkey):
    switch = Switch(valkey, sweeping=False)
    switch.load()
    verdict = switch.authorize()
    assert (verdict.max_seconds, verdict.long_seconds) == (2000, 2000)


def test_an_account_of_certain_addresses_is_refused_from_nowhere(switch):
    writer.put_account(
        switch.store, SHARD, replace(ACCOUNT, version=2, addresses=("192.0.2.0/24",))
    )
    assert switch.authorize(source="192.0.2.7").allowed
    assert switch.authorize(source="").code == 307
