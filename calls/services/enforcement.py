"""The enforcement sweep: what is due in the store, and the hanging up it asks for.

Sweeps may run side by side: the store hands each call that is to be cut to one of them, and again
to any of them when it is still up after ``RETRY_MS``.
"""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

import redis
from django.conf import settings

from calls import reasons
from calls.store import functions
from calls.store.functions import HangUp
from calls.store.publish import shards_in_use

logger = logging.getLogger(__name__)
RETRY_MS = 3000
RPC_SECONDS = 2.0
HANDS = 4
ROUND = 1000
NO_SUCH_CALL = 404


class NodeError(Exception):
    """A switch node that has not done what it was asked; ``code`` is its JSON-RPC error, if any."""

    def __init__(self, message: str, code: object = None) -> None:
        super().__init__(message)
        self.code = code


def sweep(store: redis.Redis) -> float | None:
    """One round on every shard; returns seconds until the next thing is due, None for nothing."""
    waits = []
    for shard in sorted(shards_in_use(store)):
        swept = functions.sweep(store, shard, limit=ROUND, retry_ms=RETRY_MS)
        if swept.hang_ups:
            cut(store, shard, swept.hang_ups)
        if swept.next_due_ms is not None:
            waits.append((swept.next_due_ms - swept.now_ms) / 1000)
    return max(0.0, min(waits)) if waits else None


def last_sweep(store: redis.Redis) -> float:
    """When the shard that has waited longest was swept, in seconds of the epoch; 0 for never."""
    beats = [store.get(f"{shard}:beat") for shard in shards_in_use(store)]
    return min((int(beat or 0) / 1000 for beat in beats), default=0.0)


def cut(store: redis.Redis, shard: str, hang_ups: Sequence[HangUp]) -> None:
    """Hang up calls, several at once, and end those that their node has hung up or has not got.

    A switch was seen to lose the event of a call that it was told to hang up, so the end is told to
    the store from here too; twice is once. All others stay up, and are listed again.
    """
    nodes = settings.SWITCH_NODES
    with ThreadPoolExecutor(max_workers=min(HANDS, len(hang_ups))) as hands:
        outcomes = list(hands.map(lambda each: _hang_up(nodes, each), hang_ups))
    for each, is_over in zip(hang_ups, outcomes, strict=True):
        if is_over:
            functions.end(store, shard, each.call_id, why="cut", who="switch")


def _hang_up(nodes: Mapping[str, str], each: HangUp) -> bool:
    if not each.h_entry:
        logger.info("call %s (%s) is for %r to end", each.call_id, each.code, each.node)
        return False
    if each.node not in nodes:
        logger.warning(
            "call %s (%s) cannot be hung up: node %r", each.call_id, each.code, each.node
        )
        return False
    try:
        call = (int(each.h_entry), int(each.h_id), _reason(each.code))
        rpc(nodes[each.node], "dlg.end_dlg", call)
    except (NodeError, ValueError) as error:
        if isinstance(error, NodeError) and error.code == NO_SUCH_CALL:
            return True
        logger.error("call %s (%s) not hung up: %s", each.call_id, each.code, error)
        return False
    return True


def _reason(code: int) -> str:
    """The header with which both BYEs say why, as a refusal does."""
    return f'Reason: trunkportal;cause={code};text="{reasons.NAMES.get(code, "")}"\r\n'


def rpc(url: str, method: str, params: Sequence[object]) -> Any:
    """The result of a JSON-RPC call of a node; NodeError where it fails or nothing answers."""
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": list(params), "id": 1})
    request = urllib.request.Request(  # noqa: S310  the address is the operator's own
        url, body.encode(), {"Content-Type": "application/json"}
    )
    try:
        with _answer(request) as answer:
            reply = json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise NodeError(f"{url}: {error}") from error
    if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
        raise NodeError(f"{url}: what answers is no JSON-RPC")
    if fault := reply.get("error"):
        raise NodeError(f"{url}: {fault}", fault.get("code") if isinstance(fault, dict) else None)
    return reply.get("result")


def _answer(request: urllib.request.Request) -> Any:
    """The answer to a request, a fault's too: Kamailio gives those an HTTP status of their own."""
    try:
        return urllib.request.urlopen(request, timeout=RPC_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as fault:
        return fault


def report_alive(store: redis.Redis) -> int:
    """Tell the store which calls the nodes have up; returns how many. Their proof of life."""
    count = 0
    for name, url in settings.SWITCH_NODES.items():
        try:
            dialogs = rpc(url, "dlg.list", [])
        except NodeError as error:
            logger.warning("node %s was not asked for its calls: %s", name, error)
            continue
        alive = _call_ids(dialogs)
        count += len(alive)
        for shard in shards_in_use(store):
            mine = sorted(call for call in alive if shard.strip("{}") == call.split("-")[1])
            functions.seen(store, shard, name, mine)
    return count


def _call_ids(dialogs: object) -> list[str]:
    """Our call ids among a node's dialogs: the value of each dialog's variable ``call_id``."""
    found = []
    for dialog in dialogs if isinstance(dialogs, list) else []:
        for variable in dialog.get("variables") or ():
            call_id = variable.get("call_id") if isinstance(variable, dict) else None
            if call_id and call_id.count("-") == 2:
                found.append(str(call_id))
    return found
