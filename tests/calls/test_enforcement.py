"""The sweep hangs up what is due, through the node that has the call."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from calls.services import enforcement
from calls.store import functions
from tests.calls.worlds import MOBILE, SHARD, Switch, limited


class Node(BaseHTTPRequestHandler):
    """A switch node that notes what it is told."""

    told: ClassVar[list[Any]] = []
    status: ClassVar[int] = 200
    answer: ClassVar[Any] = {"jsonrpc": "2.0", "result": "OK", "id": 1}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Node.told.append(json.loads(body))
        reply = b"" if Node.answer is None else json.dumps(Node.answer).encode()
        self.send_response(Node.status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def node(settings):
    server = HTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    Node.told, Node.status = [], 200
    Node.answer = {"jsonrpc": "2.0", "result": "OK", "id": 1}
    settings.SWITCH_NODES = {"sw1": f"http://127.0.0.1:{server.server_port}/RPC"}
    yield Node
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def switch(valkey):
    made = Switch(valkey)
    made.load()
    made.change(rules={MOBILE: limited(30)})
    return made


def hang_up_due(switch: Switch) -> None:
    if hang_ups := switch.sweep().hang_ups:
        enforcement.cut(switch.store, SHARD, hang_ups)


def test_an_exhausted_call_is_hung_up_and_ended(switch, node):
    call_id = switch.call()
    switch.wait(60)
    hang_up_due(switch)
    because = 'Reason: trunkportal;cause=101;text="daily limit reached"\r\n'
    told = [(each["method"], each["params"]) for each in node.told]
    assert told == [("dlg.end_dlg", [1, 2, because])]
    assert switch.end(call_id) == ["DUP"]


def fault(code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": 1}


@pytest.mark.parametrize("status", [200, 404])
def test_a_node_that_has_no_such_call_has_ended_it(switch, node, status):
    """Kamailio says so with an HTTP status of 404."""
    node.status, node.answer = status, fault(404, "Dialog not found")
    call_id = switch.call()
    switch.wait(60)
    hang_up_due(switch)
    assert switch.end(call_id) == ["DUP"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, fault(500, "Invalid parameters")),
        (500, fault(500, "Method Not Found")),
        (200, fault(-32603, "Internal error")),
        (403, fault(403, "Forbidden")),
        (404, None),
        (500, None),
        (502, {"detail": "a proxy's own"}),
        (200, ["not", "an", "answer"]),
        (200, {}),
        (200, None),
    ],
)
def test_a_node_that_fails_has_hung_up_nobody_and_is_asked_again(
    switch, node, status, answer, caplog
):
    node.status, node.answer = status, answer
    call_id = switch.call()
    switch.wait(60)
    hang_up_due(switch)
    assert f"call {call_id} (101) not hung up" in caplog.text
    switch.wait(enforcement.RETRY_MS / 1000)
    node.status, node.answer = 200, {"jsonrpc": "2.0", "id": 1}
    hang_up_due(switch)
    assert len(node.told) == 2
    assert switch.end(call_id) == ["DUP"]


def test_a_node_that_does_not_answer_is_asked_again(switch, settings):
    settings.SWITCH_NODES = {"sw1": "http://127.0.0.1:1/RPC"}
    switch.call()
    switch.wait(60)
    hang_up_due(switch)
    switch.wait(3)
    assert len(switch.sweep().hang_ups) == 1


def answered_elsewhere(switch: Switch) -> str:
    """A call of a switch that asks by HTTP: nobody here can hang it up."""
    call_id = switch.authorize().call_id
    functions.answer(switch.store, SHARD, call_id, node="another switch", now_ms=switch.now)
    return call_id


def test_a_call_that_its_asker_does_not_end_is_given_up_a_minute_after_it_was_due(switch, node):
    call_id = answered_elsewhere(switch)
    switch.wait(60)
    hang_up_due(switch)
    assert node.told == []
    switch.wait(59)
    hang_up_due(switch)
    assert switch.store.exists(f"{SHARD}:r:{call_id}")
    switch.wait(1)
    hang_up_due(switch)
    assert not switch.store.exists(f"{SHARD}:r:{call_id}")
    assert switch.used(MOBILE) == 60_000
    assert not switch.store.zcard(f"{SHARD}:slots:c:1")
    assert switch.end(call_id, talk_ms=61_500) == ["OK", "61500", "101"]
    assert switch.used(MOBILE) == 62_000


def test_a_limit_raised_lets_a_call_of_another_switch_go_on(switch, node):
    call_id = answered_elsewhere(switch)
    switch.wait(60)
    hang_up_due(switch)
    switch.change(rules={MOBILE: limited(1000)})
    switch.wait(120)
    hang_up_due(switch)
    assert switch.end(call_id) == ["OK", "180000", ""]


def test_live_calls_of_the_nodes_are_proof_of_life(switch, node):
    call_id = switch.call()
    dialog = {"variables": [{"call_id": call_id}, {"why": "normal"}]}
    node.answer = {"jsonrpc": "2.0", "result": [dialog]}
    assert enforcement.report_alive(switch.store) == 1
    assert switch.store.hget(f"{SHARD}:r:{call_id}", "seen")


def test_the_sweep_covers_every_shard_in_use(switch):
    switch.store.delete(f"{SHARD}:beat")
    enforcement.sweep(switch.store)
    assert switch.store.exists(f"{SHARD}:beat")
