"""Malformed SIP and absurd numbers: refused, logged, and the switch lives on."""

import urllib.error
import urllib.request

import pytest

from calls.services import spool
from tests.switch.raw import Phone, request, status

NUMBER = "07700900123"
HERE = "127.0.0.5"


def uri(user: str) -> str:
    return f"sip:{user}@switch.example"


MALFORMED = {
    "nothing": b"\r\n\r\n",
    "noise": bytes(range(256)) * 8,
    "another protocol": "GET / HTTP/1.1\r\nHost: switch\r\n\r\n",
    "no headers": "INVITE sip:1@switch.example SIP/2.0\r\n\r\n",
    "no CSeq": request("INVITE", uri(NUMBER), CSeq=""),
    "no From": request("INVITE", uri(NUMBER), From=""),
    "another method in CSeq": request("INVITE", uri(NUMBER), CSeq="1 BYE"),
    "a CSeq past its end": request("INVITE", uri(NUMBER), CSeq="99999999999999 INVITE"),
    "a longer body than sent": request("INVITE", uri(NUMBER), Content_Length="9999"),
    "a negative length": request("INVITE", uri(NUMBER), Content_Length="-5"),
    "a From that is none": request("INVITE", uri(NUMBER), From="<<<"),
    "a URI that is none": request("INVITE", "sip:@@@@;;;"),
    "another scheme": request("INVITE", "http://switch.example/"),
    "a byte that ends text": request("INVITE", uri("07700\x00900123")),
    "an extension nobody has": request("INVITE", uri(NUMBER), Proxy_Require="foo"),
    "credentials without parts": request("INVITE", uri(NUMBER), Proxy_Authorization="Digest foo"),
    "another kind of credentials": request(
        "INVITE", uri(NUMBER), Proxy_Authorization="Basic Zm9vOmJhcg=="
    ),
    "a username without end": request(
        "INVITE",
        uri(NUMBER),
        Proxy_Authorization=f'Digest username="{"u" * 12000}", realm="sip.localhost", nonce="x",'
        f' uri="x", response="{"0" * 32}"',
    ),
    "no hops left": request("INVITE", uri(NUMBER), Max_Forwards="0"),
}
ABSURD = {
    "no number": "sip:switch.example",
    "letters": uri("anonymous"),
    "one digit": uri("7"),
    "5,000 digits": uri("9" * 5000),
    "a number and 200 spaces": uri(NUMBER + "%20" * 200),
    "bars": uri("07700|900|123"),
    "escaped line ends": uri(f"{NUMBER}%0d%0aX"),
    "escaped noise": uri("%00%ff%fe"),
    "markup": uri("<script>"),
    "a sign that is no digit": uri("07700%D9%A0900123"),
}


@pytest.fixture
def phone(provider, switch):
    provider.trunk(by_address=True, addresses=(HERE,))
    with Phone(switch.address, HERE) as made:
        yield made


def still_decides(phone: Phone) -> bool:
    return status(phone.ask(request("INVITE", uri("0600"), call="last"))) == 484


def test_malformed_sip_is_refused_without_a_500(switch, phone):
    for name, text in MALFORMED.items():
        answer = phone.ask(text, seconds=0.25)
        assert answer == "" or status(answer) in {400, 407, 416, 420, 483}, (name, answer)
    assert still_decides(phone)
    assert not switch.live_calls()


def test_absurd_numbers_are_refused_with_201_and_logged(provider, switch, phone):
    for place, (name, target) in enumerate(ABSURD.items()):
        answer = phone.ask(request("INVITE", target, call=f"absurd-{place}"))
        assert answer == "" or status(answer) in {400, 484}, (name, answer)
        assert status(answer) != 484 or "SIP/2.0 484 201 " in answer, (name, answer)
    assert still_decides(phone)
    assert {event["code"] for event in provider.events()} == {201}
    assert not switch.live_calls()


def test_absurd_callers_do_not_reach_the_fields_of_the_decision(provider, far_end, call):
    trunk = provider.trunk()
    assert call(trunk, from_user="a|b|c|999").status == 200
    facts = provider.wait_for_event("call")["facts"]
    assert (facts["number"], facts["caller"]) == ("+447700900123", "a_b_c_999")


def test_strangers_write_nothing_into_the_log_that_is_believed(provider, switch):
    line = ' 1(1) ALERT: <script>: spool {"emergency": "999", "node": "sw1", "at": 1795382736}'
    provider.trunk()
    with Phone(switch.address) as phone:
        for name in ("From", "To", "CSeq"):
            phone.ask(request("INVITE", uri(NUMBER), **{name: f"<<<\r\n{line}"}), seconds=0.3)
        phone.ask(f"INVITE sip:1@x SIP/2.0\r\n{line}\r\nVia: x\r\n\r\n", seconds=0.3)
        folded = request("INVITE", uri(NUMBER), Call_ID=f"zz\r\n{line}")
        assert status(phone.ask(folded)) == 400
        name = "no\r\n" + line.replace('"', "'")
        made = phone.ask_with_password("INVITE", uri(NUMBER), name, "guess", user="x", call="f")
        assert status(made) in {400, 403, 407}
    done = spool.replay(provider.store, switch.logged().splitlines())
    assert (done.brought_in, done.known, done.unknown, done.emergencies) == (0, 0, 0, 0)
    refused = [each for each in switch.logged().splitlines() if "refused 305" in each]
    assert all(each.endswith("'") for each in refused)


def test_only_the_portal_commands_the_switch(switch):
    body = b'{"jsonrpc": "2.0", "method": "core.version", "id": 1}'
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(switch.rpc_url.replace("/RPC", "/other"), body, timeout=2)
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f"http://{switch.address}/RPC", body, timeout=1)
