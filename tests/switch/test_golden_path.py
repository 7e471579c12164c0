"""From Add Client to a barred call, on real parts, as a reseller and a client live it.

Behind that, what a caller hears from the switch by what the portal has published.

Chromium, a real SMTP server, a Celery worker and beat, Granian, PostgreSQL, Valkey, Kamailio and
sipp at both ends. Each client's profile gives Mobile 10 minutes a month: 20 seconds a day.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Page, expect

from calls.services import enforcement
from tests.portal import Portal, run_portal
from tests.switch import sipp
from tests.switch.provider import where_it_is_day
from tests.switch.raw import status, without_call
from tests.switch.sipp import Call, Sipp
from trunkportal.embedded import postgres
from trunkportal.embedded.addresses import addresses
from trunkportal.stack import free_port

OWNER = "owner@calder.example"
PASSWORD = "a long password of the owner"
NUMBER = "07700900123"
ADDRESS = "127.0.0.23"
SIX_WAYS = (
    "07700900123",
    "+447700900123",
    "00447700900123",
    "07700%20900-123",
    "1410770%20(0900)123",
    "447700900123;ext=7",
)


# What the platform's staff enter in the admin: a carrier, and the route to it.
CARRIER = """
from django.utils import timezone
from accounts.models import DefaultRoute, Ident
from accounts.services import account_insert
from clients import outbox, tenancy
from clients.models import Client, ClientType
from clients.tenancy import PLATFORM
at = timezone.now()
with tenancy.writing(PLATFORM):
    vendor = Client.objects.create(
        name="Carrier", reference="CARRIER", type=ClientType.VENDOR, created_at=at)
    account = account_insert(client=vendor, at=at, scope=PLATFORM, values={
        "name": "Carrier", "ident_by": Ident.IP, "orig_enabled": False,
        "term_enabled": True, "term_host": "127.0.0.1", "term_port": %d})
    DefaultRoute.objects.create(account=account)
    outbox.enqueue("policy.catalogue")
"""


@dataclass(frozen=True)
class Trunk:
    username: str = ""
    password: str = ""
    source: str = "127.0.0.1"


class Calls:
    """Calls through the portal's switch to a far end that answers."""

    def __init__(self, portal: Portal, far_end: Sipp, run: Path) -> None:
        self.portal, self.far_end, self.run = portal, far_end, run

    def call(self, trunk: Trunk, number: str = NUMBER, *, talk_ms: int = 1000) -> Call:
        with sipp.caller(
            self.run,
            self.portal.sip,
            number,
            talk_ms=talk_ms,
            username=trunk.username,
            password=trunk.password,
            source=trunk.source,
        ) as calling:
            return sipp.finish(calling)

    def call_until(self, trunk: Trunk, status: int, seconds: float = 15) -> Call:
        """Call again until the policy of a moment ago has reached the switch."""
        until = time.monotonic() + seconds
        while (call := self.call(trunk)).status != status:
            assert time.monotonic() < until, (call.status, call.phrase)
            time.sleep(0.3)
        return call

    def wait_for_the_sweep(self, seconds: float = 15) -> None:
        """Return once enforcement runs: without it the switch cuts, and its BYE has no reason."""
        began = time.time()
        with redis.Redis.from_url(
            self.portal.environment["REDIS_URL"], decode_responses=True
        ) as store:
            while enforcement.last_sweep(store) < began:
                assert time.time() < began + seconds, "nothing is enforced"
                time.sleep(0.1)

    def far_leg(self, call: Call) -> list[sipp.Said]:
        call_id = call.final.header("Call-ID")
        return [said for said in self.far_end.messages() if said.header("Call-ID") == call_id]


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of its own, on an empty database."""
    with run_portal(tmp_path_factory.mktemp("portal"), switch=True) as portal:
        yield portal


@pytest.fixture(scope="session")
def calls(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """What the operators do once: a carrier, a reseller with rates and three profiles."""
    run = tmp_path_factory.mktemp("sipp")
    far_end = free_port()
    portal.manage("shell", "-c", CARRIER % far_end)
    portal.manage_json(
        *("create_reseller", "--name", "Calder Telecom", "--reference", "CALDER"),
        *("--email", OWNER, "--json"),
    )
    rates, limits = run / "rates.csv", run / "limits.csv"
    rates.write_text("prefix,price_per_minute\n44,0.0128\n447,0.0342\n")
    portal.manage("import_rates", "CALDER/Default", str(rates))
    rows = "".join(f"{name},UK/Mobile,10\n" for name in ("Wizard", "File", "Address", "Down"))
    limits.write_text(f"profile,destination,minutes\n{rows}")
    portal.manage("import_profile", "CALDER", str(limits))
    with sipp.callee(run, far_end) as answering:
        yield Calls(portal, answering, run)


@pytest.fixture
def owner(portal: Portal, calls: Calls, page: Page) -> Page:
    """The browser of the reseller's owner, who chooses a password by the invitation at first."""
    page.set_default_timeout(15_000)
    page.goto(portal.url)
    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    if page.get_by_role("alert").is_visible():
        (invitation,) = portal.mail_to(OWNER)
        link = re.findall(r"https?://\S+", text_of(invitation))[0]
        page.goto(link)
        for field in page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        page.get_by_role("button", name="Save and log in").click()
    expect(page.get_by_role("link", name="Add Client").first).to_be_visible()
    return page


