"""The store understands a dialled number exactly as ``limits.domain.numbers`` does."""

from dataclasses import replace

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calls.store import functions, testing, writer
from calls.store.functions import Request
from limits.catalogue.shipped import number_plans
from limits.domain.numbers import understand, without_tech_prefix
from tests.calls import worlds
from tests.calls.worlds import NOON, SHARD

COUNTRIES = ("GB", "FR", "US", "IT", "AU", "FI", "HU", "DK", "BY")
TECH = ("", "9", "88#", "+44")
pieces = st.sampled_from(
    [
        "+", "00", "0", "44", "447700900123", "07700900123", "33", "612345678", "1", "2125550123",
        "141", "1470", "tel:", "TEL:", ";ext=12", ";EXT=", ";phone-context=x", " ", "-", ".", "(",
        ")", "999", "112", "118500", "101", "011", "#", "*", "88#", "9", "a", "é", "\x00", "٣",
    ]
)  # fmt: skip
dialled = st.lists(pieces | st.text("0123456789+ ", max_size=6), max_size=5).map("".join)


def account_id(country: str, tech: str) -> int:
    return 100 + COUNTRIES.index(country) * len(TECH) + TECH.index(tech)


@pytest.fixture(scope="module")
def store(servers):
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        client.flushall()
        testing.load(client, catalogue=worlds.CATALOGUE)
        for country in COUNTRIES:
            for tech in TECH:
                account = replace(
                    worlds.ACCOUNT,
                    account_id=account_id(country, tech),
                    country=country,
                    tech_prefix=tech,
                    username=f"{country}{tech}",
                )
                writer.put_account(client, SHARD, account)
        yield client


@settings(max_examples=1500)
@given(dialled, st.sampled_from(COUNTRIES), st.sampled_from(TECH))
@example("1470 07700 900123", "GB", "")
@example("00 44 (0)7700 900123", "GB", "")
@example("tel:+44-7700-900-123;ext=9", "FR", "")
@example("8801447700900123", "HU", "")
def test_the_store_reads_every_number_as_python_does(store, text, country, tech):
    wanted = understand(text, country, number_plans(), tech_prefix=tech)
    request = Request(account_id=account_id(country, tech), dialled=text, now_ms=NOON)
    found = functions.explain(store, SHARD, request)
    if tech and without_tech_prefix(text, tech) == without_tech_prefix(text, ""):
        assert found["code"] == 310
    elif wanted.kind == "invalid":
        assert found["code"] == 201
    else:
        read = found["number"]
        assert (read["kind"], read["number"], read["key"]) == (
            wanted.kind,
            wanted.canonical,
            wanted.key,
        )
