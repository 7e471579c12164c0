"""Runs the function in the store beside the reference model on generated worlds and calls."""

from collections.abc import Callable

import redis
from hypothesis import HealthCheck, Phase, given, settings

from calls.store import library
from tests.model.play import play
from tests.model.store import Store
from tests.model.strategies import Scenario, scenarios


def agreement(
    connection: redis.Redis, examples: int, *, always_the_same: bool = False
) -> Callable[[], None]:
    """A check of that many scenarios, which raises AssertionError where the two disagree.

    A failure prints the smallest scenario found and how to play it again. `always_the_same`
    scenarios are not made smaller: they only tell whether there is a disagreement.
    """
    library.ensure_loaded(connection)
    phases = [Phase.generate] if always_the_same else [Phase.reuse, Phase.generate, Phase.shrink]

    @settings(
        max_examples=examples,
        derandomize=always_the_same,
        database=None if always_the_same else settings().database,
        phases=phases,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios())
    def run(scenario: Scenario) -> None:
        play(scenario, Store(connection))

    return run
