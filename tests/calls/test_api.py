"""The HTTP door: the store's decision for any switch with a token."""

import json
import time
from typing import Any

import pytest
import redis
from django.test import Client as Browser

from calls.api.authentication import make_token
from calls.models import ApiToken
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
    for wanted in ("/api/v1/calls/authorize", "max_seconds", "bearer"):
        assert wanted in text
    assert door.browser.get("/api/v1/schema").status_code == 401
