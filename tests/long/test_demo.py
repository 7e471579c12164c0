"""``demo``, as a person at a terminal has it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trunkportal.embedded import addresses, postgres
from trunkportal.stack import BASE_DIR, free_port


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trunkportal-demo-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "var")


def manage(data_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=BASE_DIR,
        env={**os.environ, "TRUNKPORTAL_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def demo(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """A demo that runs, and what it printed."""
    with manage(data_dir, "--port", str(free_port()), "--json") as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def processes_of(data_dir: Path) -> list[int]:
    """Processes that know the data folder by their environment or arguments."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            known = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(data_dir) in known and int(place.name) != os.getpid():
            found.append(int(place.name))
    return found


def page(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_demo_serves_until_it_is_told_to_stop_and_leaves_no_process(
    data_dir: Path, how: signal.Signals
) -> None:
    with demo(data_dir) as (process, printed):
        assert page(f"{printed['url']}login/") == 200
        assert printed["logins"]
        process.send_signal(how)
        assert process.wait(60) == 0
    assert processes_of(data_dir) == []


def test_demo_that_was_killed_starts_again_where_it_stopped(data_dir: Path) -> None:
    with demo(data_dir) as (process, _):
        process.kill()
        process.wait(60)
    with demo(data_dir) as (process, printed):
        assert page(f"{printed['url']}login/") == 200
    assert not postgres.answers(addresses(data_dir))
    assert processes_of(data_dir) == []


def test_check_ends_with_zero_once_the_login_page_answers(data_dir: Path) -> None:
    with manage(data_dir, "--port", str(free_port()), "--check") as process:
        assert process.wait(120) == 0
    assert processes_of(data_dir) == []


def test_port_in_use_is_refused_with_a_word_on_what_to_do(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with manage(data_dir, "--port", port) as refused:
            _, said = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert f"Port {port} is in use; name another with --port." in said


def test_a_second_demo_on_the_same_folder_is_refused_and_leaves_the_first_alone(
    data_dir: Path,
) -> None:
    with demo(data_dir) as (_, printed):
        with manage(data_dir, "--port", str(free_port())) as second:
            _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "runs already" in said
        with urllib.request.urlopen(f"{printed['url']}login/", timeout=10) as page:
            assert page.status == 200
