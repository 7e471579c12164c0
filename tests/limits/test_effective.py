"""What several profiles come to; the table is in docs/arithmetic.md."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.domain.effective import (
    BLANK,
    Profile,
    Values,
    above,
    effective,
    strictest_rows,
)

UK, MOBILE, FREEPHONE = 1, 2, 3
PARENTS = {UK: None, MOBILE: UK, FREEPHONE: UK}


def profile(level: int = 1, **rows: Values) -> Profile:
    ids = {"uk": UK, "mobile": MOBILE, "freephone": FREEPHONE}
    return Profile(level=level, rows={ids[name]: values for name, values in rows.items()})


def price(amount: str) -> Values:
    return Values(max_price_per_minute=Decimal(amount))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Values(minutes=1000), Values(minutes=600), Values(minutes=600)),
        (Values(minutes=1000), Values(unlimited=True), Values(minutes=1000)),
        (Values(unlimited=True), BLANK, Values(unlimited=True)),
        (Values(minutes=1000), Values(minutes=0), Values(minutes=0)),
        (BLANK, Values(minutes=300), Values(minutes=300)),
        (BLANK, BLANK, BLANK),
    ],
)
def test_the_strictest_minutes_win(one: Values, other: Values, expected: Values) -> None:
    rows = strictest_rows([profile(mobile=one), profile(mobile=other)], PARENTS)
    assert rows.get(MOBILE, BLANK) == expected


def test_a_cap_is_inherited_within_a_profile_before_profiles_are_compared() -> None:
    parent, own = profile(uk=price("0.25")), profile(mobile=price("0.40"))
    assert strictest_rows([parent, own], PARENTS)[MOBILE] == price("0.25")
    both = profile(uk=price("0.25"), mobile=price("0.40"))
    assert strictest_rows([both], PARENTS)[MOBILE] == price("0.40")
    assert strictest_rows([both], PARENTS)[FREEPHONE] == price("0.25")


def test_minutes_of_a_parent_stay_on_the_parent() -> None:
    rows = strictest_rows([profile(uk=Values(minutes=600))], PARENTS)
    assert rows == {UK: Values(minutes=600)}


def test_lists_are_unions_and_the_highest_owner_of_an_allowed_prefix_counts() -> None:
    platform = Profile(level=0, rows={}, block=frozenset({"4470"}))
    top = Profile(level=1, rows={}, block=frozenset({"449"}), allow=frozenset({"4433", "44800"}))
    below = Profile(level=2, rows={}, allow=frozenset({"4433", "4490"}))
    outcome = effective([platform, below, top], PARENTS)
    assert outcome.blocked == {"4470", "449"}
    assert outcome.allowed == {"4433": 1, "44800": 1, "4490": 2}


def test_a_number_allowed_at_a_level_is_held_to_the_levels_above_it() -> None:
    platform, top = profile(0, mobile=Values(minutes=5)), profile(1, mobile=Values(minutes=1))
    assert above([platform, top], 1) == (platform,)
    assert above([platform, top], 0) == ()


minutes = st.builds(Values, minutes=st.none() | st.integers(0, 50))
several = st.lists(st.builds(profile, mobile=minutes, uk=minutes), max_size=4)


@given(several, st.builds(profile, mobile=minutes, uk=minutes))
def test_one_more_profile_never_raises_a_limit_that_is_set(
    profiles: list[Profile], more: Profile
) -> None:
    before = strictest_rows(profiles, PARENTS)
    after = strictest_rows([*profiles, more], PARENTS)
    for destination, values in before.items():
        if values.minutes is not None:
            now = after[destination].minutes
            assert now is not None
            assert now <= values.minutes
