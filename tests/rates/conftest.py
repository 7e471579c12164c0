"""Fixtures of the rates: the cast of the limits."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.limits.cast import Cast


@pytest.fixture
def cast(db: None) -> "Cast":
    from tests.limits.cast import make_cast

    return make_cast()
