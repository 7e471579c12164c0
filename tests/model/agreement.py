"""Runs the function in the store beside the reference model on generated worlds and calls."""

import hypothesis
import redis
from hypothesis import HealthCheck, Phase, given, settings

from calls.store import library
from tests.model.play import play
from tests.model.store import Store
from tests.model.strategies import Scenario, scenarios


def agreement(
    connection: redis.Redis, examples: int, *, seed: int = 0, smallest: bool = True
) -> int:
    """Play that many scenarios, by one seed always the same, and return how many were played.

    Raises Disagreement where the two sides differ: by the smallest scenario found, printed with
    how to play it again, or else by the first.
    """
    library.ensure_loaded(connection)
    played = 0

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate, Phase.shrink] if smallest else [Phase.generate],
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios())
    def run(scenario: Scenario) -> None:
        nonlocal played
        played += 1
        play(scenario, Store(connection))

    run()
    return played
