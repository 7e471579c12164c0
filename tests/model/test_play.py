"""What holds in the reference model whatever happens, and that the scenarios reach everywhere."""

from collections import Counter

from hypothesis import given, settings

from tests.model.play import play
from tests.model.reference import SIP_STATUS
from tests.model.rules import SECOND
from tests.model.strategies import Scenario, scenarios

UNREACHED = {109, 305, 306, 307, 311}
"""Refusals that no scenario has: a reseller's limits, and how an account is recognised."""


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(scenarios())
def test_the_parts_of_a_call_add_up_to_its_whole_seconds(scenario: Scenario) -> None:
    player = play(scenario)
    model = player.model
    for name, call in model.calls.items():
        model.end(max(player.now, call.answered_at or 0), name)
    for client in model.world.clients:
        talked = 0
        for call in model.calls.values():
            if call.client == client and call.destination and call.answered_at and call.ended_at:
                talked += -(-max(0, call.ended_at - call.answered_at) // SECOND) * SECOND
        used = model.counters(scenario.starts_at, client)
        leaves = {call.destination for call in model.calls.values()}
        assert (
            sum(ms for (name, _, off), ms in used.items() if name in leaves and not off) == talked
        )


def test_the_scenarios_reach_every_verdict() -> None:
    seen: Counter[int] = Counter()

    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(scenarios())
    def run(scenario: Scenario) -> None:
        player = play(scenario)
        seen.update(player.verdicts)
        seen.update(code for codes in player.model.cut(player.now).values() for code in codes)

    run()
    assert set(SIP_STATUS) - set(seen) - UNREACHED == set()
    assert seen[0] > sum(seen.values()) / 8, "many calls are let through"
