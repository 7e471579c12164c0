"""What a caller hears from the switch, by what the portal has published."""

import pytest

from tests.calls import worlds
from tests.switch.sipp import Call


def refusal(call: Call) -> tuple[int, str, str]:
    return call.status, call.phrase, call.reason


def test_a_call_goes_through_and_is_told_to_the_store(portal, far_end, call):
    made = call(portal.trunk(), "07700900123", talk_ms=700)
    assert made.status == 200
    assert not made.cut_by_switch
    event = portal.wait_for_event("call")
    assert event["talk"] == pytest.approx(made.talk_seconds * 1000, abs=60)
    assert (event["why"], event["who"], event["sip"]) == ("normal", "caller", 200)
    invite = far_end.wait_for("INVITE")
    assert invite.first_line.startswith("INVITE sip:+447700900123@")


def test_a_call_goes_through_over_tcp(portal, far_end, call):
    assert call(portal.trunk(), transport="t1").status == 200


def test_an_address_identifies_an_account(portal, far_end, call):
    trunk = portal.trunk(by_address=True, addresses=("127.0.0.7",))
    assert call(trunk, source="127.0.0.7").status == 200
    assert call(trunk, source="127.0.0.8").status in {403, 407}


def test_refuses_what_the_profiles_bar(portal, call):
    made = call(portal.trunk(rules={worlds.GEOGRAPHIC: worlds.UNLIMITED}), "07700900123")
    assert refusal(made) == (
        403,
        "107 UK Mobile is barred by the limit profiles.",
        'trunkportal;cause=107;text="UK Mobile is barred by the limit profiles."',
    )
    assert portal.wait_for_event("barred")["code"] == 107
