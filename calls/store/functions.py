"""The function library in Python's terms: what a switch asks, what enforcement asks.

``now_ms`` None is the store's own time; one is given by tests and by the replay of late events.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from calls.store.connection import IDENTITIES, call


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call to be decided. ``auth`` says how the account was recognised: ``name`` or ``ip``."""

    account_id: int | str
    dialled: str
    request_id: str = ""
    node: str = ""
    source: str = ""
    auth: str = "name"
    sip_call_id: str = ""
    caller: str = ""
    now_ms: int | None = None

    def packed(self) -> str:
        """The fields as the library reads them; a bar in any but the last is replaced."""
        fields = (
            self.request_id,
            str(self.account_id),
            self.node,
            self.source,
            self.auth,
            self.sip_call_id,
            self.caller,
            _moment(self.now_ms),
        )
        return "|".join([*(field.replace("|", "?") for field in fields), self.dialled])


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to a request. ``max_seconds`` None: nothing limits it (an emergency call).

    ``long_seconds`` is the switch's own timer, a belt: enforcement ends calls for all else.
    """

    allowed: bool
    call_id: str
    sip_status: int = 200
    code: int | None = None
    sentence: str = ""
    max_seconds: int | None = None
    long_seconds: int | None = None
    number: str = ""
    destination: str = ""
    emergency: bool = False
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HangUp:
    """A live call that enforcement wants ended, and where the switch has it."""

    call_id: str
    node: str
    h_entry: str
    h_id: str
    code: int


@dataclass(frozen=True, kw_only=True)
class Swept:
    """One round of enforcement: the calls to hang up, and when the next thing is due."""

    now_ms: int
    next_due_ms: int | None
    hang_ups: tuple[HangUp, ...]


def authorize(store: redis.Redis, shard: str, request: Request) -> Verdict:
    """Decide a call and reserve it; a refusal is written to the events."""
    return read_verdict(call(store, "tp_authorize", shard, request.packed()))


def read_verdict(reply: Sequence[str]) -> Verdict:
    """The answer of ``tp_authorize``."""
    if reply[0] == "OK":
        _, call_id, longest, number, destination, emergency, long_call, _, *routes = reply
        return Verdict(
            allowed=True,
            call_id=call_id,
            max_seconds=None if emergency == "1" else int(longest),
            long_seconds=None if emergency == "1" else int(long_call),
            number=number,
            destination=destination,
            emergency=emergency == "1",
            routes=tuple(routes),
        )
    _, status, code, sentence, call_id = reply
    return Verdict(
        allowed=False, call_id=call_id, sip_status=int(status), code=int(code), sentence=sentence
    )


def explain(
    store: redis.Redis,
    shard: str,
    request: Request,
    calendars: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """What would happen and why, nothing reserved; raw facts for ``calls.explain``.

    ``calendars``, by holder as ``calls.store.encode.calendar_fields`` makes them, stand in for
    those published.
    """
    override = [json.dumps(calendars)] if calendars else []
    reply = call(store, "tp_explain", shard, request.packed(), *override, read_only=True)
    facts: dict[str, Any] = json.loads(reply[0])
    return facts


def answer(
    store: redis.Redis,
    shard: str,
    call_id: str,
    *,
    node: str = "",
    h_entry: str = "",
    h_id: str = "",
    now_ms: int | None = None,
) -> list[str]:
    """``OK`` and the ms left as things stand, nothing where no limit holds; ``DUP`` or ``GONE``.

    Asked again while the call is up, ``DUP`` and the ms left now: 0 for one to be hung up.
    """
    packed = f"{call_id}|{node.replace('|', '?')}|{h_entry}|{h_id}|{_moment(now_ms)}"
    return call(store, "tp_answer", shard, packed)


def end(
    store: redis.Redis,
    shard: str,
    call_id: str,
    *,
    why: str = "normal",
    talk_ms: int | None = None,
    sip_code: int | None = None,
    q850: int | None = None,
    who: str = "",
    now_ms: int | None = None,
) -> list[str]:
    """``OK``, the talk time in ms and a reason code or nothing; ``DUP`` or ``GONE``."""
    fields = [call_id, why, talk_ms, sip_code, q850, who, _moment(now_ms)]
    packed = "|".join("" if field is None else str(field) for field in fields)
    return call(store, "tp_end", shard, packed)


def replay(store: redis.Redis, function: str, shard: str, packed: str) -> str:
    """An answer or an end that was told late, with its true time: ``OK``, ``DUP`` or ``GONE``."""
    return call(store, function, shard, packed)[0]


def sweep(
    store: redis.Redis,
    shard: str,
    *,
    limit: int = 1000,
    retry_ms: int = 3000,
    now_ms: int | None = None,
) -> Swept:
    """Settle what is due; a call listed is listed again after ``retry_ms`` until it has ended."""
    reply = call(store, "tp_sweep", shard, f"{limit}|{retry_ms}|{_moment(now_ms)}")
    return Swept(
        now_ms=int(reply[0]),
        next_due_ms=int(reply[1]) if reply[1] else None,
        hang_ups=tuple(
            HangUp(call_id=each[0], node=each[1], h_entry=each[2], h_id=each[3], code=int(each[4]))
            for each in _chunks(reply[2:], 5)
        ),
    )


def seen(
    store: redis.Redis,
    shard: str,
    node: str,
    call_ids: Sequence[str],
    *,
    now_ms: int | None = None,
) -> None:
    """All calls that a switch has: their proof of life for the day an end is never told.

    A reservation of its that is never among them was no call.
    """
    call(store, "tp_seen", shard, f"{node}|{_moment(now_ms)}", *call_ids)


def identify_name(store: redis.Redis, username: str) -> list[str]:
    """``OK``, shard tag, account id, HA1, addresses; or ``NONE``; or ``UNREADY``."""
    return call(store, "tp_identify", IDENTITIES, f"name|{username}", read_only=True)


def identify_address(
    store: redis.Redis, source: str, *, port: int | str = "", protocol: str = "", called: str = ""
) -> list[str]:
    """As by name, or ``AMBIGUOUS`` and the ids."""
    packed = f"ip|{source}|{port}|{protocol}|{called}"
    return call(store, "tp_identify", IDENTITIES, packed, read_only=True)


def refused(store: redis.Redis, packed: str) -> str:
    """Note a refusal before an account is known; returns its id.

    ``packed`` is ``code|node|source|protocol|username|dialled``.
    """
    return call(store, "tp_refused", IDENTITIES, packed)[1]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A counter of a local day: ms of finished calls, ms of calls in progress."""

    used_ms: int
    in_progress_ms: int


def usage(
    store: redis.Redis, shard: str, holder: int | str, day: str, *, now_ms: int | None = None
) -> dict[tuple[str, str], Use]:
    """Use of a local day by (node, ``d`` day or ``o`` off-hours).

    The holder is a client's id, or ``r5`` for reseller 5 with all below it.
    """
    packed = f"{holder}|{_moment(now_ms)}|{day}"
    reply = call(store, "tp_usage", shard, packed, read_only=True)
    return {
        (node, kind): Use(used_ms=int(used), in_progress_ms=int(running))
        for node, kind, used, running in _chunks(reply, 4)
    }


def _moment(now_ms: int | None) -> str:
    return "" if now_ms is None else str(now_ms)


def _chunks(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[i : i + size] for i in range(0, len(values), size))
