"""docker-compose.yml: valid, and with the commands that the stack starts."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from trunkportal import stack

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return found


def test_compose_file_follows_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*check, str(FILE)], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_compose_file_has_every_part_of_the_portal(services: dict[str, Any]) -> None:
    assert set(services) == {
        "postgres",
        "valkey",
        "migrate",
        "web",
        "worker",
        "enforcement",
        "courier",
        "beat",
        "mail",
        "switch",
    }


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", stack.web_command("0.0.0.0", 8000)),
        ("worker", stack.worker_command()),
        ("enforcement", stack.enforcement_command()),
        ("courier", stack.courier_command()),
        ("beat", stack.beat_command(Path("/data/beat-schedule"))),
        ("mail", stack.mail_command("0.0.0.0", 1025, Path("/data/mail"))),
        ("switch", stack.switch_command(Path("/run/kamailio"))),
    ],
)
def test_each_service_runs_what_the_stack_starts(
    services: dict[str, Any], service: str, command: list[str]
) -> None:
    assert services[service]["command"] == command


def test_the_stack_starts_nothing_that_the_compose_file_lacks(
    services: dict[str, Any], tmp_path: Path
) -> None:
    started = {process.name for process in stack.processes(tmp_path, stack.Ports())}
    assert started <= set(services)


def test_files_that_services_mount_or_build_from_exist(services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists()
    stages = (ROOT / "Dockerfile").read_text()
    for service in services.values():
        if "build" in service:
            assert f"AS {service['build']['target']}\n" in stages


def test_every_setting_that_compose_passes_is_one_that_is_read(services: dict[str, Any]) -> None:
    settings = (ROOT / "trunkportal" / "settings.py").read_text()
    for name in services["web"]["environment"]:
        assert f'"{name}"' in settings
