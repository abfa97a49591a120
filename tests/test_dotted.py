"""Dotted paths: nested mappings read and changed by them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cnnlab import dotted

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)
TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
)
MAPPINGS = TREES.filter(lambda tree: isinstance(tree, dict))


@given(MAPPINGS, PATHS, TREES)
def test_what_is_put_is_got_back(tree: dict[str, Any], path: str, value: Any) -> None:
    dotted.put(tree, path, value)
    assert dotted.get(tree, path) == value


@given(MAPPINGS, PATHS)
def test_what_is_dropped_is_gone_and_nothing_else(tree: dict[str, Any], path: str) -> None:
    before = dotted.flat(tree)
    dotted.drop(tree, path)
    assert dotted.get(tree, path) is None
    kept = {key: value for key, value in before.items() if not dotted.within(key, path)}
    assert dotted.flat(tree) == kept


def test_putting_keeps_what_stands_beside_it() -> None:
    tree = {"body": {"c1": {"stride": 2}}, "norm": "batch"}
    dotted.put(tree, "body.c1.act", "relu")
    dotted.put(tree, "norm.kind", "group")
    assert tree == {"body": {"c1": {"stride": 2, "act": "relu"}}, "norm": {"kind": "group"}}


def test_nothing_stands_below_a_value() -> None:
    assert dotted.get({"norm": "batch"}, "norm.kind") is None
    assert dotted.get(None, "norm") is None


def test_a_name_that_begins_like_another_is_not_inside_of_it() -> None:
    assert dotted.within("model.body.stage1", "model.body.stage1")
    assert dotted.within("model.body.stage1.stride", "model.body.stage1")
    assert not dotted.within("model.body.stage10", "model.body.stage1")
    assert dotted.overlap("model.body", "model.body.stage1")
    assert dotted.overlap("model.body.stage1", "model.body")
    assert not dotted.overlap("model.body", "model.head")
