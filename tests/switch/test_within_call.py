"""Requests within a call reach the other party, and only a call that is over is counted as over."""

import itertools
import re
import time
from collections.abc import Iterator

import pytest

from tests.switch.raw import FarEnd, Phone, StreamPhone, header, request, status
from trunkportal.stack import free_port

HERE = "127.0.0.5"
NUMBER = "sip:07700900123@switch.example"
_serial = itertools.count(1)


class Talk:
    """A call that is up, between a phone known by its address and a far end."""

    def __init__(
        self, phone: Phone, far: FarEnd, *, said: str = "", contact: str = "", own: str = ""
    ) -> None:
        """``said`` is the Call-ID of an INVITE on its way, ``own`` the caller's Contact. A
        ``contact`` that is not the far end's own makes it a proxy before that."""
        self.call_id = said or f"talk-{next(_serial)}"
        self.target = contact or f"sip:far@{far.host}:{far.port}"
        if not said:
            own = own or f"<sip:acme@{HERE}:PORT>"
            phone.say(request("INVITE", NUMBER, call=self.call_id, Contact=own))
        heard = far.hear("INVITE")
        proxy = f"<sip:127.0.0.1:{far.port};lr>, " if contact else ""
        routed = heard.replace("Record-Route: ", f"Record-Route: {proxy}", 1)
        far.answer(routed, "200 OK", Contact=f"<{self.target}>")
        self.answered = phone.hear()
        assert status(self.answered) == 200
        hops = re.findall(r"(?m)^Record-Route: (.*)\r$", self.answered)
        hops = [hop for line in hops for hop in line.split(", ")]
        self.route = ", ".join(reversed(hops))
        phone.say(self.request("ACK", cseq=1))
        assert far.hear("ACK").startswith(f"ACK {self.target} ")

    def request(self, method: str, target: str = "", cseq: int = 2, **headers: str) -> str:
        """A request of the caller, in proper form but for what is given."""
        given: dict[str, str] = {
            "Via": f"SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK-within-{next(_serial)};rport",
            "To": f"<{NUMBER}>;tag=far",
            "Route": self.route,
            "CSeq": f"{cseq} {method}",
        }
        return request(method, target or self.target, call=self.call_id, **(given | headers))

    def claimed(self, method: str, cseq: int = 7, **headers: str) -> str:
        """The same in the name of the far end."""
        given = {"From": f"<{NUMBER}>;tag=far", "To": header(self.answered, "From")}
        return self.request(method, f"sip:acme@{HERE}:PORT", cseq, **(given | headers))


@pytest.fixture
def phone(provider, switch) -> Iterator[Phone]:
    provider.trunk(by_address=True, addresses=(HERE,))
    with Phone(switch.address, HERE) as made:
        yield made


@pytest.fixture
def far(provider) -> Iterator[FarEnd]:
    with FarEnd(provider.far_end) as made:
        yield made


@pytest.fixture
def elsewhere() -> Iterator[FarEnd]:
    with FarEnd(free_port()) as made:
        yield made


def strayed(talk: Talk, elsewhere: FarEnd, method: str) -> list[str]:
    """Requests of the caller that would lead away from the far end."""
    away = f"sip:away@127.0.0.1:{elsewhere.port}"
    return [
        talk.request(method, away, 2),
        talk.request(method, cseq=3, Route=f"{talk.route}, <{away};lr>"),
        talk.request(method, away, 4, Route=f"<{away};lr>"),
        talk.request(method, away, 5, Route=""),
    ]


@pytest.mark.parametrize("way", range(4))
def test_a_bye_reaches_the_far_end_wherever_it_says_to_go(provider, phone, far, elsewhere, way):
    talk = Talk(phone, far)
    phone.say(strayed(talk, elsewhere, "BYE")[way])
    heard = far.hear("BYE")
    assert heard.startswith(f"BYE {talk.target} ")
    far.answer(heard, "200 OK")
    assert status(phone.hear()) == 200
    assert provider.wait_for_event("call")["who"] == "caller"
    assert not elsewhere.hear("BYE", seconds=0.3)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
def test_other_requests_of_a_call_go_to_its_far_end_only(phone, far, elsewhere, method):
    talk = Talk(phone, far)
    for each in strayed(talk, elsewhere, method):
        phone.say(each)
        heard = far.hear(method)
        assert heard.startswith(f"{method} {talk.target} ")
        far.answer(heard, "200 OK")
        assert status(phone.hear()) == 200
        if method == "INVITE":
            cseq = int(header(heard, "CSeq").split()[0])
            phone.say(talk.request("ACK", f"sip:away@127.0.0.1:{elsewhere.port}", cseq))
            assert far.hear("ACK").startswith(f"ACK {talk.target} ")
    for said in (method, "ACK"):
        assert not elsewhere.hear(said, seconds=0.2)


