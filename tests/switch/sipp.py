"""Calls made and answered by sipp: start it, wait a bounded time, read what was said.

sipp writes each message with its time; `Said` is one of them. The scenarios are in
`scenarios/`; what differs from call to call is filled into a copy in the run directory.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from trunkportal.stack import free_port, is_free

SCENARIOS = Path(__file__).parent / "scenarios"
REFUSALS = (
    *(302, 400, 401, 403, 404, 405, 408, 480, 481, 482, 483, 484, 486, 487, 488),
    *(500, 502, 503, 504, 600, 603),
)
_TRACE = re.compile(
    r"^-{20,} (?P<at>\d{4}-\S+\s\S+)\s*\n"
    r"\w+ message (?P<way>sent|received)\b[^\n]*\n\n(?P<text>.*?)(?=^-{20,}|\Z)",
    re.MULTILINE | re.DOTALL,
)
PORT_IS_TAKEN = 254
START_SECONDS = 10
_serial = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """One SIP message as sipp saw it; `at` is seconds since the epoch."""

    at: float
    sent: bool
    text: str

    @property
    def first_line(self) -> str:
        return self.text.split("\r\n", 1)[0].split("\n", 1)[0].strip()

    @property
    def status(self) -> int:
        """The status of a reply, 0 for a request."""
        found = re.match(r"SIP/2\.0 (\d{3})", self.first_line)
        return int(found[1]) if found else 0

    @property
    def method(self) -> str:
        """The method of a request, that of the request answered for a reply."""
        if self.status:
            return self.header("CSeq").split()[-1]
        return self.first_line.split(" ", 1)[0]

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        found = re.search(
            rf"^{re.escape(name)}:[ \t]*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE
        )
        return found[1].strip() if found else ""


def _read(trace: Path) -> list[Said]:
    if not trace.exists():
        return []
    text = trace.read_text(errors="replace")
    return [
        Said(
            at=datetime.fromisoformat(m["at"]).timestamp(), sent=m["way"] == "sent", text=m["text"]
        )
        for m in _TRACE.finditer(text)
    ]


@dataclass
class Sipp:
    """One running sipp. A context manager: it never outlives its block."""

    process: subprocess.Popen[bytes]
    trace: Path
    log: Path
    port: int

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End sipp whether or not its calls are over."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=5)

    def messages(self) -> list[Said]:
        """Everything said so far, in order."""
        return _read(self.trace)

    def wait_for(self, text: str, seconds: float = 10, *, calls: int = 1) -> Said:
        """The first message whose first line has `text`, once so many calls have one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [said for said in self.messages() if text in said.first_line]
            if len({said.header("Call-ID") for said in found}) >= calls:
                return found[0]
            time.sleep(0.02)
        lines = [said.first_line for said in self.messages()]
        raise AssertionError(f"no {text!r} within {seconds} s; said so far: {lines}; {self.state}")

    @property
    def state(self) -> str:
        """How the process is, and the end of what it printed."""
        ended = self.process.poll()
        printed = self.log.read_text(errors="replace")[-1500:]
        return f"sipp {'runs' if ended is None else f'ended with {ended}'}:\n{printed}"


@dataclass
class Call:
    """What came of one call, read from the caller's side."""

    messages: list[Said] = field(default_factory=list)
    output: str = ""

    @property
    def final(self) -> Said:
        """The last final reply to an INVITE."""
        finals = [m for m in self.messages if m.method == "INVITE" and m.status >= 200]
        assert finals, f"no final reply; said: {[m.first_line for m in self.messages]}"
        return finals[-1]

    @property
    def status(self) -> int:
        return self.final.status

    @property
    def phrase(self) -> str:
        """The reason phrase of the final reply."""
        return self.final.first_line.split(" ", 2)[2]

    @property
    def reason(self) -> str:
        """The Reason header of the final reply."""
        return self.final.header("Reason")

    @property
    def talk_seconds(self) -> float:
        """From the 200 OK to the first BYE of either side."""
        return talk_seconds(self.messages)

    @property
    def cut_by_switch(self) -> bool:
        """Whether the BYE came to this side instead of being sent by it."""
        return any(m.method == "BYE" and not m.status and not m.sent for m in self.messages)


def talk_seconds(messages: list[Said]) -> float:
    """Seconds from the 200 OK of the INVITE to the first BYE, sent or received."""
    answered = next(m.at for m in messages if m.method == "INVITE" and m.status == 200)
    ended = next(m.at for m in messages if m.method == "BYE" and not m.status)
    return ended - answered


def _start(
    run: Path,
    scenario: str,
    values: dict[str, object],
    arguments: list[str],
    port: int,
    *,
    traced: bool = True,
) -> Sipp:
    run.mkdir(parents=True, exist_ok=True)
    name = f"{Path(scenario).stem}-{next(_serial)}"
    filled = run / f"{name}.xml"
    filled.write_text(
        Template((SCENARIOS / scenario).read_text()).safe_substitute(
            {key: str(value) for key, value in values.items()}
        )
    )
    trace, log = run / f"{name}.messages", run / f"{name}.log"
    command = ["sipp", "-sf", str(filled), "-p", str(port), "-nostdin", "-i", "127.0.0.1"]
    if traced:
        command += ["-trace_msg", "-message_file", str(trace), "-message_overwrite", "false"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *arguments], cwd=run, stdout=output, stderr=subprocess.STDOUT
        )
    return Sipp(process, trace, log, port)


