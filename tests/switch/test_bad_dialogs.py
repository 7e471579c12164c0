"""INVITEs that no dialog can be made of, or whose way back leads nowhere: 400, and nothing held."""

from typing import TYPE_CHECKING

import pytest

from tests.switch.raw import FarEnd, Phone, header, request, status
from tests.switch.test_within_call import HERE, NUMBER, Talk

if TYPE_CHECKING:
    from tests.switch.provider import Provider

NO_WAY_BACK = {
    "no Contact": {"Contact": ""},
    "a star": {"Contact": "*"},
    "an empty address": {"Contact": "<>"},
    "no address": {"Contact": "<<<>>>"},
    "another scheme": {"Contact": "<tel:+441234567>"},
    "two Contacts": {"Contact": "<sip:a@127.0.0.5:9>, <sip:b@127.0.0.5:9>"},
    "two Contact headers": {"Contact": "<sip:a@127.0.0.5:9>\r\nm: <sip:b@127.0.0.5:9>"},
    "no From tag": {"From": "<sip:acme@caller.example>"},
    "an empty From tag": {"From": "<sip:acme@caller.example>;tag="},
    "a Record-Route that is none": {"Record_Route": "<<>>"},
    "an empty Record-Route": {"Record_Route": "<sip:127.0.0.9:7777;lr>,,"},
    "a Record-Route without brackets": {"Record_Route": "sip:127.0.0.9:7777;lr"},
    "a second Record-Route that is none": {
        "Record_Route": "<sip:127.0.0.9:7777;lr>\r\nRecord-Route: <>"
    },
}
WAY_BACK = {
    "an address alone": {"Contact": "sip:acme@127.0.0.5:9"},
    "a name": {
        "Contact": '"Acme, \\"Ltd\\" <1>" <sip:acme@127.0.0.5:9;ob>;+sip.instance="<urn:1>"'
    },
    "IPv6": {"Contact": "<sip:acme@[2001:db8::1]:5060;transport=udp>;expires=60"},
    "a name without user": {"Contact": "Acme Ltd <sip:pbx.acme-1.example>"},
    "proxies": {
        "Record_Route": "<sip:127.0.0.9:7777;lr;r2=on>, <sip:a@p.example;lr>;x=y\r\n"
        "Record-Route: <sip:127.0.0.9;lr>"
    },
}


@pytest.fixture
def phone(provider, switch):
    provider.trunk(by_address=True, addresses=(HERE,), capacity=1)
    with Phone(switch.address, HERE) as made:
        yield made


@pytest.fixture
def far(provider):
    with FarEnd(provider.far_end) as made:
        yield made


def test_an_invite_without_a_way_back_is_refused_and_holds_nothing(provider, switch, phone):
    for place, (name, headers) in enumerate(NO_WAY_BACK.items()):
        answer = phone.ask(request("INVITE", NUMBER, call=f"back-{place}", **headers))
        assert status(answer) == 400, (name, answer)
    assert not provider.events()
    assert not list(provider.store.scan_iter("*:slots:*"))
    assert not switch.live_calls()


def test_every_well_formed_way_back_is_taken(phone, far):
    for place, (name, headers) in enumerate(WAY_BACK.items()):
        phone.say(request("INVITE", NUMBER, call=f"taken-{place}", **headers))
        far.answer(far.hear("INVITE"), "486 Busy Here")
        assert status(phone.hear()) == 486, name


def lead_to(provider: "Provider", host: str) -> None:
    """Lead every route to another address."""
    for key in provider.store.scan_iter("*:g"):
        if routes := provider.store.hget(key, "routes"):
            provider.store.hset(key, "routes", str(routes).replace("127.0.0.1", host))


def test_a_call_that_no_route_can_take_gives_its_slot_back(provider, switch, phone):
    lead_to(provider, "[::1]")
    for place in range(2):
        answer = phone.ask(request("INVITE", NUMBER, call=f"no-route-{place}"))
        assert status(answer) == 480
        assert "capacity" not in answer
    event = provider.wait_for_event("call")
    assert (event["why"], event["talk"]) == ("failed", 0)


LONG = "x" * 520
TOO_LONG = {
    "Call-ID": ({"Call_ID": "c" * 256}, 400),
    "From": ({"From": f'"{LONG}" <sip:acme@caller.example>;tag=t'}, 400),
    "To": ({"To": f"<{NUMBER}>;tag=far;x={LONG}"}, 400),
    "Contact": ({"Contact": f"<sip:{LONG}@127.0.0.5>"}, 400),
    "Record-Route": ({"Record_Route": f"<sip:127.0.0.5;lr;x={LONG}{LONG}>"}, 400),
    "all of it": ({"X-Padding": "x" * 16_400}, 513),
}


def test_what_is_too_long_is_refused_and_ends_no_call(provider, switch, phone, far):
    talk = Talk(phone, far)
    for name, (headers, expected) in TOO_LONG.items():
        answer = phone.ask(talk.request("BYE", "", 2, **headers))
        assert status(answer) == expected, (name, answer)
        new = {key: value.replace(";tag=far", "") for key, value in headers.items()}
        answer = phone.ask(request("INVITE", NUMBER, **new))
        assert status(answer) == expected, (name, answer)
    assert status(phone.ask(talk.request("BYE", f"sip:{LONG}@127.0.0.1"))) == 400
    assert not far.hear("BYE", seconds=0.2)
    assert not provider.events()
    assert len(switch.live_calls()) == 1
    phone.say(
        talk.request("BYE", From=f'"{"x" * 450}" <sip:acme@caller.example>;tag=t{talk.call_id}')
    )
    assert header(far.hear("BYE"), "Call-ID") == talk.call_id


def test_an_invite_that_leads_back_to_the_switch_is_refused(provider, switch, phone):
    here = f"<sip:acme@{switch.address}"
    ways = [
        {"Contact": f"{here}>"},
        {"Contact": here[1:]},
        {"Contact": f"Acme {here};transport=tcp>;expires=60"},
        {"Record_Route": f"{here};lr>"},
        {"Record_Route": f"<sip:127.0.0.9;lr>,{here};lr>"},
        {"Record_Route": f"<sip:127.0.0.9;lr>\r\nRecord-Route: <sip:127.0.0.8;lr>, {here};lr>"},
    ]
    for place, headers in enumerate(ways):
        answer = phone.ask(request("INVITE", NUMBER, call=f"self-{place}", **headers))
        assert status(answer) == 400, headers
    assert not provider.events()


def test_a_call_cannot_be_led_back_to_the_switch(switch, phone, far):
    talk = Talk(phone, far)
    led = talk.request("INVITE", Contact=f"<sip:acme@{switch.address}>")
    assert status(phone.ask(led)) == 400
    assert not far.hear("INVITE", seconds=0.2)
    assert len(switch.live_calls()) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_hang_up_that_a_name_leads_back_ends_the_call_at_the_far_end(
    provider, switch, phone, transport
):
    lead_to(provider, "127.0.0.6")
    own = f"<sip:acme@localhost:{switch.address.split(':')[1]};transport={transport}>"
    with FarEnd(provider.far_end, "127.0.0.6") as far:
        Talk(phone, far, own=own)
        (dialog,) = switch.live_calls()
        switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
        far.answer(far.hear("BYE"), "200 OK")
        assert not far.hear("BYE", seconds=0.5)
    assert provider.wait_for_event("call")["who"] == "switch"
    assert not switch.live_calls()
