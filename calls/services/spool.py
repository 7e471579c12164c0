"""What a switch could not tell the store, as it stands in its log: ``spool KEY {json}``."""

import hmac
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import redis
from django.conf import settings

from calls.models import CallRecord
from calls.services import records
from calls.services.events import moment
from calls.store import functions, publish

# The beginning of what the switch says: further on stands what strangers sent. They can write
# whole lines, but not the key.
_SPOOLED = re.compile(
    r"[^<]*\bALERT: <script>: spool (?:(?P<key>[^ {]+) )?(?P<event>\{.*)", re.DOTALL
)
_CALL = r"[0-9]{13}-(?P<shard>s[0-9]{2})-[0-9]+"
_PACKED = {
    "tp_answer": re.compile(rf"{_CALL}(\|[^|]*){{3}}\|[0-9]{{13}}"),
    "tp_end": re.compile(rf"{_CALL}(\|[^|]*){{5}}\|[0-9]{{13}}"),
}
_RESULTS = {"OK": "brought_in", "DUP": "known", "GONE": "unknown"}


@dataclass(kw_only=True)
class Replay:
    """What became of a spool.

    ``known`` were told before; of an ``unknown`` call the end is recorded as an orphan, unless the
    call is in PostgreSQL already. ``bad`` names lines that say nothing that could be brought in.
    """

    brought_in: int = 0
    known: int = 0
    unknown: int = 0
    emergencies: int = 0
    bad: list[str] = field(default_factory=list)


def replay(store: redis.Redis, lines: Iterable[str]) -> Replay:
    """Bring in a log's spool in its order; other lines are passed over. Twice is once."""
    done = Replay()
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if (spooled := _SPOOLED.match(line)) is None:
            continue
        seen[line] += 1
        try:
            _check_key(spooled["key"] or "")
            event, _end = json.JSONDecoder().raw_decode(spooled["event"])
            if "emergency" in event:
                records.write_records([_emergency(event, f"{seen[line]} {spooled['event']}")])
                done.emergencies += 1
            elif (event["tag"], str(event["packed"])[:1]) != ("", "|"):
                outcome = _RESULTS[_tell(store, event)]
                setattr(done, outcome, getattr(done, outcome) + 1)
            # else what became of an emergency call, which has a line of its own
        except (KeyError, TypeError, ValueError) as error:
            done.bad.append(f"line {number}: {error!r}")
    return done


def _check_key(said: str) -> None:
    key = settings.SWITCH_SPOOL_KEY
    if not hmac.compare_digest(said.encode(errors="replace"), key.encode()):
        raise ValueError("not the key of our switches")


def _tell(store: redis.Redis, event: Mapping[str, Any]) -> str:
    function, tag, packed = event["function"], event["tag"], event["packed"]
    told = _PACKED[function].fullmatch(packed)
    if told is None or tag != f"{{{told['shard']}}}":
        raise ValueError(packed)
    return functions.replay(store, function, publish.read_shard(store, tag), packed)


def _emergency(event: Mapping[str, Any], line: str) -> CallRecord:
    """A call that the switch carried by itself while the store was away, and nobody's account."""
    at = moment(int(event["at"]) * 1000)
    text = {name: str(event[name]) for name in ("emergency", "node", "src_ip", "caller")}
    return CallRecord(
        id=f"{int(at.timestamp())}000-emergency-{sha256(line.encode()).hexdigest()[:12]}",
        at=at,
        ended_at=at,
        emergency=True,
        dialled=text["emergency"][:128],
        number=text["emergency"][:32],
        caller=text["caller"][:128],
        source=text["src_ip"][:64],
        node=text["node"][:32],
        flags=["spooled"],
    )
