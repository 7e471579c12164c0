"""``demo`` says it is ready only when calls would be cut."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from calls.services import enforcement, policy
from trunkportal.management.commands import demo
from trunkportal.stack import BASE_DIR, Stack, StackError, free_port

pytestmark = pytest.mark.django_db


def test_ctrl_c_ends_a_demo_that_a_shell_has_put_in_the_background(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def serve(_self: demo.Command, _options: dict[str, Any]) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
        pytest.fail("the demo goes on")

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    monkeypatch.setattr(demo.Command, "serve", serve)
    try:
        call_command("demo", "--port", str(free_port()))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "Stopped." in capsys.readouterr().err


def test_a_command_beside_a_demo_knows_its_ports_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "demo.env").write_text(
        "PUBLIC_URL=http://localhost:8123\nEMAIL_URL=smtp://127.0.0.1:2525\n"
        'SIP_PORTS={"UDP": 5090, "TCP": 5090}\n'
    )
    asked = "from django.conf import settings as s; print(s.PUBLIC_URL, s.EMAIL_PORT, s.SIP_PORTS)"

    def settings_of(**environment: str) -> str:
        surroundings = {"PATH": os.environ["PATH"], "TRUNKPORTAL_DATA_DIR": str(tmp_path)}
        return subprocess.check_output(
            [sys.executable, "manage.py", "shell", "--no-imports", "--command", asked],
            cwd=BASE_DIR,
            env=surroundings | environment,
            text=True,
        ).strip()

    assert settings_of() == "http://localhost:8123 2525 {'UDP': 5090, 'TCP': 5090}"
    assert settings_of(EMAIL_URL="smtp://127.0.0.1:99").split()[1] == "99"


def test_a_demo_in_which_nothing_is_enforced_is_not_ready(
    valkey, cast, tmp_path: Path, monkeypatch
):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "enforcement.log").write_text("No module named 'packaging'")
    stack = Stack(tmp_path, [], {})
    monkeypatch.setattr(demo, "START_SECONDS", 0.1)
    policy.rebuild(valkey, at=timezone.now())
    with pytest.raises(StackError, match="No module named"):
        demo.wait_for_the_sweep(stack, since=time.time())
    enforcement.sweep(valkey)
    demo.wait_for_the_sweep(stack, since=time.time() - 60)


def test_a_second_demo_on_a_data_folder_is_refused_and_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def serve(_self: demo.Command, _options: dict[str, Any]) -> None:
        with pytest.raises(CommandError, match="A demo runs already"):
            call_command("demo", "--port", str(free_port()))
        served.append(True)

    served: list[bool] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(demo.Command, "serve", serve)
    try:
        for _one_after_the_other in range(2):
            call_command("demo", "--port", str(free_port()))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert len(served) == 2