def test_the_proxies_of_the_far_end_stay_on_the_way(phone, far, elsewhere):
    """A Record-Route of the far end's side is part of the way that counts."""
    talk = Talk(phone, far, contact=f"sip:far@127.0.0.1:{elsewhere.port}")
    phone.say(talk.request("BYE"))
    for outcome in ("483 Too Many Hops", "200 OK"):
        heard = far.hear("BYE")
        assert heard.startswith(f"BYE {talk.target} ")
        assert header(heard, "Route") == f"<sip:127.0.0.1:{far.port};lr>"
        far.answer(heard, outcome)


def test_a_bye_reaches_the_second_route_too(provider, switch, elsewhere):
    provider.route_ports = (provider.far_end, elsewhere.port)
    provider.trunk(by_address=True, addresses=(HERE,))
    with Phone(switch.address, HERE) as phone, FarEnd(provider.far_end) as first:
        phone.say(request("INVITE", NUMBER, call="second"))
        first.answer(first.hear("INVITE"), "503 Service Unavailable")
        talk = Talk(phone, elsewhere, said="second")
        phone.say(talk.request("BYE"))
        heard = elsewhere.hear("BYE")
        assert heard.startswith(f"BYE {talk.target} ")
        assert not header(heard, "Route")


@pytest.mark.parametrize("refusal", ["483 Too Many Hops", "420 Bad Extension", "400 Bad Request"])
def test_a_far_end_that_refuses_the_callers_bye_gets_one_of_ours(provider, phone, far, refusal):
    talk = Talk(phone, far)
    phone.say(talk.request("BYE", Max_Forwards="1", Require="nonsense"))
    far.answer(far.hear("BYE"), refusal)
    ours = far.hear("BYE")
    assert ours.startswith(f"BYE {talk.target} ")
    assert int(header(ours, "Max-Forwards")) > 10
    assert not header(ours, "Require")
    assert header(ours, "Call-ID") == talk.call_id
    assert ";tag=far" in header(ours, "To")
    assert header(ours, "From").endswith(f";tag=t{talk.call_id}")
    assert int(header(ours, "CSeq").split()[0]) > 2
    far.answer(ours, "200 OK")
    assert provider.wait_for_event("call")["who"] == "caller"


@pytest.mark.parametrize(
    ("headers", "answer"), [({"Max_Forwards": "0"}, 483), ({"CSeq": "1 BYE"}, 500)]
)
def test_a_bye_that_no_far_end_would_take_ends_nothing(switch, phone, far, headers, answer):
    talk = Talk(phone, far)
    assert status(phone.ask(talk.request("BYE", **headers))) == answer
    assert len(switch.live_calls()) == 1


def test_an_old_number_does_not_spoil_the_hang_up(switch, phone, far):
    """A far end refuses what is numbered below what it has seen, a BYE of ours too."""
    talk = Talk(phone, far)
    phone.say(talk.request("INFO", cseq=50))
    far.answer(far.hear("INFO"), "200 OK")
    assert status(phone.hear()) == 200
    assert status(phone.ask(talk.request("INFO", cseq=3))) == 500
    (dialog,) = switch.live_calls()
    switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
    assert header(far.hear("BYE"), "CSeq") == "51 BYE"


def test_numbers_that_leave_no_room_for_a_hang_up_are_refused(switch, phone, far):
    highest = "2147483647"
    first = request("INVITE", NUMBER, call="highest", CSeq=f"{highest} INVITE")
    assert status(phone.ask(first)) == 400
    talk = Talk(phone, far)
    assert status(phone.ask(talk.request("INFO", CSeq=f"{highest} INFO"))) == 400


def test_another_invite_makes_no_call_longer(provider, switch, far):
    provider.trunk(by_address=True, addresses=(HERE,), long_call_seconds=3)
    with Phone(switch.address, HERE) as phone:
        talk = Talk(phone, far)
        answered = time.monotonic()
        time.sleep(2)
        phone.say(talk.request("INVITE"))
        far.answer(far.hear("INVITE"), "200 OK")
        assert status(phone.hear()) == 200
        phone.say(talk.request("ACK"))
        assert far.hear("BYE", seconds=5)
        assert time.monotonic() - answered == pytest.approx(3, abs=1.5)


def test_no_word_of_the_caller_about_itself_reaches_the_far_end(phone, far):
    words = {
        "P_Asserted_Identity": "<sip:+442071234567@caller.example>",
        "P_Preferred_Identity": "<sip:+441@caller.example>",
        "Remote_Party_ID": "<sip:+442@caller.example>;party=calling",
    }
    phone.say(request("INVITE", NUMBER, **words))
    heard = far.hear("INVITE")
    assert header(heard, "P-Asserted-Identity") == "<sip:+442071234567@sip.localhost>"
    assert not header(heard, "P-Preferred-Identity")
    assert not header(heard, "Remote-Party-ID")


