"""The life of a call: its slot, its end, and who may end it."""

import time

import pytest

from calls.services import enforcement, spool
from tests.switch import kamailio, sipp
from tests.switch.conftest import STORE_DB
from tests.switch.raw import Phone, request, status
from trunkportal.stack import free_port


def leg(far_end: sipp.Sipp, call: sipp.Call) -> list[sipp.Said]:
    """What the far end said and heard of one call."""
    call_id = call.final.header("Call-ID")
    return [said for said in far_end.messages() if said.header("Call-ID") == call_id]


def hung_up_on_both_legs(far_end: sipp.Sipp, call: sipp.Call) -> bool:
    theirs = [said for said in leg(far_end, call) if said.method == "BYE" and not said.status]
    return call.cut_by_switch and bool(theirs) and not theirs[0].sent


def test_a_cancelled_call_frees_its_slot(provider, switch, begin, call, tmp_path):
    trunk = provider.trunk(capacity=1)
    with sipp.callee(tmp_path / "sipp", provider.route_ports[0], ring_ms=3000):
        cancelled = call(trunk, give_up_ms=500)
        assert cancelled.status == 487
        event = provider.wait_for_event("call")
        assert (event["why"], event["sip"], event["talk"]) == ("cancelled", 487, 0)
        assert call(trunk).status == 200


def test_an_unanswered_call_frees_its_slot(provider, call, tmp_path):
    trunk = provider.trunk(capacity=1)
    with sipp.callee(tmp_path / "sipp", provider.route_ports[0], status="486 Busy Here"):
        assert [call(trunk).status for _ in range(2)] == [486, 486]
    event = provider.wait_for_event("call")
    assert (event["why"], event["sip"], event["talk"]) == ("failed", 486, 0)


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_the_switch_itself_cuts_a_long_call_on_both_legs(provider, far_end, call, transport):
    trunk = provider.trunk(long_call_seconds=3)
    made = call(trunk, talk_ms=20_000, transport=transport)
    assert hung_up_on_both_legs(far_end, made)
    assert made.talk_seconds == pytest.approx(3, abs=1)
    assert sipp.talk_seconds(leg(far_end, made)) == pytest.approx(3, abs=1)
    event = provider.wait_for_event("call")
    assert (event["code"], event["why"]) == (111, "timeout")
    assert event["seconds"] == pytest.approx(3, abs=1)


def test_a_hang_up_by_the_portal_says_why_on_both_legs(provider, switch, far_end, begin):
    running = begin(provider.trunk(), "07700900123", talk_ms=20_000)
    running.wait_for("ACK")
    running.wait_for("SIP/2.0 200")
    time.sleep(0.3)
    (dialog,) = switch.live_calls()
    because = 'Reason: trunkportal;cause=101;text="UK Mobile allowance is spent"\r\n'
    switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"], because)
    made = sipp.finish(running)
    assert hung_up_on_both_legs(far_end, made)
    for messages in (made.messages, leg(far_end, made)):
        bye = next(said for said in messages if said.method == "BYE")
        assert f"Reason: {bye.header('Reason')}\r\n" == because
    assert provider.wait_for_event("call")["who"] == "switch"


def test_two_calls_that_share_an_allowance_are_cut_at_its_end(
    provider, switch, far_end, begin, settings
):
    """Six seconds a day for two calls at once: three seconds each, on both legs."""
    settings.SWITCH_NODES = {"sw1": switch.rpc_url}
    trunk = provider.trunk(minutes={"UK/Mobile": 3})
    two = [begin(trunk, "07700900123", talk_ms=30_000) for _ in range(2)]
    until = time.monotonic() + 15
    while any(each.process.poll() is None for each in two) and time.monotonic() < until:
        enforcement.sweep(provider.store)
        time.sleep(0.1)
    for made in (sipp.finish(each) for each in two):
        assert hung_up_on_both_legs(far_end, made)
        assert made.talk_seconds == pytest.approx(3, abs=1)
        assert sipp.talk_seconds(leg(far_end, made)) == pytest.approx(3, abs=1)
    ended = [event for event in provider.events() if event["kind"] == "call"]
    assert [event["code"] for event in ended] == [101, 101]
    assert sum(event["seconds"] for event in ended) == pytest.approx(6, abs=2)


