"""Plays a scenario on the reference model and, beside it, on anything that claims the same."""

from datetime import timedelta
from typing import Protocol

from tests.model.reference import Call, Model, Verdict
from tests.model.rules import MINUTE, Counter, day_of, day_start
from tests.model.strategies import Answer, Dial, End, Publish, Repeat, Scenario, Step, Wait
from tests.model.world import World

HORIZON = 20 * MINUTE
"""How far ahead the next cut is looked for."""


class Other(Protocol):
    """What is held against the model. Calls go by the model's names; `now` is the clock's time
    and `at` the event's, never later."""

    def publish(self, now: int, world: World) -> None: ...

    def authorize(
        self, now: int, request_id: str, account: str, dialled: str, expected: Verdict
    ) -> Verdict: ...

    def answer(self, now: int, at: int, call: str) -> None: ...

    def end(self, now: int, at: int, call: str, talk_ms: int | None) -> None: ...

    def counters(self, now: int, client: str, wanted: dict[Counter, int]) -> dict[Counter, int]: ...

    def cut(self, now: int) -> dict[str, int]: ...


class Player:
    """One run of a scenario. `verdicts` counts the answers given, by code (0: allowed)."""

    def __init__(self, scenario: Scenario, other: Other | None = None) -> None:
        self.model = Model(scenario.world)
        self.now = scenario.starts_at
        self.other = other
        self.calls: list[str] = []
        self.requests: list[tuple[str, str, str]] = []
        self.verdicts: dict[int, int] = {}
        if other:
            other.publish(self.now, scenario.world)

    def step(self, step: Step) -> None:
        """Do one step on both sides and check that they agree."""
        match step:
            case Dial():
                self._dial(step)
            case Answer():
                self._answer(step)
            case End():
                self._end(step)
            case Wait():
                self.now = max(self.now, self._moment(step))
            case Repeat() if self.requests:
                self._authorize(*self.requests[step.request % len(self.requests)])
            case Publish():
                self.model.publish(step.world)
                if self.other:
                    self.other.publish(self.now, step.world)
        self.compare()

    def compare(self) -> None:
        """Both sides have counted the same and would cut the same calls."""
        if not self.other:
            return
        for client in self.model.world.clients:
            expected = self.model.counters(self.now, client)
            found = self.other.counters(self.now, client, expected)
            assert found == expected, f"used by {client} at {self.now}"
        reasons, found_cut = self.model.cut(self.now), self.other.cut(self.now)
        assert set(found_cut) == set(reasons), f"cut at {self.now}"
        for call, code in found_cut.items():
            assert code in reasons[call], f"why {call} is cut at {self.now}"

    def _authorize(self, request_id: str, account: str, dialled: str) -> Verdict:
        verdict = self.model.authorize(self.now, request_id, account, dialled)
        code = verdict.code or 0
        self.verdicts[code] = self.verdicts.get(code, 0) + 1
        if self.other:
            found = self.other.authorize(self.now, request_id, account, dialled, verdict)
            assert found == verdict, f"{dialled!r} by {account} at {self.now}"
        if verdict.call and verdict.call not in self.calls:
            self.calls.append(verdict.call)
        return verdict

    def _dial(self, dial: Dial) -> None:
        account = list(self.model.world.accounts)[dial.account]
        made = []
        for _ in range(dial.times):
            request = (f"request-{len(self.requests)}", account, dial.dialled)
            self.requests.append(request)
            made.append(self._authorize(*request).call)
        if dial.answered_after is not None:
            self.now += dial.answered_after
            for call in made:
                if call:
                    self._told_of_answer(self.now, call)

    def _told_of_answer(self, at: int, call: str) -> None:
        self.model.answer(at, call)
        if self.other:
            self.other.answer(self.now, at, call)

    def _known(self, index: int) -> tuple[str, Call] | None:
        if not self.calls:
            return None
        name = self.calls[index % len(self.calls)]
        return name, self.model.calls[name]

    def _answer(self, step: Answer) -> None:
        if (known := self._known(step.call)) is None:
            return
        name, call = known
        latest = self.now if call.ended_at is None else call.ended_at
        at = max(call.authorized_at, min(latest, self.now - step.late))
        if call.ended_at is not None and call.answered_at is not None:
            at = call.answered_at
        self._told_of_answer(at, name)

    def _end(self, step: End) -> None:
        if (known := self._known(step.call)) is None:
            return
        name, call = known
        at = max(call.answered_at or call.authorized_at, self.now - step.late)
        talk = step.instead_of_answer
        if talk is not None:
            since = call.authorized_at if call.answered_at is None else call.answered_at
            talk = min(talk, at - since) if call.answered_at is None else at - since
        self.model.end(at, name, talk)
        if self.other:
            self.other.end(self.now, at, name, talk)

    def _moment(self, wait: Wait) -> int:
        if wait.until == "cut":
            return self._next_cut() + wait.length
        if wait.until == "boundary":
            return self._next_boundary() + wait.length
        return self.now + wait.length

    def _next_cut(self) -> int:
        """The instant at which the next call must be cut, or now where none is near."""
        known = set(self.model.cut(self.now))
        early, late = self.now, self.now + 1
        while not set(self.model.cut(late)) - known:
            early, late = late, late + 2 * (late - self.now)
            if late > self.now + HORIZON:
                return self.now
        while late - early > 1:
            middle = (early + late) // 2
            if set(self.model.cut(middle)) - known:
                late = middle
            else:
                early = middle
        return late

    def _next_boundary(self) -> int:
        """The instant at which the first client's day or working time changes next."""
        name, client = next(iter(self.model.world.clients.items()))
        today = day_of(client.zone, self.now)
        ends = [p.ends_at for p in self.model.periods_of(name, today) if p.ends_at > self.now]
        return min([*ends, day_start(client.zone, today + timedelta(days=1))])


def play(scenario: Scenario, other: Other | None = None) -> Player:
    """Play a whole scenario; raises AssertionError at the first disagreement."""
    player = Player(scenario, other)
    for step in scenario.steps:
        player.step(step)
    return player
