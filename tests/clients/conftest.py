from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.people import People


@pytest.fixture
def people(db: None) -> "People":
    from tests.clients.people import make_people

    return make_people()
