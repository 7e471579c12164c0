"""The supervisor of the portal's processes, with small programs in their place."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from trunkportal import stack
from trunkportal.stack import Ports, Process, Stack, StackError, free_port, is_free, switch_store


def program(text: str) -> list[str]:
    return ["python", "-c", dedent(text)]


SLEEPER = ["sleep", "60"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("unix:///a%20b/v.sock?db=0", "name=store;unix=/a b/v.sock;db=0"),
        ("redis://store:6380/2", "name=store;addr=store;port=6380;db=2"),
        ("redis://:pw@store", "name=store;addr=store;port=6379;db=0;pass=pw"),
    ],
)
def test_switch_is_told_the_store_in_its_own_words(url: str, told: str) -> None:
    assert switch_store(url) == told


def test_ports_are_free_and_different() -> None:
    ports = Ports()
    chosen = [ports.web, ports.smtp, ports.sip, ports.rpc, ports.carrier]
    assert all(is_free(port) for port in chosen)


def test_processes_get_the_environment_and_a_log_each(tmp_path: Path) -> None:
    show = Process(name="show", command=program("import os; print(os.environ['GIVEN'])"))
    with Stack(tmp_path, [show], {**os.environ, "GIVEN": "words"}) as running:
        assert until(lambda: running.log("show").read_text() == "words\n")


def test_process_that_dies_is_started_again_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "RESTART_SECONDS", 0)
    said: list[str] = []
    process = Process(name="worker", command=SLEEPER)
    with Stack(tmp_path, [process], os.environ, said.append) as running:
        first = running.pid("worker")
        assert first
        os.kill(first, signal.SIGKILL)
        assert until(lambda: running.pid("worker") is None)
        running.watch()
        assert running.pid("worker") not in (None, first)
    assert len(said) == 1
    assert "worker ended (-9) and is started again" in said[0]


def test_process_that_was_stopped_stays_stopped(tmp_path: Path) -> None:
    with Stack(tmp_path, [Process(name="beat", command=SLEEPER)], os.environ) as running:
        running.stop("beat")
        running.watch()
        assert running.pid("beat") is None


def test_children_of_a_process_end_with_it(tmp_path: Path) -> None:
    parent = program(
        """
        import subprocess, time
        print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
        time.sleep(60)
        """
    )
    with Stack(tmp_path, [Process(name="parent", command=parent)], os.environ) as running:
        assert until(lambda: running.log("parent").read_text())
        child = int(running.log("parent").read_text())
        assert alive(child)
    assert until(lambda: not alive(child))


def test_process_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "STOP_SECONDS", 0.2)
    stubborn = program(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("up", flush=True)
        time.sleep(60)
        """
    )
    said: list[str] = []
    with Stack(
        tmp_path, [Process(name="stubborn", command=stubborn)], os.environ, said.append
    ) as running:
        assert until(lambda: running.log("stubborn").read_text())
        pid = running.pid("stubborn")
    assert pid
    assert not alive(pid)
    assert said == ["stubborn does not end and is killed"]


def test_process_that_does_not_start_says_why_and_the_others_end(tmp_path: Path) -> None:
    steady = Process(name="steady", command=SLEEPER)
    broken = Process(
        name="broken", command=program("raise SystemExit('no luck')"), ready=lambda: False
    )
    running = Stack(tmp_path, [steady, broken], os.environ)
    with pytest.raises(StackError, match="no luck"), running:
        pass
    assert running.pid("steady") is None


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = f"""
        import os, time
        from pathlib import Path
        from trunkportal.stack import Process, Stack
        processes = [Process(name="worker", command=["sleep", "60"])]
        with Stack(Path({str(tmp_path)!r}), processes, os.environ) as running:
            print(running.pid("worker"), flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", dedent(script)],
        cwd=stack.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout
        child = int(supervisor.stdout.readline())
        # The guard has asked for its signal once the program has taken its place.
        assert until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        supervisor.kill()
    assert until(lambda: not alive(child))


def test_free_port_can_be_listened_on() -> None:
    assert is_free(free_port())
