"""Calls drain their allowances together, to the millisecond, and are cut when one is spent."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.store import functions, writer
from calls.store.policy import Calendar, Segment, Tier
from tests.calls import worlds
from tests.calls.worlds import (
    FRANCE,
    FRENCH_NUMBER,
    HOUR,
    INTERNATIONAL,
    MOBILE,
    MOBILE_NUMBER,
    NOON,
    SHARD,
    UK,
    UNLIMITED,
    Switch,
    limited,
    working_week,
)

MIDNIGHT = NOON + 12 * HOUR
KNOCK_OFF = NOON + 5 * HOUR + HOUR // 2


@pytest.fixture
def switch(valkey):
    made = Switch(valkey)
    made.load()
    return made


def test_ten_calls_with_sixty_seconds_left_end_after_six(switch):
    switch.change(rules={MOBILE: limited(30)})
    calls = [switch.call() for _ in range(10)]
    switch.wait(5.999)
    assert switch.sweep().hang_ups == ()
    switch.wait(0.001)
    swept = switch.sweep()
    assert sorted(each.call_id for each in swept.hang_ups) == sorted(calls)
    assert {(each.code, each.node, each.h_entry, each.h_id) for each in swept.hang_ups} == {
        (101, "sw1", "1", "2")
    }
    for call_id in calls:
        assert switch.end(call_id, why="cut") == ["OK", "6000", "101"]
    assert switch.used(MOBILE) == 60_000


def test_a_call_to_be_cut_is_listed_again_until_it_has_ended(switch):
    switch.change(rules={MOBILE: limited(30)})
    call_id = switch.call()
    switch.wait(60)
    assert len(switch.sweep().hang_ups) == 1
    switch.wait(2.9)
    assert switch.sweep().hang_ups == ()
    switch.wait(0.1)
    assert len(switch.sweep().hang_ups) == 1
    switch.end(call_id, why="cut")
    switch.wait(5)
    assert switch.sweep().hang_ups == ()


def test_no_other_call_is_cut(switch):
    switch.change(rules={MOBILE: limited(30), FRANCE: limited(120), INTERNATIONAL: limited(60)})
    spent, other = switch.call(), switch.call(FRENCH_NUMBER)
    switch.wait(60)
    assert [each.call_id for each in switch.sweep().hang_ups] == [spent]
    switch.wait(60)
    assert other in {each.call_id for each in switch.sweep().hang_ups}


def test_every_call_counts_on_its_destination_and_all_above_it(switch):
    call_id = switch.call(FRENCH_NUMBER)
    switch.wait(1.234)
    assert [switch.used(n) for n in (FRANCE, worlds.EUROPE, INTERNATIONAL, UK)] == [1234] * 3 + [0]
    switch.end(call_id)
    assert [switch.used(n) for n in (FRANCE, worlds.EUROPE, INTERNATIONAL)] == [2000] * 3


def test_a_limit_raised_or_lowered_holds_for_calls_in_progress(switch):
    switch.change(rules={MOBILE: limited(30)})
    call_id = switch.call()
    switch.wait(59)
    switch.change(rules={MOBILE: limited(60)})
    switch.wait(2)
    assert switch.sweep().hang_ups == ()
    switch.change(rules={MOBILE: limited(30)})
    assert [each.call_id for each in switch.sweep().hang_ups] == [call_id]
    switch.change(rules={MOBILE: limited(60)})
    switch.wait(4)
    assert switch.sweep().hang_ups == ()
    assert switch.end(call_id) == ["OK", "65000", ""]


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {UK: UNLIMITED},
        {MOBILE: limited(0)},
        {MOBILE: UNLIMITED, UK: limited(0)},
    ],
    ids=["blank", "only a parent has a value", "barred", "a parent is barred"],
)
def test_calls_in_progress_are_cut_once_their_destination_is_barred(switch, rules):
    talking, ringing = switch.call(), switch.authorize()
    other = switch.call(FRENCH_NUMBER)
    rest = {FRANCE: limited(120)}
    switch.change(rules=rules | rest)
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(talking, 107)]
    switch.answer(ringing.call_id)
    assert (ringing.call_id, 107) in {(each.call_id, each.code) for each in switch.sweep().hang_ups}
    assert switch.end(talking, why="cut") == ["OK", "0", "107"]
    assert switch.events("call")[0]["params"] == {"destination": "UK Mobile"}
    switch.change(rules={MOBILE: UNLIMITED} | rest)
    switch.wait(5)
    assert switch.sweep().hang_ups == ()
    assert switch.end(ringing.call_id) == ["OK", "5000", ""]
    assert switch.end(other)[2] == ""


def test_a_cap_that_is_taken_away_cuts_nobody(switch):
    switch.change(rules={FRANCE: UNLIMITED, INTERNATIONAL: limited(60)})
    switch.call(FRENCH_NUMBER)
    switch.change(rules={FRANCE: UNLIMITED})
    switch.wait(300)
    assert switch.sweep().hang_ups == ()


def test_a_number_on_an_allow_list_is_not_cut_by_what_its_level_bars(switch):
    lists: dict[str, Any] = {"allowed": {"447": 1}, "rules_above": {1: {MOBILE: UNLIMITED}}}
    switch.change(**lists)
    call_id = switch.call()
    switch.change(rules={MOBILE: limited(0)}, **lists)
    assert switch.sweep().hang_ups == ()
    switch.change(rules={}, allowed={"447": 1}, rules_above={1: {MOBILE: limited(0)}})
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(call_id, 107)]


def test_a_cap_set_later_knows_what_was_used_before(switch):
    call_id = switch.call(FRENCH_NUMBER)
    switch.wait(100)
    switch.change(rules={FRANCE: limited(120), worlds.EUROPE: limited(60)})
    assert switch.authorize(FRENCH_NUMBER).max_seconds == 20
    switch.wait(20)
    assert [each.call_id for each in switch.sweep().hang_ups] == [call_id]


def test_a_long_call_is_cut_with_111(switch):
    switch.change(rules={worlds.GEOGRAPHIC: worlds.UNLIMITED}, long_call_seconds=600)
    call_id = switch.call("02079460000")
    switch.wait(599)
    assert switch.sweep().hang_ups == ()
    switch.wait(3)
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(call_id, 111)]
    assert switch.end(call_id, why="cut") == ["OK", "602000", "111"]
    call_id = switch.call("02079460000")
    switch.wait(599.7)
    assert switch.end(call_id, why="timeout", talk_ms=599_700) == ["OK", "599700", "111"]


@pytest.mark.parametrize("long_call_seconds", [7200, 121])
def test_a_call_that_the_switchs_timer_ends_says_which_allowance_was_spent(
    switch, long_call_seconds
):
    """Without a sweep the timer is what is left; it ends up to half a second early."""
    switch.change(rules={MOBILE: limited(60)}, long_call_seconds=long_call_seconds)
    switch.sweeping = False
    switch.store.delete(f"{worlds.SHARD}:beat")
    verdict = switch.authorize()
    assert verdict.max_seconds == 120
    switch.answer(verdict.call_id)
    switch.wait(119.6)
    assert switch.end(verdict.call_id, why="timeout", talk_ms=119_600)[2] == "101"
    (event,) = switch.events("call")
    spent = {"destination": "UK Mobile", "used": "2.00", "limit": "2.00"}
    assert (event["code"], event["params"]) == (101, spent)


def test_a_party_that_vanishes_is_no_reason_of_the_limits(switch):
    call_id = switch.call()
    switch.wait(40)
    assert switch.end(call_id, why="timeout", talk_ms=40_000)[2] == ""


def test_suspending_cuts_calls_and_refuses_new_ones(switch):
    call_id = switch.call()
    switch.change(tiers=(Tier(reseller_id=5), Tier(reseller_id=4, status="suspended")))
    assert switch.authorize().code == 309
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(call_id, 309)]


def test_a_call_that_rang_when_its_client_was_suspended_is_cut_once_answered(switch):
    call_id = switch.authorize().call_id
    switch.change(status="suspended")
    switch.sweep()
    switch.answer(call_id)
    switch.wait(5)
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(call_id, 309)]


def test_a_call_across_midnight_is_split_by_the_floor_rule(switch):
    switch.now = MIDNIGHT - 9_500
    call_id = switch.call()
    switch.wait(10.5)
    switch.sweep()
    assert switch.used(MOBILE, "2026-03-02") == 9_000
    switch.wait(3.7)
    assert switch.used(MOBILE, "2026-03-03") == 5_200
    switch.end(call_id)
    assert switch.used(MOBILE, "2026-03-03") == 6_000
    (event,) = switch.events("call")
    assert event["pieces"] == [["2026-03-02", True, 9], ["2026-03-03", True, 6]]
    assert event["seconds"] == 15


def test_a_call_out_of_working_time_keeps_the_day_s_counter(switch):
    switch.now = KNOCK_OFF - 9_500
    call_id = switch.call()
    switch.wait(14.7)
    switch.sweep()
    switch.end(call_id)
    assert switch.used(MOBILE) == 15_000
    assert switch.used(MOBILE, kind="o") == 6_000


def test_a_call_into_a_period_at_0_per_cent_is_cut_by_its_spent_allowance(switch):
    switch.change(calendar=working_week(percent=0))
    switch.now = KNOCK_OFF - 60_000
    limited_call, unlimited = switch.call(), switch.call("02079460000")
    switch.wait(61)
    assert [(each.call_id, each.code) for each in switch.sweep().hang_ups] == [(limited_call, 101)]
    assert unlimited


def test_a_new_day_begins_with_all_of_its_share(switch):
    switch.change(rules={MOBILE: limited(30)})
    switch.now = MIDNIGHT - 30_000
    call_id = switch.call()
    switch.wait(31)
    assert switch.sweep().hang_ups == ()
    switch.wait(58)
    assert switch.sweep().hang_ups == ()
    switch.wait(1)
    assert [each.call_id for each in switch.sweep().hang_ups] == [call_id]


def test_a_call_made_between_midnight_and_the_next_sweep_is_told_what_the_new_day_has_left(switch):
    switch.change(rules={MOBILE: limited(30)})
    switch.now = MIDNIGHT - 500
    switch.call()
    switch.wait(2.5)
    assert switch.authorize().max_seconds == 57


def test_a_late_end_before_midnight_is_counted_where_it_belongs(switch):
    switch.now = MIDNIGHT - 20_000
    call_id = switch.call()
    switch.wait(60)
    switch.sweep()
    assert switch.used(MOBILE, "2026-03-03") == 40_000
    assert switch.end(call_id, talk_ms=10_400)[1] == "10400"
    assert switch.used(MOBILE, "2026-03-02") == 11_000
    assert switch.used(MOBILE, "2026-03-03") == 0


def test_an_end_with_a_duration_stands_in_for_the_answer(switch):
    verdict = switch.authorize()
    switch.wait(30)
    assert switch.end(verdict.call_id, talk_ms=20_100) == ["OK", "20100", ""]
    assert switch.used(MOBILE) == 21_000
    assert switch.answer(verdict.call_id) == ["DUP"]
    assert switch.used(MOBILE) == 21_000


def test_an_end_at_once_after_the_answer_lasted_no_time_however_late_it_is_told(switch):
    call_id = switch.call()
    switch.wait(90)
    assert switch.end(call_id, talk_ms=0) == ["OK", "0", ""]
    assert switch.used(MOBILE) == 0


def test_twice_is_once(switch):
    verdict = switch.authorize()
    assert switch.answer(verdict.call_id)[0] == "OK"
    switch.wait(5)
    assert switch.answer(verdict.call_id)[0] == "DUP"
    assert switch.end(verdict.call_id)[0] == "OK"
    assert switch.end(verdict.call_id) == ["DUP"]
    assert switch.used(MOBILE) == 5_000
    assert len(switch.events("call")) == 1


def test_an_end_nobody_authorised_is_kept_as_an_orphan(switch):
    assert switch.end("1772452800000-s00-77", talk_ms=5000) == ["GONE"]
    assert switch.events("orphan")[0]["talk"] == 5000


def test_each_warning_step_is_told_once_a_day(switch):
    switch.change(rules={MOBILE: limited(50)})
    call_id = switch.call()
    told = []
    for seconds in (79.9, 0.1, 15, 4.999, 0.001):
        switch.wait(seconds)
        switch.sweep()
        told.append([each["step"] for each in switch.events("warning")])
    assert told == [[], [80], [80, 95], [80, 95], [80, 95, 100]]
    switch.end(call_id)
    switch.change(rules={MOBILE: limited(60)})
    switch.change(rules={MOBILE: limited(50)})
    assert [each["step"] for each in switch.events("warning")] == [80, 95, 100]
    assert switch.events("warning")[0]["limit"] == 100_000


def test_a_reseller_may_choose_the_warning_steps(switch):
    switch.change(rules={MOBILE: limited(50)}, warning_steps=(50,))
    call_id = switch.call()
    switch.wait(100)
    switch.end(call_id)
    assert [each["step"] for each in switch.events("warning")] == [50]


def test_the_sweep_says_when_the_next_thing_is_due(switch):
    switch.change(rules={MOBILE: limited(50)})
    switch.call()
    assert switch.sweep().next_due_ms == switch.now + 80_000


def test_the_rate_at_the_answer_holds(switch):
    verdict = switch.authorize()
    later = replace(
        worlds.RATES,
        version=2,
        rates=(replace(worlds.RATES.rates[0], increment_seconds=60),),
    )
    writer.put_rates(switch.store, SHARD, later, 2)
    switch.answer(verdict.call_id)
    switch.wait(5)
    switch.end(verdict.call_id)
    rate = json.loads(switch.events("call")[0]["rate"])
    assert (rate["increment"], rate["version"]) == (60, 2)


def test_many_threads_on_one_capacity_never_exceed_it(switch, valkey):
    switch.change(capacity=7)
    allowed = []

    def hammer():
        for _ in range(20):
            request = functions.Request(account_id=11, dialled=MOBILE_NUMBER, now_ms=NOON)
            allowed.append(functions.authorize(valkey, SHARD, request).allowed)

    threads = [threading.Thread(target=hammer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(allowed), sum(allowed)) == (120, 7)


def dst_calendar(starts: list[datetime]) -> Calendar:
    """Days that begin at ``starts``, UTC, all of them off-hours."""
    days = [datetime(2026, 3, 28, tzinfo=UTC) + timedelta(days=n) for n in range(len(starts))]
    return Calendar(
        segments=tuple(
            Segment(
                starts_at_ms=int(at.timestamp() * 1000),
                day=day.date().isoformat(),
                working=False,
            )
            for day, at in zip(days, starts, strict=True)
        ),
        ends_at_ms=int((starts[-1] + timedelta(days=1)).timestamp() * 1000),
    )


def test_a_day_of_twenty_three_hours_ends_an_hour_early(switch):
    starts = [
        datetime(2026, 3, 28, tzinfo=UTC),
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 3, 29, 23, tzinfo=UTC),
    ]
    switch.change(calendar=dst_calendar(starts))
    switch.now = int(starts[2].timestamp() * 1000) - 5_000
    call_id = switch.call()
    switch.wait(8)
    switch.sweep()
    switch.end(call_id)
    assert switch.used(MOBILE, "2026-03-29") == 5_000
    assert switch.used(MOBILE, "2026-03-30") == 3_000


def finish(switch: Switch, call: dict[str, Any]) -> None:
    """End a call, late perhaps; one whose answer was never told is ended with its true time."""
    moment = {} if call["told"] else {"now_ms": call["start"] + call["talk"]}
    switch.end(call["id"], talk_ms=call["talk"], **moment)
    assert switch.end(call["id"]) == ["DUP"]


@settings(max_examples=60)
@given(st.data())
def test_counters_add_up_whatever_the_order_in_which_events_arrive(valkey_session, data):
    """Calls over two midnights and four working edges; sweeps, late and duplicate events."""
    valkey_session.flushall()
    switch = Switch(valkey_session)
    switch.load(worlds.client(rules={MOBILE: limited(40_000)}, long_call_seconds=999_999))
    base = data.draw(st.sampled_from([MIDNIGHT, KNOCK_OFF])) - 30_000
    calls = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, 60_000), st.integers(0, 30 * HOUR), st.booleans(), st.booleans()
            ),
            min_size=1,
            max_size=5,
        )
    )
    moments = []
    for index, (start, talk, told, late) in enumerate(calls):
        switch.now = base + start
        ids = {"id": switch.authorize().call_id, "start": base + start, "talk": talk}
        if told:
            moments.append((base + start, 0, index, ids))
        ids["told"] = told
        moments.append((base + start + talk + (50_000 if late else 0), 1, index, ids))
    sweeps = data.draw(st.lists(st.integers(base, base + 40 * HOUR), max_size=6))
    moments += [(at, 2, 0, {}) for at in sweeps]
    for at, what, _, call in sorted(moments, key=lambda each: each[:3]):
        switch.now = at
        if what == 0:
            assert switch.answer(call["id"])[0] == "OK"
        elif what == 1:
            finish(switch, call)
        else:
            switch.sweep()
    # One that was given up before its end was told has an event of each; the end's is the last.
    told = {event["id"]: event for event in switch.events("call")}
    assert len(told) == len(calls)
    assert {event["talk"] for event in told.values()} == {talk for _, talk, _, _ in calls}
    pieces: list[list[Any]] = []
    for event in told.values():
        own = event["pieces"] or []
        assert sum(seconds for _, _, seconds in own) == -(-event["talk"] // 1000)
        pieces += own
    for day in ("2026-03-02", "2026-03-03", "2026-03-04"):
        of_day = [(off, seconds * 1000) for on, off, seconds in pieces if on == day]
        assert switch.used(MOBILE, day) == sum(ms for _, ms in of_day)
        assert switch.used(MOBILE, day, "o") == sum(ms for off, ms in of_day if off)
