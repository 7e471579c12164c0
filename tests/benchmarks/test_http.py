"""Authorisations a second through the HTTP door, beside questions that it cannot ask the store.

The load is on the same cores: processes whose threads each keep one connection.
"""

import subprocess
import sys

import pytest

from calls.api.authentication import make_token
from clients import tenancy
from clients.tenancy import PLATFORM
from tests.benchmarks import world
from tests.benchmarks.conftest import web_server
from tests.calls.worlds import MOBILE_NUMBER

WORKERS = 2
SECONDS = 4.0
LOAD = """
import http.client, json, sys, threading, time
port, seconds, number, token, status = sys.argv[1:6]
end, done = time.monotonic() + float(seconds), []
def ask(thread):
    door = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
    count = 0
    while time.monotonic() < end:
        name = f"{sys.argv[6]}-{thread}-{count}"
        body = json.dumps({"request_id": name, "account": "acme", "dialled": number})
        door.request("POST", "/api/v1/calls/authorize", body, headers)
        answer = door.getresponse()
        said = answer.read()
        assert answer.status == int(status), said
        assert status != "200" or json.loads(said)["allowed"], said
        count += 1
    done.append(count)
threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
for each in threads: each.start()
for each in threads: each.join()
assert len(done) == len(threads)
print(sum(done) / float(seconds))
"""


def rate(port: int, token: str, number: str, status: int) -> float:
    """Answers a second of all workers together."""
    command = [sys.executable, "-c", LOAD, str(port), str(SECONDS), number, token]
    started = [
        subprocess.Popen([*command, str(status), str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(WORKERS)
    ]
    outputs = [each.communicate(timeout=SECONDS + 60)[0] for each in started]
    assert all(each.returncode == 0 for each in started)
    return sum(float(output) for output in outputs)


@pytest.mark.django_db(transaction=True)
def test_authorisations_a_second_through_the_http_door(valkey, servers, report):
    world.load(valkey)
    with tenancy.writing(PLATFORM):
        token = make_token("bench")
    with web_server(servers) as port:
        malformed = rate(port, token, "", 400)
        allowed = rate(port, token, MOBILE_NUMBER, 200)
    report.rate("HTTP door, no number: not asked of the store", malformed)
    report.rate("HTTP door, authorise", allowed, ("a question not asked", malformed))
    assert allowed > 20
