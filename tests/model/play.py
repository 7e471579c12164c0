"""Plays a scenario on the reference model and, beside it, on anything that claims the same."""

from datetime import timedelta
from typing import Protocol

from tests.model.reference import Call, Model, Verdict
from tests.model.rules import MINUTE, Counter, day_of, day_start
from tests.model.strategies import Answer, Dial, End, Publish, Repeat, Scenario, Step, Wait
from tests.model.world import World

HORIZON = 20 * MINUTE
"""How far ahead the next cut is looked for."""
PATIENCE = 4 * MINUTE
"""A call is not left to ring for longer, nor running for longer past its long call duration: what
then becomes of a call whose end is never told is for other tests."""


class Other(Protocol):
    """What is held against the model. Calls go by the model's names; `now` is the clock's time
    and `at` the event's, never later."""

    long_call_grace: int

    def publish(self, now: int, world: World) -> None: ...

    def authorize(
        self, now: int, request_id: str, account: str, dialled: str, expected: Verdict
    ) -> Verdict: ...

    def answer(self, at: int, call: str) -> None: ...

    def end(self, at: int, call: str, talk_ms: int | None) -> None: ...

    def counters(self, now: int, client: str, wanted: dict[Counter, int]) -> dict[Counter, int]: ...

    def cut(self, now: int) -> dict[str, int]: ...


class Player:
    """One run of a scenario. `verdicts` counts the answers given, by code (0: allowed)."""

    def __init__(self, scenario: Scenario, other: Other | None = None) -> None:
        self.model = Model(scenario.world)
        self.now = scenario.starts_at
        self.prompt = scenario.prompt
        self.other = other
        self.grace = other.long_call_grace if other else 0
        self.calls: list[str] = []
        self.requests: list[tuple[str, str, str]] = []
        self.verdicts: dict[int, int] = {}
        self._listed: set[str] = set()
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
                self._wait(max(self.now, self._moment(step)))
            case Repeat() if self.requests:
                self._authorize(*self.requests[step.request % len(self.requests)])
            case Publish():
                self._publish(step.world)

    def compare_counters(self) -> None:
        """Both sides have counted the same."""
        if self.other:
            for client in self.model.world.clients:
                expected = self.model.counters(self.now, client)
                found = self.other.counters(self.now, client, expected)
                used = {counter: ms for counter, ms in expected.items() if ms}
                same(found, used, f"used by {client}", self.now)

    def sweep(self) -> None:
        """Both sides would cut the same calls. Those listed before may be listed again."""
        due = self.model.cut(self.now, self.grace)
        if self.other:
            found = self.other.cut(self.now)
            same(set(found) - self._listed, set(due) - self._listed, "cut", self.now)
            for call in set(found) - self._listed:
                same({found[call]} & due[call], {found[call]}, f"why {call} is cut", self.now)
        self._listed |= set(due)
        if self.prompt:
            for call in due:
                self._told_of_end(self.now, call)

    def _authorize(self, request_id: str, account: str, dialled: str) -> Verdict:
        verdict = self.model.authorize(self.now, request_id, account, dialled)
        code = verdict.code or 0
        self.verdicts[code] = self.verdicts.get(code, 0) + 1
        if self.other:
            found = self.other.authorize(self.now, request_id, account, dialled, verdict)
            same(found, verdict, f"{dialled!r} by {account}", self.now)
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
            if made[-1] is None:
                break
        if dial.answered_after is not None:
            self._wait(self.now + dial.answered_after)
            for call in made:
                if call:
                    self._told_of_answer(self.now, call)

    def _told_of_answer(self, at: int, call: str) -> None:
        self.model.answer(at, call)
        if self.other:
            self.other.answer(at, call)

    def _told_of_end(self, at: int, call: str, talk_ms: int | None = None) -> None:
        self.model.end(at, call, talk_ms)
        if self.other:
            self.other.end(at, call, talk_ms)

    def _known(self, index: int) -> tuple[str, Call] | None:
        if not self.calls:
            return None
        up = [name for name in self.calls if self.model.calls[name].ended_at is None]
        names = up if up and index < 10 else self.calls
        name = names[index % len(names)]
        return name, self.model.calls[name]

    def _answer(self, step: Answer) -> None:
        if (known := self._known(step.call)) is None:
            return
        name, call = known
        at = max(call.authorized_at, self.now - step.late)
        if call.ended_at is not None:  # an answer nobody saw before the end was none
            at = call.answered_at or self.now
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
        self._told_of_end(at, name, talk)

    def _publish(self, world: World) -> None:
        self.model.publish(world)
        if self.other:
            self.other.publish(self.now, world)

    def _wait(self, moment: int) -> None:
        for name, call in self.model.calls.items():
            client = self.model.world.clients[call.client]
            since, patience = call.authorized_at, PATIENCE
            if call.answered_at is not None:
                since, patience = call.answered_at, client.long_call_minutes * MINUTE + PATIENCE
            if call.ended_at is None and moment - since > patience:
                self._told_of_end(self.now, name)
        self.now = moment
        self.sweep()
        self.compare_counters()

    def _moment(self, wait: Wait) -> int:
        if wait.until == "cut":
            return self._next_cut() + wait.length
        if wait.until == "boundary":
            return self._next_boundary() + wait.length
        return self.now + wait.length

    def _next_cut(self) -> int:
        """The instant at which the next call must be cut, or now where none is near."""
        known = set(self.model.cut(self.now, self.grace))
        early, late = self.now, self.now + 1
        while not set(self.model.cut(late, self.grace)) - known:
            early, late = late, late + 2 * (late - self.now)
            if late > self.now + HORIZON:
                return self.now
        while late - early > 1:
            middle = (early + late) // 2
            if set(self.model.cut(middle, self.grace)) - known:
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


class Disagreement(AssertionError):
    """The two sides differ; no other failure of a run is one."""


def same(found: object, expected: object, what: str, now: int) -> None:
    """Raise Disagreement, naming what differs, unless both are equal."""
    if found != expected:
        raise Disagreement(f"{what} at {now}:\n   found {found}\nexpected {expected}")


def play(scenario: Scenario, other: Other | None = None) -> Player:
    """Play a whole scenario; raises Disagreement at the first."""
    player = Player(scenario, other)
    for step in scenario.steps:
        player.step(step)
    player.sweep()
    player.compare_counters()
    return player
