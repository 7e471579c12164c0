"""Calls whose end is never told, or long after: given up, and put right."""

import pytest

from calls.store import functions
from tests.calls.worlds import HOUR, MOBILE, NOON, SHARD, Switch, limited

MIDNIGHT = NOON + 12 * HOUR


@pytest.fixture
def switch(valkey):
    made = Switch(valkey)
    made.load()
    return made


def test_a_call_without_an_end_counts_the_longest_it_may_have_lasted(switch):
    switch.change(rules={MOBILE: limited(1000)}, long_call_seconds=600)
    switch.call()
    switch.wait(600 + 301)
    switch.sweep()
    assert switch.used(MOBILE) == 600_000
    assert switch.events("call")[0]["flags"] == ["lost", "review"]


def test_a_reservation_without_an_end_counts_its_longest_and_ends_no_later_than_now(switch):
    switch.authorize()
    other = switch.call()
    switch.wait(301)
    switch.sweep()
    (event,) = switch.events("call")
    assert (event["ended"], event["talk"], event["seconds"]) == (switch.now, 2_000_000, 2000)
    assert event["flags"] == ["lost", "review"]
    assert switch.used(MOBILE) == 2_000_000 + 301_000
    assert [each["used"] for each in switch.events("warning")] == [2_301_000] * 3
    assert switch.end(other)[1] == "301000"


def test_an_end_after_a_call_was_given_up_says_what_it_was(switch):
    switch.now = MIDNIGHT - 300_000
    switch.change(rules={MOBILE: limited(30_000)}, long_call_seconds=600)
    call_id = switch.call()
    switch.wait(600 + 301)
    switch.sweep()
    assert switch.used(MOBILE, "2026-03-02") == switch.used(MOBILE, "2026-03-03") == 300_000
    switch.wait(30)
    assert functions.end(switch.store, SHARD, call_id) == ["DUP"]  # says nothing of when
    assert switch.end(call_id, talk_ms=310_100) == ["OK", "310100", ""]
    assert switch.used(MOBILE, "2026-03-02") == 300_000
    assert switch.used(MOBILE, "2026-03-03") == 11_000
    assert switch.end(call_id, talk_ms=310_100) == ["DUP"]
    lost, late = switch.events("call")
    assert (lost["flags"], late["flags"]) == (["lost", "review"], ["late"])
    assert (late["id"], late["talk"], late["answered"]) == (call_id, 310_100, lost["answered"])
    assert late["ended"] == lost["answered"] + 310_100
    assert late["pieces"] == [["2026-03-02", True, 300], ["2026-03-03", True, 11]]


@pytest.mark.parametrize(("talk_ms", "used"), [(0, 0), (20_100, 21_000), (None, 0)])
def test_an_end_after_a_reservation_was_given_up_says_what_it_was(switch, talk_ms, used):
    verdict = switch.authorize()
    switch.wait(301)
    switch.sweep()
    assert switch.end(verdict.call_id, talk_ms=talk_ms)[1] == str(talk_ms or 0)
    assert switch.used(MOBILE) == used
    assert switch.events("call")[1]["flags"] == ["late", "unanswered"][: 2 if talk_ms else 1]


def test_a_call_given_up_twice_or_long_ago_is_no_other_call(switch):
    call_id = switch.call()
    switch.wait(3 * 3600 + 301)
    switch.sweep()
    switch.store.delete(f"{SHARD}:r:{call_id}:ended", f"{SHARD}:r:{call_id}:lost")
    assert switch.end(call_id, talk_ms=1_000) == ["GONE"]
    assert switch.events("orphan")[0]["id"] == call_id


def test_a_proof_of_life_from_before_the_answer_is_none(switch):
    verdict = switch.authorize()
    functions.seen(switch.store, SHARD, "", [verdict.call_id], now_ms=switch.now)
    switch.wait(5)
    switch.answer(verdict.call_id)
    switch.wait(3 * 3600 + 301)
    switch.sweep()
    assert switch.events("call")[0]["flags"] == ["lost", "review"]
    assert switch.used(MOBILE) == 2_000_000


def test_a_call_without_an_end_closes_at_its_last_proof_of_life(switch):
    switch.change(rules={MOBILE: limited(1000)}, long_call_seconds=600)
    call_id = switch.call()
    switch.wait(123.4)
    functions.seen(switch.store, SHARD, "", [call_id], now_ms=switch.now)
    switch.wait(600 + 301)
    switch.sweep()
    assert switch.used(MOBILE) == 124_000


@pytest.mark.parametrize(
    ("node", "after", "counted"),
    [("sw1", 60, 0), ("sw2", 60, 2_000_000), ("sw1", 5, 2_000_000), (None, 0, 2_000_000)],
)
def test_a_reservation_that_its_switch_never_had_counts_nothing(switch, node, after, counted):
    """The switch refused the call itself, for it heard the verdict too late."""
    switch.authorize(node="sw1")
    if node:
        now = switch.now + after * 1000
        functions.seen(switch.store, SHARD, node, [], now_ms=now)
    switch.wait(301)
    switch.sweep()
    assert switch.used(MOBILE) == counted
    assert switch.authorize().allowed == (not counted)
