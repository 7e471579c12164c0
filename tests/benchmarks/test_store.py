"""Authorisations a second through the store, beside a bare GET in the same run."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from calls.store import testing
from calls.store.functions import Request
from calls.store.policy import Calendar, Segment, Tier
from tests.calls import worlds

WORKERS = 2
SECONDS = 3.0
PREFIXES = 100_000
# One process of load: its own connection, requests in pipelines of 20.
LOAD = """
import sys, time, redis
url, kind, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
store = redis.Redis.from_url(url, decode_responses=True)
packed = sys.argv[4]
done, end = 0, time.monotonic() + seconds
while time.monotonic() < end:
    with store.pipeline(transaction=False) as pipe:
        for n in range(20):
            if kind == "get": pipe.get("bench")
            else: pipe.fcall(*kind.split(), 1, "{s00}", packed)
        replies = pipe.execute()
    done += 20
print(done / seconds, replies[-1])
"""
TRIPLE = """
import sys, time, redis
store = redis.Redis.from_url(sys.argv[1], decode_responses=True)
end, done = time.monotonic() + float(sys.argv[3]), 0
while time.monotonic() < end:
    with store.pipeline(transaction=False) as pipe:
        for _ in range(20): pipe.fcall("tp_authorize", 1, "{s00}", sys.argv[4])
        ids = [reply[1] for reply in pipe.execute()]
        for call_id in ids: pipe.fcall("tp_answer", 1, "{s00}", f"{call_id}|sw1|1|2|")
        for call_id in ids: pipe.fcall("tp_end", 1, "{s00}", f"{call_id}|normal||200|16|caller|")
        replies = pipe.execute()
    done += 20
print(done / float(sys.argv[3]), replies[-1])
"""


def rate(url: str, script: str, kind: str, packed: str = "") -> float:
    """Operations a second of all workers together."""
    command = [sys.executable, "-c", script, url, kind, str(SECONDS), packed]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    outputs = [each.communicate(timeout=SECONDS + 30)[0] for each in started]
    assert all(each.returncode == 0 for each in started)
    return sum(float(output.split()[0]) for output in outputs)


@pytest.fixture
def loaded(valkey, servers):
    """A catalogue of 100,000 prefixes, a client four resellers down, live sweeps."""
    now = int(time.time() * 1000)
    many = {f"99{n:06d}": worlds.FRANCE for n in range(PREFIXES)}
    prefixes = dict(worlds.CATALOGUE.prefixes) | many
    catalogue = replace(worlds.CATALOGUE, prefixes=prefixes)
    segment = Segment(starts_at_ms=now - 3_600_000, day="2026-03-02", working=False)
    policy = worlds.client(
        calendar=Calendar(segments=(segment,), ends_at_ms=now + 3_600_000),
        rules={worlds.MOBILE: worlds.limited(40_000_000), worlds.UK: worlds.limited(40_000_000)},
        tiers=tuple(Tier(reseller_id=n, capacity=10_000_000) for n in range(5, 9)),
        capacity=10_000_000,
    )
    testing.load(
        valkey,
        catalogue=catalogue,
        rates=(worlds.RATES,),
        clients=(policy,),
        accounts=(worlds.ACCOUNT,),
        beat_ms=now + 3_600_000,
    )
    valkey.set("bench", "x" * 100)
    return servers.redis_url


def test_authorisations_a_second_beside_a_bare_get(loaded, valkey, capsys):
    request = Request(account_id=11, dialled=worlds.MOBILE_NUMBER).packed()
    figures = {"bare GET": rate(loaded, LOAD, "get")}
    figures["authorize"] = rate(loaded, LOAD, "tp_authorize", request)
    valkey.delete(*valkey.keys("{s00}:r:*"))
    figures["authorize + answer + end"] = rate(loaded, TRIPLE, "", request)
    figures["explain"] = rate(loaded, LOAD, "tp_explain", request)
    took = valkey.info("commandstats")["cmdstat_fcall"]["usec_per_call"]
    lines = [f"\nThe store, {WORKERS} load processes on the same cores, {PREFIXES:,} prefixes:"]
    lines += [f"  {name:<26}{figure:>10,.0f} a second" for name, figure in figures.items()]
    lines += [f"  store time of a function, on average {took} µs", ""]
    with capsys.disabled():
        sys.stdout.write("\n".join(lines))
    assert figures["authorize"] > 1000