def text_of(mail) -> str:
    return str(mail.get_body(("plain",)).get_content())


def trunk_in(mail) -> Trunk:
    """The username and password that a mail with trunk details tells."""
    found = dict(re.findall(r"(?m)^(Username|Password): (\S+)$", text_of(mail)))
    return Trunk(found["Username"], found["Password"])


def add_client(page: Page, email: str) -> None:
    """Complete Add Client with the profile Wizard and no other."""
    page.get_by_role("link", name="Add Client").first.click()
    next_step = page.get_by_role("button", name="Next", exact=True).last
    next_step.click()
    page.get_by_label("Company name").fill("Thornbury Instruments Ltd")
    page.get_by_label("Account reference").fill("THORN01")
    page.get_by_label("Contact name").fill("Alan Firth")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Time zone").fill(where_it_is_day())
    page.get_by_label("Name of the first trunk").fill("Main trunk")
    page.get_by_label("Its capacity").fill("10")
    next_step.click()
    lists = page.locator("[data-dual-list]")
    lists.get_by_role("button", name="Remove all").click()
    lists.locator("[data-list=available]").get_by_text("Wizard", exact=True).click()
    lists.get_by_role("button", name="Add", exact=True).click()
    allocated = lists.locator("[data-list=allocated] li")
    expect(allocated).to_have_count(1)
    next_step.click()
    page.get_by_label("Billing email").fill("bills@thorn.example")
    next_step.click()
    page.get_by_label("Address line 1").fill("Unit 4, Kirkstall Works")
    page.get_by_label("Town or city").fill("Leeds")
    page.get_by_label("Postcode").fill("LS3 1LH")
    page.get_by_role("button", name="Create", exact=True).last.click()
    expect(page.get_by_role("heading", name="Thornbury Instruments Ltd")).to_be_visible()


def raise_limit(page: Page, portal: Portal, profile: str) -> None:
    page.goto(f"{portal.url}limit-profiles/")
    page.get_by_role("link", name=profile, exact=True).first.click()
    cell = page.get_by_label("Minutes a month, UK/Mobile", exact=True)
    expect(cell).to_have_value("10")
    cell.fill("20")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_label("Minutes a month, UK/Mobile", exact=True)).to_have_value("20")


def shows(page: Page, portal: Portal, path: str, *texts: str | re.Pattern[str]) -> None:
    """Assert that a row of a table shows every text, once events have been taken in."""
    until = time.monotonic() + 15
    while True:
        page.goto(f"{portal.url}{path}")
        rows = page.get_by_role("row")
        for text in texts:
            rows = rows.filter(has_text=text)
        if rows.count() or time.monotonic() > until:
            break
        time.sleep(0.5)
    expect(rows.first).to_be_visible()


def test_a_client_added_in_the_browser_calls_is_cut_barred_and_raised(portal, calls, owner):
    add_client(owner, "trunks@thorn.example")
    (mail,) = portal.mail_to("trunks@thorn.example")
    lives_through_a_day(portal, calls, owner, trunk_in(mail), "Thornbury", "Wizard")
    assert len(portal.mail_to("trunks@thorn.example")) == 1


def test_so_does_a_client_made_from_a_file(portal, calls, owner, tmp_path):
    made = portal.manage_json("create_client", described(tmp_path, "FILE01", "File"))
    (mail,) = portal.mail_to("file01@acme.example")
    trunk = trunk_in(mail)
    assert trunk.username == made["account"]["username"]
    lives_through_a_day(portal, calls, owner, trunk, "Acme FILE01", "File")


def test_so_does_an_account_known_by_its_address(portal, calls, owner, tmp_path):
    made = portal.manage_json("create_client", described(tmp_path, "ADDR01", "Address"))
    owner.goto(f"{portal.url}accounts/{made['account']['id']}/")
    owner.get_by_label("IP", exact=True).first.check(force=True)
    owner.locator("[name=ips]").fill(ADDRESS)
    owner.get_by_role("button", name="Apply").click()
    expect(owner.locator("[name=ips]")).to_have_value(ADDRESS)
    lives_through_a_day(portal, calls, owner, Trunk(source=ADDRESS), "Acme ADDR01", "Address")


