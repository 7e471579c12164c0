"""The switch under test: the product's own Kamailio files, started as ``demo`` starts them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        lines = (line.partition("spool ")[2] for line in self.logged().splitlines())
        return [json.loads(text) for text in lines if text.startswith("{")]


@contextmanager
def running(data_dir: Path, redis_url: str, **settings: str) -> Iterator[Switch]:
    """Kamailio alone, with its files under `data_dir` and the store of `redis_url`."""
    ports = Ports()
    only = [process for process in processes(data_dir, ports) if process.name == "switch"]
    with Stack(data_dir, only, environment(data_dir, ports, redis_url, **settings)) as stack:
        yield Switch(ports, stack.log("switch"))
