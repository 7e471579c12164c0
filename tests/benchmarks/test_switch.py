"""Calls a second through the switch, beside a bare stateful relay in the same run.

Each call is INVITE, 200, ACK, BYE; the switch's also a challenge, its answer, the decision and
the two events. sipp keeps 40 calls going on each side of it, on the same machine.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.benchmarks.conftest import processor_seconds
from tests.switch import kamailio, sipp
from tests.switch.conftest import STORE_DB
from tests.switch.provider import Provider, Trunk
from tests.switch.raw import Phone, request, status
from trunkportal.stack import free_port, switch_binary

RELAY = Path(__file__).parent / "relay.cfg"
CALLS = 4000
ROUNDS = 2


@contextmanager
def relay(run: Path, target: int) -> Iterator[str]:
    """The bare relay, with as many workers as the switch has; its address."""
    port = free_port()
    environment = {
        "SWITCH_PORT": str(port),
        "SWITCH_WORKERS": "2",
        "RELAY_TARGET": f"sip:127.0.0.1:{target}",
    }
    command = [str(switch_binary()), "-f", str(RELAY), "-DD", "-E", "-m", "1024", "-M", "8"]
    with (run / "relay.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-w", str(run), "-Y", str(run)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with Phone(f"127.0.0.1:{port}") as phone:
            for _ in range(100):
                try:
                    if status(phone.ask(request("OPTIONS", f"sip:127.0.0.1:{port}"), 0.1)) == 200:
                        break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            else:
                raise AssertionError((run / "relay.log").read_text())
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def calls_a_second(run: Path, switch: str, trunk: Trunk) -> float:
    started = time.monotonic()
    who = {"username": trunk.username, "password": trunk.password}
    with sipp.load(run, switch, "02071234567", CALLS, port=free_port(), **who) as load:
        load.process.wait(timeout=90)
    taken = time.monotonic() - started
    assert load.process.returncode == 0, load.log.read_text(errors="replace")[-2000:]
    return CALLS / taken


def test_calls_a_second_through_kamailio(provider, servers, tmp_path, report):
    trunk = provider.trunk(minutes={"UK/Geographic": None})
    figures: dict[str, list[float]] = {"bare relay": [], "switch": []}
    with (
        sipp.callee_for_load(tmp_path, provider.route_ports[0]),
        relay(tmp_path, provider.route_ports[0]) as bare,
        kamailio.running(
            tmp_path / "switch", f"unix://{servers.valkey_socket}?db={STORE_DB}"
        ) as switch,
    ):
        before = processor_seconds(provider.store)
        for _ in range(ROUNDS):
            figures["bare relay"].append(calls_a_second(tmp_path, bare, trunk))
            figures["switch"].append(calls_a_second(tmp_path, switch.address, trunk))
        used = processor_seconds(provider.store) - before
    relayed, authorised = (max(figures[name]) for name in ("bare relay", "switch"))
    report.rate("Kamailio, bare stateful relay, calls", relayed)
    report.rate("Kamailio, calls authorised", authorised, ("the bare relay", relayed))
    report.cost("store, a call through Kamailio", used / ROUNDS / CALLS)
    assert provider.wait_for_event("call")["why"] == "normal"


@pytest.fixture
def provider(db, servers):
    with redis.Redis.from_url(
        f"unix://{servers.valkey_socket}?db={STORE_DB}", decode_responses=True
    ) as store:
        store.flushdb()
        yield Provider(store)
