"""What every command of the portal keeps to: ``--help``, ``--json``, exit codes 0, 1 and 2."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import execute_from_command_line, get_commands
from django.db import connections

from tests.clients.test_commands import FILE
from trunkportal.stack import BASE_DIR

OWN = ("accounts", "calls", "clients", "limits", "rates", "trunkportal")
COMMANDS = sorted(name for name, app in get_commands().items() if app in OWN)
WITHOUT_DATA = {"enforce_limits"}
# What is wrong with the usage itself.
MISUSED = {
    "create_api_token": [],
    "create_client": [],
    "create_reseller": ["--name", "A"],
    "daily_limits": ["1", "--at", "yesterday"],
    "demo": ["--port", "many"],
    "enforce_limits": ["--interval", "soon"],
    "explain_call": ["--account", "1"],
    "import_destinations": [],
    "import_profile": ["CALDER"],
    "import_rates": ["1"],
    "publish_policies": ["--nothing"],
    "rebuild_counters": ["--nothing"],
    "reconcile_usage": ["--nothing"],
    "replay_spool": [],
    "send_test_email": ["nobody"],
}
# What is asked for properly and cannot be done.
REFUSED = [
    ["create_client", "missing.json"],
    ["create_reseller", "--name", "A", "--reference", "A", "--parent", "NOBODY"],
    ["daily_limits", "NOBODY"],
    ["daily_limits", "CALDER/NOBODY"],
    ["explain_call", "--account", "nobody", "--to", "1"],
    ["import_destinations", "missing.csv"],
    ["import_profile", "NOBODY", "missing.csv"],
    ["import_rates", "1", "missing.csv"],
    ["replay_spool", "missing.log"],
]


@pytest.fixture(autouse=True)
def _connections_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command line closes them at its end; the test's transaction goes on."""
    monkeypatch.setattr(connections, "close_all", lambda: None)


def run(*command: str) -> int:
    """The exit code of a command line."""
    try:
        execute_from_command_line(["manage.py", *command])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_all_commands_are_known_here() -> None:
    assert list(MISUSED) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    text = capsys.readouterr().out
    assert len(text.partition("options:")[0].splitlines()) > 3
    assert ("--json" in text) is (name not in WITHOUT_DATA)


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_usage_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, *MISUSED[name]) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize("command", REFUSED, ids=lambda command: command[0])
def test_a_refusal_ends_with_1_and_says_why(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.strip()
    assert "Traceback" not in told.err


@pytest.mark.parametrize("port", ["0", "-1", "99999"])
def test_a_demo_is_told_of_a_port_that_is_none(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", "--port", port) == 2
    assert "is no port: 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["daily_limits", "1"], ["migrate"]])
def test_without_postgresql_any_command_says_so_in_a_sentence(command: list[str]) -> None:
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    ended = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env=os.environ | dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL"), nowhere),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "PostgreSQL does not do what is asked: connection" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("command", REFUSED, ids=lambda command: command[0])
def test_arguments_that_are_not_utf_8_end_with_2(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command[:-1], command[-1] + "\udcff") == 2
    assert capsys.readouterr().err.strip()


@pytest.mark.django_db
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_done_ends_with_0_and_prints_json(
    more: list[str], tmp_path: Any, valkey: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*command: str) -> Any:
        assert run(*command, *more) == 0
        return json.loads(capsys.readouterr().out)

    made = printed("create_reseller", "--name", "Calder Telecom", "--reference", "CALDER")
    assert list(made) == ["reseller_id", "reference"]
    file = tmp_path / "client.json"
    file.write_text(json.dumps(FILE))
    client = printed("create_client", str(file))
    assert list(client) == ["client_id", "reference", "account"]
    assert list(client["account"]) == ["id", "username"]
    for name in (str(client["client_id"]), "CALDER/ACME", "acme"):
        rows = printed("daily_limits", name)
        assert {tuple(row) for row in rows} == {(
            "destination", "monthly_minutes", "divisor", "daily_seconds", "daily_minutes",
            "off_hours_seconds", "used_seconds", "in_progress_seconds", "left_seconds", "barred",
        )}  # fmt: skip
    for name in (client["account"]["username"], str(client["account"]["id"])):
        answer = printed("explain_call", "--account", name, "--to", "07700900123")
        assert (answer["code"], answer["destination"]) == (203, "UK/Mobile")
        assert (answer["max_seconds"], answer["routes"]) == (0, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "code"),
    [("0001-01-01", 2), ("9999-12-31T23:59:59", 2), ("1970-01-01T00:00:00+14:00", 0)],
)
@pytest.mark.parametrize("command", ["daily_limits", "explain_call"])
def test_a_moment_far_away_is_answered_or_refused_in_words(
    command: str, at: str, code: int, tmp_path: Any, valkey: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create_reseller", "--name", "Calder Telecom", "--reference", "CALDER")
    file = tmp_path / "client.json"
    file.write_text(json.dumps(FILE))
    capsys.readouterr()
    run("create_client", str(file))
    account = json.loads(capsys.readouterr().out)["account"]["username"]
    asked = ["ACME"] if command == "daily_limits" else ["--account", account, "--to", "07700900123"]
    assert run(command, *asked, "--at", at) == code
