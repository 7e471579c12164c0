"""Fixtures of the limits."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast as Everybody
    from tests.limits.cast import Cast


@pytest.fixture
def cast(db: None) -> "Cast":
    from tests.limits.cast import make_cast

    return make_cast()


@pytest.fixture
def everybody(db: None) -> "Everybody":
    """The tenants and people that all tests share."""
    from tests.cast import make_cast

    return make_cast()
