"""The switch under test: the product's own Kamailio files, started as ``demo`` starts them."""

import json
import socket
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from trunkportal.stack import Ports, Stack, environment, processes


@dataclass
class Switch:
    """A running Kamailio."""

    ports: Ports
    log: Path

    @property
    def address(self) -> str:
        """Where calls go: host:port."""
        return f"127.0.0.1:{self.ports.sip}"

    @property
    def rpc_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.rpc}/RPC"

    def rpc(self, method: str, *parameters: object) -> Any:
        """The result of one JSON-RPC call; RuntimeError with the switch's message on a fault."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1})
        request = urllib.request.Request(
            self.rpc_url, body.encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=3) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as fault:
            answer = json.load(fault)
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer.get("result")

    def live_calls(self) -> list[dict[str, Any]]:
        """The calls the switch holds that are not over yet."""
        return [call for call in self.rpc("dlg.list") or [] if call["state"] < 5]

    def logged(self) -> str:
        return self.log.read_text(errors="replace")

    def spooled(self) -> list[dict[str, Any]]:
        """The events the store could not be told, in order."""
        mark = f"spool {settings.SWITCH_SPOOL_KEY} "
        lines = (line.partition(mark)[2] for line in self.logged().splitlines())
        return [json.loads(text) for text in lines if text.startswith("{")]


class Relay:
    """A Unix socket that leads to another one, until it is stopped: a store that goes away."""

    def __init__(self, target: Path, path: Path) -> None:
        self.target, self.path = target, path
        self._server: socketserver.ThreadingUnixStreamServer | None = None
        self._open: list[socket.socket] = []

    def start(self) -> None:
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.socket(socket.AF_UNIX) as far:
                    far.connect(str(relay.target))
                    relay._open += [self.request, far]
                    back = threading.Thread(target=_copy, args=(far, self.request), daemon=True)
                    back.start()
                    _copy(self.request, far)

        self._server = socketserver.ThreadingUnixStreamServer(str(self.path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.path.unlink(missing_ok=True)
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(target: Path, path: Path) -> Iterator[Relay]:
    """The store at `target`, reached by `path` until the relay is stopped."""
    relay = Relay(target, path)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


@contextmanager
def running(data_dir: Path, redis_url: str, **settings: str) -> Iterator[Switch]:
    """Kamailio alone, with its files under `data_dir` and the store of `redis_url`."""
    ports = Ports()
    only = [process for process in processes(data_dir, ports) if process.name == "switch"]
    with Stack(data_dir, only, environment(data_dir, ports, redis_url, **settings)) as stack:
        yield Switch(ports, stack.log("switch"))
