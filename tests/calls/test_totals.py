"""What a reseller may use is shared by all clients below it (109), while calls run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from calls.store import functions, testing, writer
from calls.store.functions import Request
from calls.store.policy import AccountPolicy, ResellerPolicy, Tier
from tests.calls.worlds import (
    FRANCE,
    FRENCH_NUMBER,
    GEOGRAPHIC,
    HOUR,
    INTERNATIONAL,
    MOBILE,
    MONDAY,
    SHARD,
    UK,
    UNLIMITED,
    Switch,
    client,
    limited,
    working_week,
)

# 30 min a month are a minute a day.
MINUTE = limited(30)
OURS, ABOVE, TOP = 5, 4, 3
CHAIN = tuple(Tier(reseller_id=each) for each in (OURS, ABOVE, TOP))
NEIGHBOUR = AccountPolicy(account_id=12, client_id=2, version=1, country="GB", username="other")


@pytest.fixture
def switch(valkey):
    """Two clients with plenty of their own; the second is the neighbour's, under the same TOP."""
    switch = Switch(valkey)
    switch.load(client(tiers=CHAIN, rules={MOBILE: UNLIMITED, FRANCE: UNLIMITED}))
    return switch


def share(switch: Switch, totals: testing.Totals) -> None:
    """Publish both clients and the totals of the resellers above them."""
    rules = {MOBILE: UNLIMITED, FRANCE: UNLIMITED, GEOGRAPHIC: UNLIMITED}
    switch.change(totals, tiers=CHAIN, rules=rules)
    policy = client(client_id=2, tiers=CHAIN[1:], rules=rules)
    writer.put_client(switch.store, SHARD, policy, now_ms=switch.now)
    writer.put_account(switch.store, SHARD, NEIGHBOUR)


def neighbour(switch: Switch, dialled: str = "07700900124") -> str:
    verdict = switch.authorize(dialled, account_id=12)
    assert verdict.allowed, verdict.sentence
    switch.answer(verdict.call_id)
    return verdict.call_id


def test_a_total_that_is_spent_refuses_with_109_and_no_figures(switch):
    share(switch, {OURS: {MOBILE: MINUTE}})
    call_id = switch.call()
    switch.wait(60)
    switch.end(call_id)
    verdict = switch.authorize()
    assert (verdict.code, verdict.sip_status) == (109, 403)
    assert verdict.sentence == "Provider limit reached."
    assert switch.authorize("02071234567").allowed
    assert switch.authorize("07700900124", account_id=12).allowed  # not below OURS


@pytest.mark.parametrize("tier", [OURS, ABOVE, TOP])
def test_the_smallest_total_of_the_tiers_decides(switch, tier):
    share(
        switch,
        {each: {MOBILE: limited(60)} for each in (OURS, ABOVE, TOP)} | {tier: {MOBILE: MINUTE}},
    )
    assert switch.authorize().max_seconds == 60


def test_calls_of_several_clients_drain_a_total_together_and_are_cut_together(switch):
    share(switch, {TOP: {UK: MINUTE}})
    calls = [switch.call(), switch.call(), neighbour(switch)]
    elsewhere = switch.call(FRENCH_NUMBER)
    switch.wait(19.9)
    assert switch.sweep().hang_ups == ()
    switch.wait(0.1)
    cut = switch.sweep().hang_ups
    assert {(each.call_id, each.code) for each in cut} == {(call_id, 109) for call_id in calls}
    for call_id in calls:
        assert switch.end(call_id)[2] == "109"
    assert switch.used(UK, holder="r3") == 60_000
    assert switch.used(UK, holder="r4") == 60_000
    assert switch.used(UK, holder="r5") == 40_000
    assert switch.end(elsewhere)[2] == ""


def test_a_call_drains_its_clients_allowance_and_every_total_above(switch):
    limits = {MOBILE: limited(1000), INTERNATIONAL: limited(120)}
    switch.change({OURS: {MOBILE: MINUTE}, TOP: {UK: limited(60)}}, tiers=CHAIN, rules=limits)
    call_id = switch.call()
    switch.wait(10.4)
    assert switch.end(call_id) == ["OK", "10400", ""]
    holders = [(MOBILE, 1), (UK, 1), *((node, f"r{r}") for r in (3, 4, 5) for node in (MOBILE, UK))]
    assert {switch.used(node, holder=holder) for node, holder in holders} == {11_000}


def test_a_total_set_later_knows_of_calls_that_ended_or_run(switch):
    share(switch, {})
    ended = switch.call()
    switch.wait(20)
    switch.end(ended)
    running = switch.call()
    switch.wait(30)
    share(switch, {ABOVE: {MOBILE: MINUTE}})
    assert switch.authorize().max_seconds == 10
    switch.wait(10)
    assert [each.call_id for each in switch.sweep().hang_ups] == [running]


def test_a_raised_total_saves_the_calls_that_would_be_cut(switch):
    share(switch, {TOP: {MOBILE: MINUTE}})
    running = switch.call()
    switch.wait(60)
    assert [each.call_id for each in switch.sweep().hang_ups] == [running]
    share(switch, {TOP: {MOBILE: limited(60)}})
    switch.wait(5)
    assert switch.sweep().hang_ups == ()
    switch.wait(55)
    assert [each.code for each in switch.sweep().hang_ups] == [109]


