"""The HTTP door: the store's decision for any switch with a token."""

import json
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.test import Client as Browser
from django.utils import timezone

from calls.api.authentication import make_token
from calls.models import ApiToken, CallRecord
from calls.services import records
from calls.store import writer
from calls.store.policy import Calendar, Segment
from clients import tenancy
from clients.tenancy import PLATFORM
from tests.calls import worlds
from tests.calls.worlds import MOBILE_NUMBER, SHARD, Switch

pytestmark = pytest.mark.django_db


class Door:
    def __init__(self) -> None:
        with tenancy.writing(PLATFORM):
            self.token = make_token("sw9")
        self.browser = Browser()

    def post(self, what: str, token: str | None = None, **body: object) -> Any:
        return self.browser.post(
            f"/api/v1/calls/{what}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token if token is None else token}"},
        )


@pytest.fixture
def door(valkey):
    switch = Switch(valkey)
    now = int(time.time() * 1000)
    segment = Segment(starts_at_ms=now - 3_600_000, day="2026-03-02", working=True)
    switch.load(worlds.client(calendar=Calendar(segments=(segment,), ends_at_ms=now + 3_600_000)))
    valkey.set(f"{SHARD}:beat", now + 60_000)
    return Door()


def talking(door: Door) -> str:
    """An answered call's id."""
    asked = {"request_id": uuid4().hex, "account": "acme", "dialled": MOBILE_NUMBER}
    call_id: str = door.post("authorize", **asked).json()["call_id"]
    assert door.post("answer", call_id=call_id).json()["result"] == "ok"
    return call_id


def test_a_call_is_authorised_answered_and_ended(door):
    asked = {"request_id": "r1", "account": "acme", "dialled": MOBILE_NUMBER}
    verdict = door.post("authorize", **asked).json()
    assert (verdict["allowed"], verdict["max_seconds"], verdict["code"]) == (True, 2000, None)
    assert verdict["routes"] == ["sip:+447700900123@192.0.2.10:5060;transport=udp"]
    assert door.post("authorize", **asked).json() == verdict
    answered = door.post("answer", call_id=verdict["call_id"]).json()
    assert answered["result"] == "ok"
    assert door.post("answer", call_id=verdict["call_id"]).json()["result"] == "duplicate"
    ended = door.post("end", call_id=verdict["call_id"], talk_seconds="2.5", who="caller").json()
    assert (ended["result"], ended["talk_seconds"], ended["code"]) == ("ok", 2.5, None)
    assert door.post("end", call_id=verdict["call_id"]).json()["result"] == "duplicate"


def test_an_account_is_named_by_its_id_before_a_username_of_digits(door, valkey):
    barred = replace(worlds.ACCOUNT, account_id=12, username="11", capacity=0)
    writer.put_account(valkey, SHARD, barred)
    asked = {"account": "11", "dialled": MOBILE_NUMBER}
    assert door.post("authorize", request_id="r5", **asked).json()["allowed"]


def test_a_refusal_has_code_status_and_sentence(door):
    verdict = door.post("authorize", request_id="r2", account="acme", dialled="nonsense").json()
    assert (verdict["allowed"], verdict["code"], verdict["sip_status"]) == (False, 201, 484)
    unknown = door.post("authorize", request_id="r3", account="nobody", dialled="1").json()
    assert (unknown["code"], unknown["sip_status"]) == (305, 403)
    by_address = door.post("authorize", request_id="r4", source_ip="192.0.2.77", dialled="1")
    assert by_address.json()["code"] == 305


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("answer", {"call_id": "1795385678347-s00-٣"}, "call_id"),
        ("answer", {"call_id": "١٧٩٥٣٨٥٦٧٨٣٤٧-s00-1"}, "call_id"),
        ("answer", {"call_id": "1795385678347-s٠٠-1"}, "call_id"),
        ("answer", {"call_id": "1795385678347-s00-1\n"}, "call_id"),
        ("answer", {"call_id": " 1795385678347-s00-1"}, "call_id"),
        ("answer", {"call_id": f"1795385678347-s00-{'1' * 30}"}, "call_id"),
        ("end", {"call_id": "1795385678347-s64-1"}, "call_id"),
        ("end", {"call_id": "1795385678347-s99-1", "talk_seconds": 5}, "call_id"),
        ("authorize", {"account": "acme", "dialled": "1"}, "request_id"),
        ("authorize", {"request_id": "r", "account": "a|b", "dialled": "1"}, "account"),
        ("authorize", {"request_id": "r", "dialled": "1"}, "account"),
        ("authorize", {"request_id": "r", "source_ip": "999.1", "dialled": "1"}, "source_ip"),
        ("authorize", {"request_id": "r", "account": "a", "dialled": "9" * 129}, "dialled"),
        ("answer", {"call_id": "x"}, "call_id"),
        ("end", {"call_id": "1795385678347-s00-1", "talk_seconds": -1}, "talk_seconds"),
        ("end", {"call_id": "1795385678347-s00-1", "talk_seconds": 1e9}, "talk_seconds"),
        ("end", {"call_id": "1795385678347-s00-1", "talk_seconds": "NaN"}, "talk_seconds"),
        ("end", {"call_id": "9995385678347-s00-1", "talk_seconds": 5}, "talk_seconds"),
        ("end", {"call_id": "1795385678347-s00-1", "sip_code": 9999}, "sip_code"),
    ],
)
def test_malformed_or_absurd_input_is_refused_at_its_field(door, what, body, field):
    answer = door.post(what, **body)
    assert answer.status_code == 400
    assert field in answer.json()


