"""One watched process for all cases of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hostile.suite import Suite


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    found = Suite(tmp_path_factory.mktemp("hostile").resolve())
    yield found
    found.close()


@pytest.fixture(scope="module")
def with_run(suite: Suite) -> Suite:
    suite.train()
    return suite
