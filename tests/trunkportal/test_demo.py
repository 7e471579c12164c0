"""``demo`` says it is ready only when calls would be cut."""

import time
from pathlib import Path

import pytest
from django.utils import timezone

from calls.services import enforcement, policy
from trunkportal.management.commands import demo
from trunkportal.stack import Stack, StackError

pytestmark = pytest.mark.django_db


def test_a_demo_in_which_nothing_is_enforced_is_not_ready(
    valkey, cast, tmp_path: Path, monkeypatch
):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "worker.log").write_text("No module named 'packaging'")
    stack = Stack(tmp_path, [], {})
    monkeypatch.setattr(demo, "START_SECONDS", 0.1)
    policy.rebuild(valkey, at=timezone.now())
    with pytest.raises(StackError, match="No module named"):
        demo.wait_for_the_sweep(stack, since=time.time())
    enforcement.sweep(valkey)
    demo.wait_for_the_sweep(stack, since=time.time() - 60)
