"""The table of the docs is what the networks are now."""

from __future__ import annotations

import pytest
from sample_networks import zoo
from tiny_run import CONF

from benchmarks.counts import names, page


@pytest.mark.slow
def test_the_table_in_the_docs_is_up_to_date() -> None:
    said = "\n".join(page({name: zoo(name) for name in names()}))
    assert (CONF.parent / "docs" / "zoo.md").read_text(encoding="utf-8") == said
    assert all(f"| `{name}` |" in said for name in names())
