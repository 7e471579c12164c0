"""The function in the store decides and counts as the reference model does."""

import redis

from tests.model.agreement import agreement


def test_the_store_agrees_with_the_reference_model(valkey: redis.Redis) -> None:
    assert agreement(valkey, 1_000) == 1_000