def test_with_postgresql_down_the_switch_decides_and_records_wait(portal, calls, owner, tmp_path):
    portal.manage_json("create_client", described(tmp_path, "DOWN01", "Down"))
    (mail,) = portal.mail_to("down01@acme.example")
    trunk = trunk_in(mail)
    calls.call_until(trunk, 200)
    postgres.stop(portal.data_dir)
    try:
        assert calls.call(trunk, talk_ms=6500).status == 200
        refused = calls.call(trunk, number="0033612345678")
        assert (refused.status, refused.phrase[:4]) == (403, "107 ")
    finally:
        postgres.start(addresses(portal.data_dir), portal.data_dir, durable=False)
    shows(owner, portal, "calls/", "Acme DOWN01", re.compile("0:0[78]"))
    shows(owner, portal, "barred-calls/", "Acme DOWN01", "107", "+33612345678")


def described(folder: Path, reference: str, profile: str) -> str:
    content = {
        "reseller": "CALDER",
        "name": f"Acme {reference}",
        "reference": reference,
        "contact_name": "Alan Firth",
        "email": f"{reference.lower()}@acme.example",
        "phone": "+441134960142",
        "country": "GB",
        "time_zone": where_it_is_day(),
        "currency": "GBP",
        "rate_table": None,
        "limit_profiles": [profile],
        "long_call_minutes": 180,
        "high_price_amount": "0.50",
        "working_schedule": 30,
        "billing_email": "bills@acme.example",
        "address": {
            "line1": "1 High Street",
            "line2": "",
            "city": "Leeds",
            "region": "",
            "postcode": "LS3 1LH",
            "country": "GB",
        },
        "account": {"name": "Main trunk", "capacity": 10},
    }
    path = folder / "client.json"
    path.write_text(json.dumps(content))
    return str(path)


def lives_through_a_day(
    portal: Portal, calls: Calls, page: Page, trunk: Trunk, client: str, profile: str
) -> None:
    """A call is cut on both legs, the next is refused, and passes once the limit is raised."""
    calls.wait_for_the_sweep()
    cut = calls.call(trunk, talk_ms=60_000)
    assert cut.status == 200, cut.phrase
    assert cut.cut_by_switch
    assert cut.talk_seconds == pytest.approx(20, abs=1)
    bye = next(said for said in cut.messages if said.method == "BYE")
    assert bye.header("Reason").startswith("trunkportal;cause=101;")
    far = calls.far_leg(cut)
    assert sipp.talk_seconds(far) == pytest.approx(20, abs=1)
    assert not next(said for said in far if said.method == "BYE" and not said.status).sent
    shows(page, portal, "calls/", client, "101", "+447700900123")

    refused = calls.call(trunk)
    assert (refused.status, refused.phrase[:4]) == (403, "101 ")
    assert refused.reason.startswith("trunkportal;cause=101;text=")
    shows(page, portal, "barred-calls/", client, "101", "+447700900123")

    raise_limit(page, portal, profile)
    calls.call_until(trunk, 200)


def refusal(call: Call) -> tuple[int, str]:
    """Status and phrase; the Reason header must say the same."""
    code, sentence = call.phrase.split(" ", 1)
    assert call.reason == f'trunkportal;cause={code};text="{sentence}"'
    return call.status, call.phrase


def test_refuses_a_wrong_password_and_an_unknown_account_alike(provider, switch, phone, uri):
    trunk = provider.trunk()
    wrong = phone.ask_with_password("INVITE", uri, trunk.username, "guess", user="x", call="a1")
    unknown = phone.ask_with_password("INVITE", uri, "nobody", "guess", user="x", call="a2")
    assert status(wrong) == 403
    assert without_call(wrong) == without_call(unknown)
    assert "Reason" not in wrong
    for code, name in ((306, trunk.username), (305, "nobody")):
        line = rf"refused {code} INVITE from 127\.0\.0\.1:\d+/udp as '{name}'"
        assert re.search(line, switch.logged())
    refusals = [event for event in provider.events() if event["kind"] == "barred"]
    assert [(event["code"], event["username"]) for event in refusals] == [
        (306, trunk.username),
        (305, "nobody"),
    ]


def test_of_three_calls_at_once_a_capacity_of_two_lets_two_through(provider, far_end, begin, call):
    trunk = provider.trunk(capacity=2)
    two = [begin(trunk, "07700900123", talk_ms=3000) for _ in range(2)]
    for each in two:
        each.wait_for("SIP/2.0 200")
    third = call(trunk)
    assert refusal(third) == (480, "108 The account's capacity is reached: 2 of 2 calls.")
    assert {sipp.finish(each).status for each in two} == {200}
    assert call(trunk).status == 200


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
    for answer, expected in (("503 Service Unavailable", 200), ("486 Busy Here", 486)):
        provider.route_ports = (first, good)
        with sipp.callee(tmp_path / "sipp", first, status=answer):
            assert call(provider.trunk()).status == expected


@pytest.mark.parametrize(
    ("said", "heard"),
    [("603 Decline", 480), ("600 Busy Everywhere", 486), ("302 Moved Temporarily", 480)],
)
def test_a_caller_hears_no_6xx_and_is_led_nowhere_else(provider, call, tmp_path, said, heard):
    with sipp.callee(tmp_path / "sipp", provider.route_ports[0], status=said):
        assert call(provider.trunk()).status == heard
