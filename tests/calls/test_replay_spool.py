"""What a switch could not tell the store is brought in from its log, once, with its true time."""

import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from calls.models import CallRecord
from calls.store import functions
from calls.store.functions import Request
from clients import tenancy
from clients.tenancy import PLATFORM
from tests.calls.test_records import Live, calls_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(valkey, cast):
    return Live(valkey, cast)


SPOOL = f" 3(4711) ALERT: <script>: spool {settings.SWITCH_SPOOL_KEY} "


def spooled(function: str, tag: str, packed: str) -> str:
    event = json.dumps({"function": function, "tag": tag, "packed": packed})
    return f"{SPOOL}{event}\n"


SPOOLED_END = spooled(
    "tp_end", "{s00}", "1795382729094-s00-11|normal|507|200||caller|1795382736120"
).strip()


class Spool:
    """A call of which the switch could tell the store neither the answer nor the end."""

    def __init__(self, live: Live) -> None:
        request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123", node="sw1")
        self.call_id = functions.authorize(live.store, live.shard, request).call_id
        now = int(time.time() * 1000)
        answer = f"{self.call_id}|sw1|77|4711|{now - 60_000}"
        end = f"{self.call_id}|normal|20100|200|16|caller|{now - 39_900}"
        zero = f"{self.call_id}|normal|0|200|16|caller|{now - 60_000}"
        self.lines = [
            " 3(4711) NOTICE: <script>: nothing to spool {here}\n",
            spooled("tp_answer", live.shard, answer),
            "\udcff not text, and no spool\n",
            f" 3(4711) NOTICE: <script>: refused 306 as '{spooled('tp_end', live.shard, zero)}'\n",
            spooled("tp_end", live.shard, end),
        ]


def replay(tmp_path, *lines: str) -> dict[str, int]:
    log, out = tmp_path / "kamailio.log", StringIO()
    log.write_text("".join(lines), errors="surrogateescape")
    call_command("replay_spool", str(log), "--json", stdout=out)
    counts: dict[str, int] = json.loads(out.getvalue())
    return counts


def test_answers_and_ends_are_brought_in_with_their_true_time(live, tmp_path):
    spool = Spool(live)
    assert replay(tmp_path, *spool.lines) == {
        "brought_in": 2, "known": 0, "unknown": 0, "emergencies": 0, "bad": 0,
    }  # fmt: skip
    live.take_in()
    (record,) = calls_of(live)
    assert (record.pk, record.talk_ms, record.ended_by) == (spool.call_id, 20_100, "caller")
    assert record.answered_at == record.ended_at - timedelta(seconds=20.1)
    assert live.used_ms() == 21_000


def test_a_log_replayed_twice_or_late_changes_nothing(live, tmp_path):
    spool = Spool(live)
    replay(tmp_path, *spool.lines)
    assert replay(tmp_path, *spool.lines)["known"] == 2
    live.store.delete(f"{live.shard}:r:{spool.call_id}:ended")
    assert replay(tmp_path, *spool.lines)["unknown"] == 2
    live.take_in()
    assert len(calls_of(live)) == 1
    assert live.used_ms() == 21_000


def test_a_call_given_up_meanwhile_is_put_right(live, tmp_path):
    spool = Spool(live)
    functions.sweep(live.store, live.shard, now_ms=int(time.time() * 1000) + 301_000)
    replay(tmp_path, *spool.lines)
    live.take_in()
    (record,) = calls_of(live)
    assert (record.flags, record.talk_ms) == (["late", "unanswered"], 20_100)
    assert live.used_ms() == 21_000


@pytest.mark.parametrize(
    "bad",
    [
        f"{SPOOL}{{not json",
        SPOOLED_END.replace(settings.SWITCH_SPOOL_KEY, "0" * 64),
        SPOOLED_END.replace(settings.SWITCH_SPOOL_KEY, "\udcff"),
        SPOOLED_END.replace(f"{settings.SWITCH_SPOOL_KEY} ", ""),
        f"{SPOOL}{{}}",
        f'{SPOOL}{{"function": "tp_end", "packed": 7, "tag": null}}',
        spooled("tp_sweep", "{s00}", "1|1|1"),
        spooled("tp_end", "{s00}", "1795382729094-s01-11|normal|507|200||caller|1795382736120"),
        spooled("tp_end", "{s00}", "1795382729094-s00-11|normal|507|200||caller|"),
        spooled("tp_end", "{s00}", "1795382729094-s00-11|normal|507|200||caller|1e12"),
        spooled("tp_end", "{s00}", "1795382729094-s00-11|normal|507|1795382736120"),
        spooled("tp_answer", "{s00}", "|sw1|77|4711|1795382736120"),
        f'{SPOOL}{{"emergency": "999", "node": "", "src_ip": "", "caller": "", "at": "x"}}',
    ],
    ids=lambda _bad: "line",  # the key in it is another in each process
)
def test_bad_lines_are_reported_and_hold_up_no_other(live, tmp_path, bad, capsys):
    spool = Spool(live)
    with pytest.raises(CommandError, match="1 lines"):
        replay(tmp_path, f"{bad}\n", *spool.lines)
    assert "line 1:" in capsys.readouterr().err
    live.take_in()
    assert len(calls_of(live)) == 1


def test_emergency_calls_without_the_store_become_records_once(live, tmp_path):
    at = int(time.time())
    told = {"emergency": "999", "node": "sw1", "src_ip": "192.0.2.7", "caller": "0161", "at": at}
    line = f"{SPOOL}{json.dumps(told)}\n"
    of_it = spooled("tp_end", "", f"|normal|507|200||caller|{at * 1000}")
    for _ in range(2):
        assert replay(tmp_path, line, of_it, line)["emergencies"] == 2
    with tenancy.reading(PLATFORM):
        found = list(CallRecord.objects.filter(dialled="999"))
    assert len(found) == 2
    assert {(each.emergency, each.source, each.caller) for each in found} == {
        (True, "192.0.2.7", "0161")
    }
    assert {each.at.timestamp() for each in found} == {at}


def test_standard_input_is_a_file_too(live, monkeypatch):
    spool, out = Spool(live), StringIO()
    monkeypatch.setattr("sys.stdin", StringIO("".join(spool.lines)))
    call_command("replay_spool", "-", "--json", stdout=out)
    assert json.loads(out.getvalue())["brought_in"] == 2


def test_a_file_that_is_not_there_is_refused(live):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_spool", "missing.log")