def test_without_enforcement_the_switch_cuts_at_the_end_of_an_allowance(provider, far_end, call):
    trunk = provider.trunk(minutes={"UK/Mobile": 2})
    for beat in provider.store.scan_iter("*:beat"):
        provider.store.delete(beat)
    made = call(trunk, talk_ms=20_000)
    assert hung_up_on_both_legs(far_end, made)
    assert made.talk_seconds == pytest.approx(4, abs=1)
    event = provider.wait_for_event("call")
    assert (event["code"], event["why"]) == (101, "timeout")


def test_many_hang_ups_at_once_reach_every_far_end(provider, switch, far_end, begin):
    """Kamailio 5.6 loses some, unless the answers to its BYE wait a moment."""
    trunk = provider.trunk(minutes={"UK/Geographic": None})
    running = begin(trunk, "02071234567", talk_ms=30_000, calls=60)
    running.wait_for("ACK", calls=60)
    running.wait_for("SIP/2.0 200", calls=60)
    time.sleep(0.3)
    assert len(switch.live_calls()) == 60
    for dialog in switch.live_calls():
        switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
    made = sipp.finish_all(running)
    assert len(made) == 60
    assert all(hung_up_on_both_legs(far_end, each) for each in made)
    ended = [event for event in provider.events() if event["kind"] == "call"]
    assert len(ended) == 60


def test_other_requests_within_a_call_that_is_not_ours_are_refused(provider, switch):
    with Phone(switch.address) as phone:
        uri = f"sip:07700900123@{switch.address}"
        for method in ("BYE", "INVITE", "INFO"):
            asked = request(method, uri, call=method, To=f"<{uri}>;tag=gone")
            assert status(phone.ask(asked)) == 481


def test_with_the_store_gone_calls_are_refused_and_their_ends_kept(
    provider, servers, far_end, tmp_path
):
    """The store is stopped and a call that is up ends: its end waits in the log, with its time."""
    relay = tmp_path / "store.sock"
    with (
        kamailio.relayed(servers.valkey_socket, relay) as store,
        kamailio.running(tmp_path / "switch", f"unix://{relay}?db={STORE_DB}") as switch,
    ):
        trunk = provider.trunk()

        def begin(number: str, **how) -> sipp.Sipp:
            return sipp.caller(
                tmp_path / "sipp",
                switch.address,
                number,
                username=trunk.username,
                password=trunk.password,
                **how,
            )

        with begin("07700900123", talk_ms=2500) as running:
            running.wait_for("SIP/2.0 200")
            time.sleep(0.3)
            store.stop()
            refused = sipp.finish(begin("07700900123"))
            assert refused.status == 503
            assert refused.phrase.startswith("501 ")
            assert refused.final.header("Retry-After") == "5"
            assert "501 the store cannot decide" in switch.logged()
            assert sipp.finish(running).status == 200
        (event,) = switch.spooled()
        assert event["function"] == "tp_end"
        _, why, talk_ms, *_, now = event["packed"].split("|")
        assert why == "normal"
        assert int(talk_ms) == pytest.approx(2500, abs=300)
        assert int(now) == pytest.approx(time.time() * 1000, abs=5000)
        done = spool.replay(provider.store, switch.logged().splitlines())
        assert (done.brought_in, done.bad) == (1, [])
        assert provider.wait_for_event("call")["talk"] == int(talk_ms)
        store.start()
        time.sleep(1.2)
        assert sipp.finish(begin("07700900123")).status == 200


def test_emergency_calls_go_through_while_the_store_is_away(tmp_path):
    """From any address and without an account, a few a minute; what is left is written down."""
    far = free_port()
    nowhere = f"unix://{tmp_path / 'no-store.sock'}?db=0"
    settings = {"SWITCH_EMERGENCY_ROUTE": f"127.0.0.1:{far}"}
    with (
        kamailio.running(tmp_path / "switch", nowhere, **settings) as switch,
        sipp.callee(tmp_path / "sipp", far) as far_end,
    ):

        def call(number: str) -> sipp.Call:
            with sipp.caller(tmp_path / "sipp", switch.address, number, talk_ms=100) as calling:
                return sipp.finish(calling)

        assert call("07700900123").phrase.startswith("501 ")
        assert [call("999").status for _ in range(6)] == [200] * 5 + [503]
        assert far_end.wait_for("INVITE").first_line.startswith("INVITE sip:999@")
        spooled = switch.spooled()
    assert [each["emergency"] for each in spooled if "emergency" in each] == ["999"] * 5
    ends = [each for each in spooled if each.get("function") == "tp_end"]
    assert len(ends) == 5
