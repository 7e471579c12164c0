"""What a call costs; the table of ``docs/arithmetic.md``, row by row."""

from decimal import Decimal

import pytest

from calls.domain.rating import Price, rate_call


@pytest.mark.parametrize(
    ("talk", "minute", "setup", "minimum", "increment", "billed", "amount"),
    [
        (0, "0.0128", "0.05", 60, 60, 0, "0"),
        (1, "0.0128", "0", 1, 1, 1, "0.000213"),
        (21, "0.0128", "0", 1, 1, 21, "0.004480"),
        (21, "0.0128", "0.05", 60, 60, 60, "0.062800"),
        (61, "0.0128", "0", 60, 60, 120, "0.025600"),
        (61, "0.0128", "0", 60, 1, 61, "0.013013"),
        (31, "0.02", "0", 30, 6, 36, "0.012000"),
        (3, "0.00001", "0", 1, 1, 3, "0.000001"),
        (2, "0.00001", "0", 1, 1, 2, "0.000000"),
    ],
)
def test_a_call_is_billed_by_minimum_and_increments(
    talk, minute, setup, minimum, increment, billed, amount
):
    price = Price(
        per_minute=Decimal(minute),
        setup=Decimal(setup),
        minimum_seconds=minimum,
        increment_seconds=increment,
    )
    charge = rate_call(talk, price)
    assert charge.billed_seconds == billed
    assert charge.amount == Decimal(amount)
    assert charge.amount == charge.talk_amount + charge.setup_amount
