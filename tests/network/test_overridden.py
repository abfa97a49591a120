"""A network's settings under an override."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from cnnlab.network.overridden import overridden

RAW: dict[str, Any] = {"norm": "batch", "body": {"c1": {"block": "conv", "channels": 4}}, "head": {}}


@pytest.mark.parametrize(
    ("word", "changed"),
    [
        ("model.norm=none", {"norm": "none"}),
        ("model.norm.groups=2", {"norm": {"groups": 2}}),
        ("model.body.c1=null", {"body": {"c1": None}}),
        ("model.body.c1.stride=[1, 2]", {"body": {"c1": {"block": "conv", "channels": 4, "stride": [1, 2]}}}),
        ("model.head.flat={block: flatten, before: fc}", {"head": {"flat": {"block": "flatten", "before": "fc"}}}),
    ],
)
def test_an_override_changes_one_setting_and_leaves_the_network_it_is_tried_on(
    word: str, changed: dict[str, Any]
) -> None:
    raw = deepcopy(RAW)
    assert overridden(raw, word) == RAW | changed
    assert raw == RAW
