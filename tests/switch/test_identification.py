"""Who calls: credentials when they are there, otherwise the address, otherwise a challenge."""

import re

from tests.switch.raw import Phone, credentials, request, status, without_call

NUMBER = "07700900123"
ANOTHER_REALM = (
    'Proxy-Authorization: Digest username="nobody", realm="elsewhere.example", nonce="x",'
    ' uri="sip:x", response="00000000000000000000000000000000"\n'
)


def test_unknown_and_known_accounts_are_challenged_alike_with_an_old_nonce(provider, phone, uri):
    trunk = provider.trunk()
    old = (
        'Digest username="{}", realm="sip.localhost", nonce="YIzEcGCMw0Tm", uri="sip:x",'
        ' response="00000000000000000000000000000000", qop=auth, nc=00000001, cnonce="c"'
    )
    answers = [
        phone.ask(request("INVITE", uri, call=f"n{i}", Proxy_Authorization=old.format(name)))
        for i, name in enumerate((trunk.username, "nobody"))
    ]
    assert [status(answer) for answer in answers] == [407, 407]
    assert len({re.sub(r'nonce="[^"]+"', "", without_call(answer)) for answer in answers}) == 1


def test_refuses_right_credentials_from_an_address_that_is_not_allowed(provider, far_end, call):
    trunk = provider.trunk(addresses=("192.0.2.0/24", "2001:db8::/32", "127.0.0.9"))
    made = call(trunk)
    assert (made.status, made.phrase, made.reason) == (403, "Forbidden", "")
    assert provider.wait_for_event("barred")["code"] == 307
    assert call(trunk, source="127.0.0.9").status == 200


def test_wrong_credentials_do_not_fall_back_to_the_address(provider, call):
    trunk = provider.trunk(by_address=True, addresses=("127.0.0.1",))
    made = call(trunk, username="nobody", password="guess", headers=ANOTHER_REALM)
    assert [said.status for said in made.messages if said.status] == [407, 403]
    assert [event["code"] for event in provider.events()] == [305]


def test_an_address_identifies_an_account_and_a_stranger_is_challenged(provider, far_end, call):
    trunk = provider.trunk(by_address=True, addresses=("127.0.0.7",))
    assert call(trunk, source="127.0.0.7").status == 200
    assert provider.wait_for_event("call")["facts"]["auth"] == "ip"
    stranger = call(trunk, source="127.0.0.8")
    assert next(said.status for said in stranger.messages if said.status) == 407


def test_a_phone_registers_with_its_password_for_its_own_name_only(provider, switch, phone):
    trunk, other = provider.trunk(), provider.trunk()
    name = trunk.username
    registrar = f"sip:{switch.address}"
    register = phone.ask_with_password
    accepted = register("REGISTER", registrar, name, trunk.password, call="r1")
    assert status(accepted) == 200
    assert re.search(rf"(?m)^Contact: <sip:{name}@127\.0\.0\.1:\d+>;expires=3600", accepted)
    assert name in str(switch.rpc("ul.dump"))
    foreign = register("REGISTER", registrar, other.username, other.password, user=name, call="r2")
    guessed = register("REGISTER", registrar, name, "guess", call="r3")
    unknown = register("REGISTER", registrar, "nobody", "guess", user=name, call="r4")
    assert {status(answer) for answer in (foreign, guessed, unknown)} == {403}
    assert without_call(guessed) == without_call(unknown)


def test_credentials_are_good_for_one_number_only(provider, switch, phone):
    """A recorded answer to a challenge calls no other number and no other switch."""
    trunk = provider.trunk()
    uri = f"sip:0800111@{switch.address}"
    first = phone.ask(request("INVITE", uri, call="c1"))
    nonce = re.findall(r'nonce="([^"]+)"', first)[0]
    stolen = (
        f'Digest username="{trunk.username}", realm="sip.localhost", nonce="{nonce}", uri="{uri}",'
        f' response="{"0" * 32}", qop=auth, nc=00000001, cnonce="c"'
    )
    other = f"sip:{NUMBER}@{switch.address}"
    answer = phone.ask(request("INVITE", other, call="c2", Proxy_Authorization=stolen))
    assert status(answer) == 407


def test_credentials_are_good_from_one_address_only(provider, switch):
    """Overheard in time, they are worth nothing to who overheard them."""
    trunk = provider.trunk()
    uri = f"sip:0600@{switch.address}"
    with Phone(switch.address, "127.0.0.5") as own, Phone(switch.address, "127.0.0.6") as other:
        challenge = own.ask(request("INVITE", uri, call="o1"))
        proof = credentials(challenge, "INVITE", uri, trunk.username, trunk.password)
        for phone, call, expected in ((other, "o2", 407), (own, "o3", 484)):
            asked = request("INVITE", uri, call=call, Proxy_Authorization=proof)
            assert status(phone.ask(asked)) == expected
