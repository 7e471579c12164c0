"""PostgreSQL away: pages and the HTTP door say 503, and when to try again."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.tenants import browser_of

pytestmark = pytest.mark.django_db


@contextmanager
def away():
    """Every statement fails as it does without a server."""

    def refuse(*_args: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("path", ["/", "/accounts/", "/calls/", "/barred-calls/", "/admin/"])
def test_a_page_says_503_and_when_to_try_again(cast, path):
    browser = browser_of(cast.ours.owner)
    browser.raise_request_exception = False
    with away():
        answer = browser.get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert browser.get(path).status_code < 400


@pytest.mark.parametrize("what", ["authorize", "answer", "end"])
def test_the_http_door_refuses_with_501(what):
    switch = Client(raise_request_exception=False, headers={"authorization": "Bearer any"})
    with away():
        answer = switch.post(f"/api/v1/calls/{what}", {}, content_type="application/json")
    assert answer.status_code == 503
    assert (answer.json()["allowed"], answer.json()["code"]) == (False, 501)
    assert answer.headers["Retry-After"]
