"""Every sweep here starts at once."""

import pytest


@pytest.fixture(autouse=True)
def _warm(warm_server: None) -> None: ...