def _ready(started: Sipp, is_ready: Callable[[Sipp], bool]) -> bool:
    """Whether sipp got its port; AssertionError when it is not ready in time for other reasons."""
    until = time.monotonic() + START_SECONDS
    while True:
        ended = started.process.poll()
        if is_ready(started):
            return True
        if ended == PORT_IS_TAKEN:
            return False
        assert ended is None, started.state
        assert time.monotonic() < until, started.state
        time.sleep(0.02)


def _listens(started: Sipp) -> bool:
    return not is_free(started.port)


def _far_end(
    run: Path,
    scenario: str,
    values: dict[str, object],
    arguments: list[str],
    port: int,
    *,
    traced: bool = True,
) -> Sipp:
    """sipp that waits for calls, once it does."""
    assert is_free(port), f"port {port} is taken"
    started = _start(run, scenario, values, arguments, port, traced=traced)
    assert _ready(started, _listens), started.state
    return started


def _has_spoken(started: Sipp) -> bool:
    return bool(started.messages())


def callee(
    run: Path, port: int, *, status: str = "", ring_ms: int = 50, transport: str = "u1"
) -> Sipp:
    """A far end on `port`: answers, or refuses with `status` such as "486 Busy Here"."""
    scenario = "callee_refuses.xml" if status else "callee_answers.xml"
    values: dict[str, object] = {"status": status, "ring_ms": ring_ms}
    return _far_end(run, scenario, values, ["-t", transport], port)


def _caller_values(
    switch: str,
    number: str,
    *,
    from_user: str,
    headers: str = "",
    talk_ms: int = 500,
    give_up_ms: int = 15_000,
) -> dict[str, object]:
    def refusals(attempt: int) -> str:
        line = (
            f'  <recv response="{{}}" optional="true" next="refused_{attempt}"'
            f' timeout="{give_up_ms}" ontimeout="give_up_{attempt}"/>\n'
        )
        return "".join(line.format(status) for status in REFUSALS)

    return {
        "to_uri": f"sip:{number}@{switch}",
        "from_user": from_user,
        "extra_headers": headers,
        "talk_ms": talk_ms,
        "give_up_ms": give_up_ms,
        "refusals_1": refusals(1),
        "refusals_2": refusals(2),
    }


def caller(
    run: Path,
    switch: str,
    number: str,
    *,
    calls: int = 1,
    username: str = "",
    password: str = "",
    from_user: str = "",
    source: str = "127.0.0.1",
    transport: str = "u1",
    talk_ms: int = 500,
    give_up_ms: int = 15_000,
    headers: str = "",
) -> Sipp:
    """Begin a call to `number` through `switch` (host:port), or several at once, and return
    while it goes on.

    `talk_ms` after the answer the caller hangs up, unless the switch did; `give_up_ms` after
    the INVITE it sends CANCEL. `transport` is sipp's: u1 for UDP, t1 for TCP.
    """

    values = _caller_values(
        switch,
        number,
        from_user=from_user or username or "caller",
        headers=headers,
        talk_ms=talk_ms,
        give_up_ms=give_up_ms,
    )
    arguments = [switch, "-m", str(calls), "-l", str(calls), "-r", "50", "-t", transport]
    arguments += ["-timeout", "120", "-i", source]
    arguments += ["-au", username or "nobody", "-ap", password or "none"]
    while True:
        started = _start(run, "caller.xml", values, arguments, free_port())
        if _ready(started, _has_spoken):
            return started


def callee_for_load(run: Path, port: int) -> Sipp:
    """A far end that answers at once and keeps no messages."""
    return _far_end(run, "callee_at_once.xml", {}, [], port, traced=False)


def load(
    run: Path, switch: str, number: str, calls: int, *, port: int, username: str, password: str
) -> Sipp:
    """Begin so many short calls, 40 at a time, as fast as they end; no messages are kept."""
    pace = ["-m", str(calls), "-l", "40", "-r", "20000", "-timeout", "60"]
    return _start(
        run,
        "caller.xml",
        _caller_values(switch, number, from_user=username, talk_ms=1),
        [switch, *pace, "-au", username, "-ap", password],
        port,
        traced=False,
    )


def finish(call: Sipp, seconds: float = 60) -> Call:
    """Wait for the caller to be done, at most `seconds`, and tell what came of its call."""
    try:
        call.process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        call.stop()
    return Call(call.messages(), call.log.read_text(errors="replace"))


def finish_all(calls: Sipp, seconds: float = 60) -> list[Call]:
    """The same of a caller with several calls: each apart."""
    made = finish(calls, seconds)
    by_call: dict[str, list[Said]] = {}
    for said in made.messages:
        by_call.setdefault(said.header("Call-ID"), []).append(said)
    return [Call(messages, made.output) for messages in by_call.values()]
