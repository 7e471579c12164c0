"""The sipp of these tests: its start is certain, and its silence explains itself."""

import socket

import pytest

from tests.switch import sipp
from trunkportal.stack import free_port


def test_a_caller_whose_port_was_taken_takes_another(tmp_path, monkeypatch):
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        ports = iter([taken.getsockname()[1], free := free_port()])
        monkeypatch.setattr(sipp, "free_port", lambda: next(ports))
        with sipp.caller(tmp_path, f"127.0.0.1:{free_port()}", "1") as calling:
            assert calling.port == free
            assert calling.wait_for("INVITE").sent


def test_a_far_end_whose_port_was_taken_says_so(tmp_path):
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(AssertionError, match="is taken"):
            sipp.callee(tmp_path, taken.getsockname()[1])


def test_a_silence_tells_how_sipp_is(tmp_path):
    with sipp.callee(tmp_path, free_port()) as answering:
        with pytest.raises(AssertionError, match=r"said so far: \[\]; sipp runs:"):
            answering.wait_for("INVITE", seconds=0.1)
        answering.stop()
        with pytest.raises(AssertionError, match="sipp ended with -9:"):
            answering.wait_for("INVITE", seconds=0.1)