def test_a_clients_spent_allowance_stays_the_reason_when_a_total_is_raised(switch):
    switch.change({OURS: {MOBILE: limited(60)}}, tiers=CHAIN, rules={MOBILE: MINUTE})
    running = switch.call()
    switch.wait(60)
    assert [each.code for each in switch.sweep().hang_ups] == [101]
    policy = ResellerPolicy(reseller_id=OURS, version=99, calendar=testing.days(working_week()))
    writer.put_reseller(switch.store, SHARD, policy, now_ms=switch.now)
    switch.wait(4)
    assert [each.code for each in switch.sweep().hang_ups] == [101]
    assert switch.end(running)[2] == "101"


def test_an_allow_list_of_the_client_is_not_above_a_total(switch):
    switch.change(
        {OURS: {MOBILE: MINUTE}}, tiers=CHAIN, rules={}, allowed={"447": 5}, rules_above={5: {}}
    )
    verdict = switch.authorize()
    assert verdict.max_seconds == 60
    switch.answer(verdict.call_id)
    switch.wait(60)
    assert [each.code for each in switch.sweep().hang_ups] == [109]


def test_a_total_runs_on_the_days_of_the_reseller(switch):
    """Its midnight is at 13:00 of the client: the call has a minute before it and one after."""
    early = working_week(first=MONDAY - timedelta(hours=35))
    share(switch, {})
    calendar = testing.days(early)
    named = tuple(
        replace(each, day=(MONDAY + timedelta(days=n - 1)).date().isoformat())
        for n, each in enumerate(calendar.segments)
    )
    policy = ResellerPolicy(
        reseller_id=TOP,
        version=99,
        calendar=replace(calendar, segments=named),
        totals={MOBILE: MINUTE},
    )
    writer.put_reseller(switch.store, SHARD, policy, now_ms=switch.now)
    switch.now += HOUR - 30_400
    running = switch.call()
    switch.wait(30.4)
    switch.sweep()
    switch.wait(59)
    assert switch.sweep().hang_ups == ()
    switch.wait(1)
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(running, 109)]
    assert switch.end(running) == ["OK", "90400", "109"]
    days = ["2026-03-02", "2026-03-03"]
    assert [switch.used(MOBILE, day=day, holder="r3") for day in days] == [30_000, 61_000]
    assert [switch.used(MOBILE, day=day) for day in days] == [91_000, 0]


def test_without_a_sweep_one_call_at_a_time_runs_on_a_total_whoever_makes_it(valkey):
    switch = Switch(valkey, sweeping=False)
    switch.load(client(tiers=CHAIN))
    share(switch, {TOP: {MOBILE: MINUTE}})
    switch.call()
    verdict = functions.authorize(
        valkey,
        SHARD,
        Request(account_id=12, dialled="07700900124", now_ms=switch.now),
    )
    assert verdict.code == 501


def test_a_reseller_that_is_not_published_decides_nothing(switch):
    switch.store.delete(f"{SHARD}:t:4")
    assert switch.authorize().code == 501


def test_an_emergency_call_counts_nowhere(switch):
    share(switch, {TOP: {MOBILE: MINUTE}})
    verdict = switch.authorize("999")
    switch.answer(verdict.call_id)
    switch.wait(600)
    assert switch.end(verdict.call_id)[0] == "OK"
    assert not list(switch.store.scan_iter(f"{SHARD}:a:*"))


def test_a_thousand_attempts_at_once_on_three_tiers_fill_every_capacity_and_pass_none(switch):
    """Capacities of a tree: whatever the order, as many are admitted as fit, and no more.

    The model is what fits: each tier takes what its children take, up to its own.
    """
    own = {1: 60, 2: 40, 3: 90, 4: 50}
    tiers = {
        1: (Tier(reseller_id=OURS, capacity=80), Tier(reseller_id=ABOVE, capacity=150)),
        2: (Tier(reseller_id=OURS, capacity=80), Tier(reseller_id=ABOVE, capacity=150)),
        3: (Tier(reseller_id=ABOVE, capacity=150),),
        4: (),
    }
    top = Tier(reseller_id=TOP, capacity=170)
    for number, capacity in own.items():
        chain = (*tiers[number], top)
        policy = client(client_id=number, version=50, tiers=chain, capacity=capacity)
        testing.put_client(switch.store, SHARD, policy, now_ms=switch.now)
        account = replace(NEIGHBOUR, account_id=20 + number, client_id=number)
        writer.put_account(switch.store, SHARD, account)
    switch.store.set(f"{SHARD}:beat", switch.now)

    def attempt(number: int) -> tuple[int, int | None]:
        asked = Request(account_id=21 + number % 4, dialled="07700900123", now_ms=switch.now)
        return 1 + number % 4, functions.authorize(switch.store, SHARD, asked).code

    with ThreadPoolExecutor(max_workers=16) as callers:
        answers = list(callers.map(attempt, range(1000)))
    admitted = Counter(number for number, code in answers if code is None)
    assert {code for _, code in answers} == {None, 108}
    below = min(80, own[1] + own[2])
    assert admitted.total() == min(170, min(150, below + own[3]) + own[4]) == 170
    assert all(admitted[number] <= own[number] for number in own)
    assert admitted[1] + admitted[2] <= below
    assert admitted[1] + admitted[2] + admitted[3] <= 150
    assert switch.store.zcard(f"{SHARD}:slots:r:{TOP}") == 170
