"""The processes of a running portal: started together, watched, stopped together.

``demo`` and the tests of browser and switch start this same stack with other ports and another
data folder; ``docker-compose.yml`` names the same commands. PostgreSQL and Valkey are not among
them: see ``trunkportal.embedded``.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

BASE_DIR = Path(__file__).resolve().parent.parent
SWITCH_CONFIGURATION = "deploy/kamailio/kamailio.cfg"
START_SECONDS = 60
STOP_SECONDS = 20
RESTART_SECONDS = 1.0
NODE = "sw1"


class StackError(Exception):
    """A process of the stack did not become ready; the text has the end of its log."""


def web_command(host: str, port: int) -> list[str]:
    """The pages and the HTTP door."""
    serve = "python -m granian --interface wsgi --blocking-threads 16".split()
    return [*serve, "--host", host, "--port", str(port), "trunkportal.wsgi:application"]


def worker_command() -> list[str]:
    """What follows a commit, and housekeeping."""
    worker = "python -m celery --app trunkportal worker --loglevel INFO --concurrency 2"
    return [*worker.split(), "--queues", "celery"]


def enforcement_command() -> list[str]:
    """The sweep and the taking in of call events, which wait for nothing else's work.

    Threads, so that a database that hangs while events are taken in does not stop the sweep.
    """
    return _own_queue("enforcement", concurrency=2)


def courier_command() -> list[str]:
    """The mails, for which nothing else waits when their server hangs."""
    return _own_queue("mail", concurrency=4)


def _own_queue(queue: str, *, concurrency: int) -> list[str]:
    worker = (
        f"python -m celery --app trunkportal worker --loglevel INFO --concurrency {concurrency}"
    )
    lean = f"--pool threads --without-gossip --without-mingle --hostname {queue}@%h"
    return [*worker.split(), "--queues", queue, *lean.split()]


def beat_command(schedule: Path) -> list[str]:
    """The clock of the repeating tasks."""
    beat = "python -m celery --app trunkportal beat --loglevel INFO"
    return [*beat.split(), "--schedule", str(schedule)]


def mail_command(host: str, port: int, folder: Path) -> list[str]:
    """A mail server that keeps every mail in a Maildir and passes none on."""
    catch = ["python", "-m", "aiosmtpd", "--nosetuid", "--listen", f"{host}:{port}"]
    return [*catch, "--class", "aiosmtpd.handlers.Mailbox", str(folder)]


def switch_command(run_dir: Path) -> list[str]:
    """Kamailio in the foreground; its ports and its store come from the environment."""
    memory = ["-m", "1024", "-M", "8"]
    folders = ["-w", str(run_dir), "-Y", str(run_dir)]
    return ["kamailio", "-f", SWITCH_CONFIGURATION, "-DD", "-E", *memory, *folders]


def carrier_command(port: int) -> list[str]:
    """A far end that answers every call, echoes it and waits for its end."""
    place = ["-i", "127.0.0.1", "-p", str(port), "-rtp_echo"]
    return ["sipp", "-sf", "deploy/carrier.xml", *place, "-nostdin", "-f", "3600"]


def switch_binary() -> str | None:
    """Kamailio's program where it is installed; Debian keeps it out of a user's PATH."""
    return shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def switch_store(redis_url: str) -> str:
    """``REDIS_URL`` as the switch takes it."""
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        db = parse_qs(url.query).get("db", ["0"])[0]
        return f"name=store;unix={unquote(url.path)};db={db}"
    parts = [f"name=store;addr={url.hostname};port={url.port or 6379}"]
    parts += [f"db={url.path.strip('/') or 0}"]
    parts += [f"pass={unquote(url.password)}"] if url.password else []
    return ";".join(parts)


def free_port() -> int:
    """A port of this machine that nothing listened on a moment ago, by TCP or UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def is_free(port: int) -> bool:
    """Whether a port of this machine can be listened on, by TCP and UDP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the stack listens, all on the loopback address."""

    web: int = field(default_factory=free_port)
    smtp: int = field(default_factory=free_port)
    sip: int = field(default_factory=free_port)
    rpc: int = field(default_factory=free_port)
    carrier: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The address of the first page."""
        return f"http://localhost:{self.web}/"


@dataclass(kw_only=True)
class Process:
    """One process of the stack."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    environment: dict[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None


def _accepts(port: int) -> Callable[[], bool]:
    def ready() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ready


def _login_page_answers(ports: Ports) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{ports.url}login/", timeout=5) as page:  # noqa: S310
                return bool(page.status == 200)
        except OSError:
            return False

    return ready


def processes(
    data_dir: Path, ports: Ports, *, switch: bool = True, carrier: bool = False
) -> list[Process]:
    """The stack of one data folder, in the order in which it starts."""
    stack = [
        Process(
            name="mail",
            command=mail_command("127.0.0.1", ports.smtp, data_dir / "mail"),
            ready=_accepts(ports.smtp),
        ),
        Process(name="worker", command=worker_command()),
        Process(name="enforcement", command=enforcement_command()),
        Process(name="courier", command=courier_command()),
        Process(name="beat", command=beat_command(data_dir / "beat" / "schedule")),
        Process(
            name="web",
            command=web_command("127.0.0.1", ports.web),
            ready=_login_page_answers(ports),
        ),
    ]
    if switch:
        run_dir = data_dir / "switch"
        stack.append(
            Process(name="switch", command=switch_command(run_dir), ready=_accepts(ports.rpc))
        )
    if carrier:
        stack.append(Process(name="carrier", command=carrier_command(ports.carrier)))
    return stack