def test_an_end_at_once_after_the_answer_lasted_no_time(door):
    call_id = talking(door)
    time.sleep(0.01)
    assert door.post("end", call_id=call_id, talk_seconds=0).json()["talk_seconds"] == 0


def test_an_end_that_nobody_authorised_is_recorded_wherever_its_id_points(door, valkey):
    call_ids = [f"{int(time.time() * 1000)}-{shard}-7" for shard in ("s00", "s63")]
    for call_id in call_ids:
        assert door.post("end", call_id=call_id, talk_seconds=1).json()["result"] == "gone"
    assert records.take_in_events(valkey, at=timezone.now()) == 2
    with tenancy.reading(PLATFORM):
        found = CallRecord.objects.filter(pk__in=call_ids)
        assert [each.flags for each in found] == [["orphan"], ["orphan"]]


def test_an_answer_told_again_tells_what_is_left_now(door, valkey):
    first = talking(door)
    again = door.post("answer", call_id=first).json()
    assert (again["result"], again["left_seconds"]) == ("duplicate", 1999)
    talking(door)
    assert door.post("answer", call_id=first).json()["left_seconds"] in (998, 999)
    valkey.hset(f"{SHARD}:r:{first}", "cut", '{"code": 309}')
    assert door.post("answer", call_id=first).json()["left_seconds"] == 0
    door.post("end", call_id=first)
    assert door.post("answer", call_id=first).json() == {
        "result": "duplicate",
        "left_seconds": None,
    }


def test_nothing_is_left_to_count_of_an_emergency_call(door):
    asked = {"request_id": "r9", "account": "acme", "dialled": "999"}
    verdict = door.post("authorize", **asked).json()
    assert (verdict["emergency"], verdict["max_seconds"]) == (True, None)
    for _ in range(2):
        told = door.post("answer", call_id=verdict["call_id"]).json()
        assert told["left_seconds"] is None


def test_json_nested_too_deeply_is_malformed(door):
    answer = door.browser.post(
        "/api/v1/calls/authorize",
        "[" * 100_000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {door.token}"},
    )
    assert answer.status_code == 400


def test_a_request_id_is_good_for_one_number(door):
    asked = {"request_id": "r1", "account": "acme"}
    assert door.post("authorize", **asked, dialled=MOBILE_NUMBER).json()["allowed"]
    assert door.post("authorize", **asked, dialled="nonsense").json()["code"] == 201


def test_a_token_is_needed(door):
    assert door.post("authorize", token="wrong").status_code == 401
    with tenancy.writing(PLATFORM):
        ApiToken.objects.update(is_active=False)
    assert door.post("authorize", request_id="r", account="a", dialled="1").status_code == 401


def test_a_store_that_is_away_is_503_with_501(door, monkeypatch):
    away = redis.Redis(unix_socket_path="/nonexistent/valkey.sock")
    monkeypatch.setattr("calls.api.views.store", lambda: away)
    answer = door.post("authorize", request_id="r", account="acme", dialled="1")
    assert (answer.status_code, answer.json()["code"]) == (503, 501)
    assert answer.headers["Retry-After"]


def test_a_store_without_policy_is_503_with_501(door, valkey):
    valkey.delete(f"{SHARD}:c:1")
    answer = door.post("authorize", request_id="r", account="acme", dialled=MOBILE_NUMBER)
    assert (answer.status_code, answer.json()["code"]) == (503, 501)


def test_the_door_describes_itself(door):
    answer = door.browser.get("/api/v1/schema", headers={"Authorization": f"Bearer {door.token}"})
    text = answer.content.decode()
    assert answer.status_code == 200
    for wanted in ("/api/v1/calls/authorize", "max_seconds", "bearer", "ends the call itself"):
        assert wanted in text
    assert door.browser.get("/api/v1/schema").status_code == 401
