"""Events of the store become rows, whenever they happened and whatever kind of call it was."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from calls.models import BarredCall, CallRecord, SetAsideEvent
from calls.services.records import take_in_stream
from clients import tenancy
from clients.tenancy import PLATFORM
from limits.models import DailyUsage

AT = datetime(2031, 5, 31, 23, 59, 58, tzinfo=UTC)
STREAM = "{s00}:ev"


def event(store: redis.Redis, kind: str, **body: Any) -> None:
    store.xadd(STREAM, {"k": kind, "q": "1", "d": json.dumps(body)})


def call(number: str, at: datetime, **facts: Any) -> dict[str, Any]:
    ms = int(at.timestamp() * 1000)
    return {
        "id": f"{ms}-{number}",
        "facts": {"at": ms, "number": number, "client": "1", "tiers": {}, **facts},
        "answered": ms,
        "ended": ms + 1508,
        "talk": 1508,
        "seconds": 2,
        "pieces": [[at.date().isoformat(), True, 2]],
        "why": "normal",
        "flags": {},
    }


@pytest.mark.django_db
def test_rows_of_a_month_that_has_no_partition_yet_are_stored(valkey: redis.Redis) -> None:
    for at in (AT, AT + timedelta(hours=1)):
        event(valkey, "call", **call("447700900001", at))
        ms = int(at.timestamp() * 1000)
        event(valkey, "barred", id=f"{ms}-b", at=ms, code=305)

    assert take_in_stream(valkey, STREAM, at=AT) == 4

    with tenancy.reading(PLATFORM):
        assert CallRecord.objects.count() == BarredCall.objects.count() == 2
        assert not SetAsideEvent.objects.exists()


@pytest.mark.django_db
def test_emergency_call_is_recorded_and_counts_nowhere(valkey: redis.Redis) -> None:
    event(valkey, "call", **call("999", AT, emergency=True))

    take_in_stream(valkey, STREAM, at=AT)

    with tenancy.reading(PLATFORM):
        assert CallRecord.objects.get().emergency
        assert not DailyUsage.objects.exists()
        assert not SetAsideEvent.objects.exists()
