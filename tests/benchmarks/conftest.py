"""Every benchmark adds its figures to one report, printed as one table at the end of the run."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import DATA_DIR, TEST_DATABASE
from trunkportal.embedded import Addresses
from trunkportal.stack import Ports, Stack, environment, processes

IDLE = 0.5  # a load average below this is nobody else's work


@dataclass(frozen=True)
class Page:
    """What a page took at one number of clients; times in ms."""

    name: str
    clients: int
    queries: int
    median: float
    high: float


@dataclass
class Report:
    """``rates``: what was done, times a second, and beside what it stands."""

    load: float = field(default_factory=lambda: os.getloadavg()[0])
    rates: list[tuple[str, float, str]] = field(default_factory=list)
    costs: list[tuple[str, float]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def cost(self, name: str, seconds: float) -> None:
        """Note processor time of the store, which other work on the machine does not blur."""
        self.costs.append((name, seconds))

    def rate(self, name: str, a_second: float, bare: tuple[str, float] | None = None) -> None:
        """Note how often something was done, and its share of a bare figure of this run."""
        beside = f"{a_second / bare[1]:.2f} of {bare[0]}" if bare else ""
        self.rates.append((name, a_second, beside))

    def lines(self) -> Iterator[str]:
        """The table."""
        other = " (the machine was doing other work)" if self.load > IDLE else ""
        yield f"CPU {_cpu()}, cores {os.cpu_count()}, load average {self.load:.1f} before{other}"
        if self.rates:
            yield ""
            yield f"{'':<46}{'a second':>10}"
        for name, a_second, beside in self.rates:
            yield f"{name:<46}{a_second:>10,.0f}  {beside}".rstrip()
        if self.costs:
            yield ""
            yield f"{'Processor time':<46}{'ms':>10}"
        for name, seconds in self.costs:
            yield f"{name:<46}{seconds * 1000:>10.3f}"
        for clients in sorted({page.clients for page in self.pages}):
            yield ""
            title = f"Pages, {clients:,} clients"
            yield f"{title:<46}{'queries':>10}{'median ms':>12}{'95th, ms':>12}"
            for page in self.pages:
                if page.clients == clients:
                    times = f"{page.median:>12.1f}{page.high:>12.1f}"
                    yield f"{page.name:<46}{page.queries:>10}{times}"


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.section("benchmarks")
    for line in config.stash[REPORT].lines():
        terminalreporter.write_line(line)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[REPORT]


def processor_seconds(store: redis.Redis) -> float:
    """What the store has used of a processor so far."""
    used: Any = store.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


@contextmanager
def web_server(servers: Addresses) -> Iterator[int]:
    """The product's web process on the test database and the store; its port on this machine."""
    ports = Ports()
    database = servers.database_url.rpartition("/")[0] + f"/{TEST_DATABASE}"
    told = environment(DATA_DIR, ports, servers.redis_url, DATABASE_URL=database)
    told["REDIS_URL"] = servers.redis_url
    only = [process for process in processes(DATA_DIR, ports) if process.name == "web"]
    with Stack(DATA_DIR, only, told):
        yield ports.web
