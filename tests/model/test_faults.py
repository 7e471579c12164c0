"""The list of faults keeps up with the function they are planted in."""

import pytest

from calls.store import library
from tests.model.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_names_one_place_in_the_function(fault: Fault) -> None:
    assert library.source().count(fault.text) == 1
