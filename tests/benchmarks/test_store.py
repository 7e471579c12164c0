"""Authorisations a second through the store, beside a bare GET in the same run."""

import subprocess
import sys

from calls.store.functions import Request
from tests.benchmarks import world
from tests.benchmarks.conftest import processor_seconds
from tests.calls.worlds import MOBILE_NUMBER

WORKERS = 2
SECONDS = 3.0
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


def test_authorisations_a_second_beside_a_bare_get(valkey, servers, report):
    world.load(valkey)
    valkey.set("bench", "x" * 100)
    url, request = servers.redis_url, Request(account_id=11, dialled=MOBILE_NUMBER).packed()
    bare = ("a bare GET", rate(url, LOAD, "get"))
    report.rate(f"store, bare GET ({WORKERS} load processes)", bare[1])
    before = processor_seconds(valkey)
    authorised = rate(url, LOAD, "tp_authorize", request)
    used = processor_seconds(valkey) - before
    report.rate(f"store, authorise ({world.PREFIXES:,} prefixes)", authorised, bare)
    valkey.delete(*valkey.keys("{s00}:r:*"))
    report.rate("store, authorise + answer + end", rate(url, TRIPLE, "", request), bare)
    report.rate("store, explain", rate(url, LOAD, "tp_explain", request), bare)
    report.cost("store, authorise", used / (authorised * SECONDS))
    assert authorised > 100