def environment(data_dir: Path, ports: Ports, redis_url: str, **more: str) -> dict[str, str]:
    """What the processes are told, besides the environment of this one; ``more`` wins."""
    told = {
        "DJANGO_SETTINGS_MODULE": "trunkportal.settings",
        "PYTHONUNBUFFERED": "1",
        "TRUNKPORTAL_DATA_DIR": str(data_dir),
        "PUBLIC_URL": ports.url.rstrip("/"),
        "EMAIL_URL": f"smtp://127.0.0.1:{ports.smtp}",
        "SIP_REGISTRAR": "127.0.0.1",
        "SIP_PORTS": f'{{"UDP": {ports.sip}, "TCP": {ports.sip}}}',
        "SWITCH_NODES": f"{NODE}=http://127.0.0.1:{ports.rpc}/RPC",
        "SWITCH_NODE": NODE,
        "SWITCH_REALM": os.environ.get("SIP_REALM", "sip.localhost"),
        "SWITCH_ADDRESS": "127.0.0.1",
        "SWITCH_PORT": str(ports.sip),
        "SWITCH_RPC_ADDRESS": "127.0.0.1",
        "SWITCH_RPC_PORT": str(ports.rpc),
        "SWITCH_STORE": switch_store(redis_url),
        "SWITCH_SPOOL_KEY": settings.SWITCH_SPOOL_KEY,
        "SWITCH_WORKERS": "2",
    }
    return {**os.environ, **told, **more}


class Stack:
    """Runs processes for the time of a ``with`` block and starts again what ends by itself.

    Each has its output in ``<data_dir>/log/<name>.log``. ``say`` is told what a person at the
    terminal should know. Entering raises StackError when a process does not become ready.
    """

    def __init__(
        self,
        data_dir: Path,
        processes: Sequence[Process],
        environment: Mapping[str, str],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data_dir = data_dir
        self.environment = environment
        self.say = say
        self._processes = {process.name: process for process in processes}

    def __enter__(self) -> Self:
        for folder in ("log", "beat", "static", "switch"):
            (self.data_dir / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for name in self._processes:
                self.start(name)
            for name in self._processes:
                self.wait_until_ready(name)
        except BaseException:
            self.stop_all()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop_all()

    def log(self, name: str) -> Path:
        """The file of a process's output."""
        return self.data_dir / "log" / f"{name}.log"

    def pid(self, name: str) -> int | None:
        """The number of a process's first process; None when it does not run."""
        running = self._processes[name].running
        return running.pid if running and running.poll() is None else None

    def start(self, name: str, **environment: str) -> None:
        """Start one process, with ``environment`` on top from now on."""
        process = self._processes[name]
        process.environment.update(environment)
        program, *arguments = process.command
        binary = {"python": sys.executable, "kamailio": switch_binary()}.get(program) or program
        # The kernel ends it should this process be killed; Ctrl-C reaches this process only.
        guard = ["setpriv", "--pdeathsig", "TERM", "--"]
        with self.log(name).open("ab") as output:
            process.running = subprocess.Popen(
                [*guard, binary, *arguments],
                cwd=BASE_DIR,
                env={**self.environment, **process.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, name: str) -> None:
        """Return once a process serves; StackError when it ends or takes too long."""
        process = self._processes[name]
        deadline = time.monotonic() + START_SECONDS
        while not process.ready():
            if self.pid(name) is None or time.monotonic() > deadline:
                end = self.log(name).read_text(errors="replace")[-2000:]
                raise StackError(f"{name} did not start:\n{end}")
            time.sleep(0.05)

    def watch(self) -> None:
        """Start again what has ended by itself, and say so; call it now and then."""
        for name, process in self._processes.items():
            if process.running and process.running.poll() is not None:
                code = process.running.returncode
                self.say(f"{name} ended ({code}) and is started again; see {self.log(name)}")
                self._end_group(process.running)
                time.sleep(RESTART_SECONDS)
                self.start(name)

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End one process and what it started; ``watch`` leaves it alone then."""
        process = self._processes[name]
        if process.running and process.running.poll() is None:
            process.running.send_signal(how)
        self._wait_until_gone(process)

    def stop_all(self) -> None:
        """End every process, the last started first."""
        everything = list(reversed(self._processes.values()))
        for process in everything:
            if process.running and process.running.poll() is None:
                process.running.terminate()
        for process in everything:
            self._wait_until_gone(process)

    def _wait_until_gone(self, process: Process) -> None:
        if process.running:
            try:
                process.running.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.say(f"{process.name} does not end and is killed")
            self._end_group(process.running)
            process.running.wait()
            process.running = None

    @staticmethod
    def _end_group(running: subprocess.Popen[bytes]) -> None:
        """Kill what is left of a process and its children."""
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
