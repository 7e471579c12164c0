"""The function in the store decides: every rule, in the order in which they refuse."""

import pytest

from tests.calls.worlds import (
    Switch,
)


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
