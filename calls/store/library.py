"""The function library of the store: ``lua/*.lua`` in the order of their names, as one."""

import hashlib
import json
from functools import cache
from pathlib import Path

import redis

from calls.reasons import SENTENCES

FOLDER = Path(__file__).parent / "lua"
NAME = "trunk"


@cache
def _body() -> str:
    sentences = "".join(
        f"  [{json.dumps(key)}] = {json.dumps(text)},\n" for key, text in SENTENCES.items()
    )
    parts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.lua"))]
    return "\n".join([f"local SENTENCES = {{\n{sentences}}}\n", *parts])


def version() -> str:
    """What tells one text of the library from another."""
    return hashlib.sha256(_body().encode()).hexdigest()[:16]


def source() -> str:
    """The library as the store is given it."""
    return f'#!lua name={NAME}\nlocal LIBRARY_VERSION = "{version()}"\n{_body()}'


def is_loaded(store: redis.Redis) -> bool:
    """Whether the store has this version of the library."""
    try:
        return bool(store.fcall_ro("tp_version", 1, "{id}") == [version()])
    except redis.ResponseError:
        return False


def ensure_loaded(store: redis.Redis) -> bool:
    """Load the library where it is missing or another; True when it had to be."""
    if is_loaded(store):
        return False
    store.function_load(source(), replace=True)
    return True
