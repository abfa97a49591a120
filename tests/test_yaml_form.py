"""Values as YAML and overrides have them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.blocks.conv import Conv
from cnnlab.blocks.norm import NormSettings
from cnnlab.yaml_form import for_override, one_line, short_form


@pytest.mark.parametrize(
    ("norm", "short"),
    [
        (NormSettings(kind="batch"), "batch"),
        (NormSettings(kind="group", groups=None, eps=1e-5), "group"),
        (NormSettings(kind="group", groups=8), {"kind": "group", "groups": 8}),
        (NormSettings(kind="batch", momentum=0.2), {"kind": "batch", "momentum": 0.2}),
    ],
)
def test_a_norm_is_written_by_its_kind_where_nothing_else_is_said(norm: NormSettings, short: Any) -> None:
    assert short_form(norm) == short
    assert Conv(channels=4, norm=short).norm == norm


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ((3, 3), 3),
        ((3, 5), [3, 5]),
        ((1, 1, 1, 1), 1),
        ((1, 1, 2, 2), [1, 2]),
        ((1, 0, 2, 2), [1, 0, 2, 2]),
        ((0.9, 0.9), [0.9, 0.9]),
        ((True, True), [True, True]),
        (("a", ("b",)), ["a", ["b"]]),
        ("same", "same"),
    ],
)
def test_equal_sides_are_one_number(value: Any, short: Any) -> None:
    assert short_form(value) == short


@pytest.mark.parametrize("padding", ["same", "valid", 0, 1, (1, 2), (1, 2, 3, 4)])
def test_a_short_form_is_read_as_the_same_setting(padding: Any) -> None:
    block = Conv(channels=4, padding=padding)
    assert Conv(channels=4, padding=short_form(block.padding)) == block


PLAIN = st.none() | st.booleans() | st.integers(-99, 99) | st.from_regex(r"[a-z]{1,5}( [a-z]{1,5})?", fullmatch=True)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kmp"), inner, max_size=3)
)


@given(VALUES)
def test_hydra_reads_an_override_back(value: Any) -> None:
    words = yaml.safe_load(one_line(value))  # where YAML has true for `true`, a text of that name is no text
    if words == value:
        read = OverridesParser.create().parse_override(f"x={for_override(value)}").value()
        assert _plain(read) == value


def _plain(value: Any) -> Any:
    """Hydra's texts in quotes as Python's."""
    match value:
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list():
            return list(map(_plain, value))
    return getattr(value, "text", value)


def test_one_line_is_yaml() -> None:
    value = {"kind": "group", "groups": [1, None], "eps": 1e-05, "x": True, "sizes": (1, 2)}
    assert one_line(value) == "{kind: group, groups: [1, null], eps: 1e-05, x: true, sizes: [1, 2]}"
