"""An outline comes back from its record as it was; what is damaged has none."""

from __future__ import annotations

import pytest
from drawing_faults import faults
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlab.drawing.columns import drawing, overview
from cnnlab.drawing.outline import outline_of, record


@pytest.mark.parametrize(
    "raw",
    [None, 3, [], {}, {"body": 3}, {"body": []}, {"body": [3]}, {"body": [{"times": -1}], "input": [1]},
     {"body": [{"shape": ["x"]}], "input": [1]}, {"body": [{"branches": 2}], "input": [1]}, {"body": [{"name": "a"}]},
     {"body": [{"name": "a"}], "input": [1], "aux": [{}]}, {"body": [{"name": "a", "params": 1e300}], "input": [1]}],
)  # fmt: skip
def test_a_damaged_record_has_no_outline(raw: object) -> None:
    assert outline_of(raw) is None


def test_a_record_that_is_nested_without_end_has_none() -> None:
    deep: dict = {"name": "a"}
    for _ in range(500):
        deep = {"chain": [deep]}
    assert outline_of({"body": [deep], "input": [1, 2, 3]}) is None


WORD, NAME, COUNT = st.text(max_size=5), st.sampled_from(["a", "a.0", "b", "input", "", "x.y"]), st.integers(0, 3)
SHAPE = st.lists(st.integers(0, 10**9), max_size=4)
NODE = st.deferred(
    lambda: st.fixed_dictionaries(
        {},
        optional={
            **{"name": NAME, "kind": WORD, "join": WORD, "merge": WORD, "main": COUNT, "times": COUNT, "shape": SHAPE},
            **{"until": SHAPE, "copies": st.booleans(), "sources": st.lists(NAME, max_size=3), "ops": st.lists(WORD)},
            "chain": st.lists(NODE, max_size=3),
            "branches": st.lists(BRANCH, max_size=3),
        },
    )
)
BRANCH = st.fixed_dictionaries({"nodes": st.lists(NODE, max_size=2), "times": COUNT})
LEAVES = st.none() | COUNT | WORD
JUNK = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(WORD, inner), max_leaves=5)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(NODE, max_size=4), JUNK)
def test_whatever_a_record_holds_it_is_read_and_drawn_or_passed_over(nodes: list, junk: object) -> None:
    aux = [{"name": "side", "from": "a", "weight": 0.3, "nodes": nodes}]
    found = outline_of({"body": nodes, "head": nodes, "input": [1, 2, 3], "aux": aux})
    assert (found is None) == (not nodes)
    if found:
        assert outline_of(record(found)) == found
        assert list(faults(overview(found, 900.0))) + list(faults(drawing(found, 3))) == []
    damaged = outline_of({"body": [junk, *nodes], "head": junk, "input": [1, 2, 3]})
    assert damaged is None or damaged.body