def test_a_caller_cannot_hang_up_in_the_name_of_the_far_end(provider, phone, far):
    talk = Talk(phone, far)
    phone.say(talk.claimed("BYE"))
    heard = far.hear("BYE")
    assert heard.startswith(f"BYE {talk.target} ")
    far.answer(heard, "200 OK")
    assert provider.wait_for_event("call")["why"] == "normal"


def test_a_caller_cannot_move_the_far_end(switch, phone, far, elsewhere):
    talk = Talk(phone, far)
    moved = talk.claimed("INVITE", Contact=f"<sip:away@127.0.0.1:{elsewhere.port}>")
    assert status(phone.ask(moved)) == 403
    (dialog,) = switch.live_calls()
    switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
    assert far.hear("BYE")


def test_the_far_end_hangs_up(provider, phone, far, switch):
    talk = Talk(phone, far)
    bye = talk.claimed("BYE").replace("PORT", str(phone.socket.getsockname()[1]))
    host, port = switch.address.split(":")
    far.socket.sendto(bye.encode(), (host, int(port)))
    heard = phone.hear()
    assert re.match(rf"BYE sip:acme@127\.0\.0\.5:{phone.socket.getsockname()[1]} ", heard)
    assert provider.wait_for_event("call")["who"] == "callee"


@pytest.mark.parametrize("transport", ["", ";transport=tcp"])
def test_a_caller_over_tcp_is_reached_on_its_connection(provider, switch, far, transport):
    """Whatever its Contact says, and after it has said it again."""
    provider.trunk(by_address=True, addresses=("127.0.0.1",))
    own = f"<sip:acme@127.0.0.1:PORT{transport}>"
    with StreamPhone(switch.address) as phone:
        talk = Talk(phone, far, own=own)
        phone.say(talk.request("INVITE", Contact=own))
        heard = far.hear("INVITE")
        far.answer(heard, "200 OK")
        assert status(phone.hear()) == 200
        phone.say(talk.request("ACK"))
        assert far.hear("ACK")
        host, port = switch.address.split(":")
        info = talk.claimed("INFO").replace("PORT", "9")
        far.socket.sendto(info.encode(), (host, int(port)))
        assert phone.hear().startswith("INFO ")
        (dialog,) = switch.live_calls()
        switch.rpc("dlg.end_dlg", dialog["h_entry"], dialog["h_id"])
        assert far.hear("BYE")
        assert phone.hear().startswith("BYE ")


def test_a_request_before_the_answer_goes_to_the_ringing_end(phone, far, elsewhere):
    phone.say(request("INVITE", NUMBER, call="early"))
    invite = far.hear("INVITE")
    far.answer(invite, "183 Session Progress")
    time.sleep(0.1)
    far_away = f"sip:away@127.0.0.1:{elsewhere.port}"
    prack = request(
        "PRACK",
        far_away,
        call="early",
        Via="SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK-prack;rport",
        To=f"<{NUMBER}>;tag=far",
        Route=f"{header(invite, 'Record-Route')}, <{far_away};lr>",
        CSeq="2 PRACK",
    )
    phone.say(prack)
    assert far.hear("PRACK").startswith(f"PRACK sip:far@127.0.0.1:{far.port} ")
    assert not elsewhere.hear("PRACK", seconds=0.2)


def again(call: str, cseq: int, **headers: str) -> str:
    """The INVITE of a call once more, as another transaction."""
    via = f"SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK-again-{next(_serial)};rport"
    return request("INVITE", NUMBER, call=call, Via=via, CSeq=f"{cseq} INVITE", **headers)


def test_a_second_invite_of_a_ringing_call_is_refused(provider, switch, phone, far):
    phone.say(request("INVITE", NUMBER, call="twice"))
    invite = far.hear("INVITE")
    assert status(phone.ask(again("twice", 2))) == 482
    far.answer(invite, "180 Ringing")
    assert status(phone.ask(again("twice", 3))) == 482
    assert len(switch.live_calls()) == 1
    assert not far.hear("INVITE", seconds=0.3)


def test_so_is_one_of_a_call_that_is_up_and_none_once_it_is_over(switch, phone, far):
    talk = Talk(phone, far)
    assert status(phone.ask(again(talk.call_id, 2))) == 482
    assert len(switch.live_calls()) == 1
    phone.say(talk.request("BYE", cseq=3))
    far.answer(far.hear("BYE"), "200 OK")
    assert status(phone.hear()) == 200
    phone.say(again(talk.call_id, 4))
    far.answer(far.hear("INVITE"), "200 OK")
    assert status(phone.hear()) == 200
    assert len(switch.live_calls()) == 1


def test_a_refused_call_may_be_tried_again_within_the_same_call_id(phone, far):
    barred = "sip:0033612345678000@switch.example"
    assert status(phone.ask(request("INVITE", barred, call="again"))) in {404, 484}
    for cseq in (2, 3):
        phone.say(again("again", cseq))
        far.answer(far.hear("INVITE"), "486 Busy Here")
        assert status(phone.hear()) == 486
