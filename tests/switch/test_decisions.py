"""What a caller hears from the switch, by what the portal has published."""

import pytest

from tests.switch import sipp
from tests.switch.sipp import Call
from trunkportal.stack import free_port

SIX_WAYS = (
    "07700900123",
    "+447700900123",
    "00447700900123",
    "07700%20900-123",
    "1410770%20(0900)123",
    "447700900123;ext=7",
)


def refusal(call: Call) -> tuple[int, str]:
    """Status and phrase; the Reason header must say the same."""
    code, sentence = call.phrase.split(" ", 1)
    assert call.reason == f'trunkportal;cause={code};text="{sentence}"'
    return call.status, call.phrase


def test_a_call_goes_through_and_its_end_is_told_to_the_store(provider, far_end, call):
    made = call(provider.trunk(), "07700900123", talk_ms=700)
    assert made.status == 200
    assert not made.cut_by_switch
    event = provider.wait_for_event("call")
    assert event["talk"] == pytest.approx(made.talk_seconds * 1000, abs=60)
    assert (event["why"], event["who"], event["sip"]) == ("normal", "caller", 200)
    invite = far_end.wait_for("INVITE")
    assert invite.first_line.startswith("INVITE sip:+447700900123@")


def test_a_call_goes_through_over_tcp(provider, far_end, call):
    assert call(provider.trunk(), transport="t1").status == 200


def test_the_far_end_hears_who_calls_and_no_secret(provider, far_end, call):
    call(provider.trunk(), headers="P-Asserted-Identity: <sip:+442071234567@pbx.example>\n")
    invite = far_end.wait_for("INVITE")
    assert invite.header("P-Asserted-Identity") == "<sip:+442071234567@sip.localhost>"
    assert not invite.header("Proxy-Authorization")
    assert provider.wait_for_event("call")["facts"]["caller"] == "+442071234567"


def test_refuses_a_barred_destination(provider, call):
    made = call(provider.trunk(minutes={"UK/Geographic": None}), "07700900123")
    assert refusal(made) == (403, "107 UK Mobile is barred by the limit profiles.")
    assert provider.wait_for_event("barred")["code"] == 107


def test_refuses_a_number_that_has_no_rate(provider, call):
    trunk = provider.trunk(minutes={"International/Europe/France": 120}, rates={"44": "0.0128"})
    assert refusal(call(trunk, "0033612345678")) == (404, "203 There is no rate for +33612345678.")


def test_an_emergency_call_goes_through_with_nothing_left(provider, far_end, call):
    trunk = provider.trunk(minutes={"UK/Mobile": 0}, suspended=True, capacity=0)
    assert call(trunk, "07700900123").status == 403
    assert call(trunk, "999").status == 200
    assert far_end.wait_for("INVITE").first_line.startswith("INVITE sip:999@")


def test_refuses_high_price_calls_during_off_hours(provider, call):
    trunk = provider.trunk(off_hours=100, high_price_amount="0.01", bar_high_price=True)
    status, phrase = refusal(call(trunk))
    assert (status, phrase[:3]) == (403, "104")
    assert phrase.endswith("the first minute costs £0.0128, more than £0.01.")


def test_refuses_international_calls_during_off_hours(provider, call):
    trunk = provider.trunk(off_hours=100, bar_international=True)
    status, phrase = refusal(call(trunk, "0033612345678"))
    assert (status, phrase[:3]) == (403, "105")


def test_refuses_calls_on_a_day_at_nought_per_cent(provider, call):
    """As Sunday is for a client on the 24-day schedule."""
    trunk = provider.trunk(off_hours=0)
    assert refusal(call(trunk)) == (
        403,
        "106 This day or period is not worked; no calls are allowed in it.",
    )


def test_a_number_written_in_six_ways_is_one_number(provider, far_end, call):
    trunk = provider.trunk(minutes={"UK/Mobile": 3})  # 6 s a day
    for written in SIX_WAYS:
        made = call(trunk, written, talk_ms=300)
        assert made.status == 200, (written, made.phrase)
    sent = {said.first_line.split("@")[0] for said in far_end.messages() if said.method == "INVITE"}
    assert "INVITE sip:+447700900123" in sent
    assert {line for line in sent if line.startswith("INVITE")} == {"INVITE sip:+447700900123"}
    assert refusal(call(trunk))[1] == "101 UK Mobile allowance is spent: 0.10 of 0.10 min."


def test_the_next_route_is_tried_when_one_fails_and_not_when_the_number_does(
    provider, far_end, call, tmp_path
):
    first, good = free_port(), provider.route_ports[0]
    for status, expected in (("503 Service Unavailable", 200), ("486 Busy Here", 486)):
        provider.route_ports = (first, good)
        with sipp.callee(tmp_path / "sipp", first, status=status):
            assert call(provider.trunk()).status == expected


@pytest.mark.parametrize(
    ("said", "heard"),
    [("603 Decline", 480), ("600 Busy Everywhere", 486), ("302 Moved Temporarily", 480)],
)
def test_a_caller_hears_no_6xx_and_is_led_nowhere_else(provider, call, tmp_path, said, heard):
    with sipp.callee(tmp_path / "sipp", provider.route_ports[0], status=said):
        assert call(provider.trunk()).status == heard
