"""The sweep hangs up what is due, through the node that has the call."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from calls.services import enforcement
from tests.calls.worlds import MOBILE, SHARD, Switch, limited


class Node(BaseHTTPRequestHandler):
    """A switch node that notes what it is told."""

    told: ClassVar[list[Any]] = []
    answer: ClassVar[Any] = {"jsonrpc": "2.0", "result": "OK", "id": 1}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Node.told.append(json.loads(body))
        reply = json.dumps(Node.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def node(settings):
    server = HTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Node.told, Node.answer = [], {"jsonrpc": "2.0", "result": "OK", "id": 1}
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
    enforcement.cut(switch.store, SHARD, switch.sweep().hang_ups)


def test_an_exhausted_call_is_hung_up_and_ended(switch, node):
    call_id = switch.call()
    switch.wait(60)
    hang_up_due(switch)
    because = 'Reason: trunkportal;cause=101;text="daily limit reached"\r\n'
    told = [(each["method"], each["params"]) for each in node.told]
    assert told == [("dlg.end_dlg", [1, 2, because])]
    assert switch.end(call_id) == ["DUP"]


def test_a_node_that_says_error_has_no_such_call_so_it_is_ended(switch, node):
    node.answer = {"jsonrpc": "2.0", "error": {"code": 404, "message": "not found"}, "id": 1}
    call_id = switch.call()
    switch.wait(60)
    hang_up_due(switch)
    assert switch.end(call_id) == ["DUP"]


def test_a_node_that_does_not_answer_is_asked_again(switch, settings):
    settings.SWITCH_NODES = {"sw1": "http://127.0.0.1:1/RPC"}
    switch.call()
    switch.wait(60)
    hang_up_due(switch)
    switch.wait(3)
    assert len(switch.sweep().hang_ups) == 1


def test_live_calls_of_the_nodes_are_proof_of_life(switch, node):
    call_id = switch.call()
    node.answer = {"result": [{"variables": [{"call_id": call_id}, {"why": "normal"}]}]}
    assert enforcement.report_alive(switch.store) == 1
    assert switch.store.hget(f"{SHARD}:r:{call_id}", "seen")


def test_the_sweep_covers_every_shard_in_use(switch):
    switch.store.delete(f"{SHARD}:beat")
    enforcement.sweep(switch.store)
    assert switch.store.exists(f"{SHARD}:beat")
