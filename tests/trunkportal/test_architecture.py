"""Conventions of the source that no linter knows."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "calls", "clients", "limits", "rates", "trunkportal")
LONGEST_MODULE = 500
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError|coming soon)\b")
SKIPPED = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)\b")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def own_modules(*folders: str) -> list[Path]:
    return [path for path in modules(*folders) if "migrations" not in path.parts]


def places(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize(
    "path",
    [path for path in modules(*ROOMS) if "domain" in path.parts],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_domain_imports_only_the_standard_library(path: Path) -> None:
    foreign = {
        name
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and ".domain" not in name
    }
    assert foreign == set()


def test_modules_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in own_modules(*ROOMS, "tests")
        if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_nothing_is_left_for_later() -> None:
    templates = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]
    switch = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]
    assert places([*own_modules(*ROOMS, "tests"), *templates, *switch], UNFINISHED) == []


def test_no_test_is_skipped() -> None:
    assert places(own_modules("tests"), SKIPPED) == []


def test_every_folder_of_tests_is_run_by_a_make_target() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    fast = settings["tool"]["pytest"]["ini_options"]["testpaths"]
    targets = re.findall(
        r"\$\(PYTEST\).*? (tests/\w+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    run = {Path(folder).name for folder in [*fast, *targets]}
    tests = ROOT.glob("tests/*/**/test_*.py")
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in tests}
    assert folders <= run
