"""Any network is drawn without boxes that overlap or lines that cross them; and the check for that finds them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from drawing_faults import faults
from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from sample_networks import CONV, models, network
from zoo_outlines import drawn

from cnnlab.blocks.part import Misfit
from cnnlab.drawing.columns import drawing
from cnnlab.drawing.piece import Connector, Piece
from cnnlab.network.graph import graph
from cnnlab.network.outline import outline
from cnnlab.network.read import read_network

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
CROSSED = {
    "norm": "batch",
    "body": {
        "a": CONV,
        "b": CONV,
        "c": {**CONV, "from": ["a", "input"]},
        "d": {**CONV, "from": ["b", "c", "a"], "join": "add", "repeat": 2},
        "e": {"block": "residual", "channels": 8, "from": "b"},
        "f": {"block": "residual", "channels": 16, "from": ["d", "e", "a", "input"], "repeat": 3},
        "g": {**CONV, "from": ["f", "f", "a"]},
        "h": {
            "block": "sequential",
            "from": ["g", "input"],
            "body": {
                "p": CONV,
                "q": {**CONV, "from": ["p", "input"]},
                "r": {**CONV, "from": "p"},
                "s": {**CONV, "from": ["q", "r"]},
            },
        },
    },
    "head": {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}},
}  # fmt: skip


@pytest.mark.parametrize("raw", [CROSSED, *map(yaml.safe_load, re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL))])
@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_cross_connections_go_round_the_boxes(raw: dict, depth: int | None) -> None:
    assert list(faults(drawing(outline(network(raw), (8, 32, 32)), depth))) == []


@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_whatever_can_be_built_can_be_drawn(raw: dict) -> None:
    found, _ = read_network(raw, 10)
    assume(found is not None)
    assert found is not None
    try:
        assume(not graph(found, (4, 24, 24)).faults)
        picture = outline(found, (4, 24, 24))
    except Misfit:
        assume(False)
        return
    assert sum(node.params for node in picture.nodes) == graph(found, (4, 24, 24)).params
    assert [fault for depth in (0, 5) for fault in faults(drawing(picture, depth))] == []


def test_the_check_finds_what_is_wrong() -> None:
    good = drawing(drawn("resnet18"), 1)
    assert list(faults(good)) == []
    solid = next(i for i, box in enumerate(good.boxes) if box.look == "conv")
    for dx, dy, said in (
        (60.0, 0.0, "crosses"),
        (0.0, 25.0, "boxes overlap|crosses"),
        (300.0, 0.0, "crosses|frame|outside"),
    ):
        boxes = [*good.boxes[:solid], good.boxes[solid].moved(dx, dy), *good.boxes[solid + 1 :]]
        assert any(re.search(said, fault) for fault in faults(replace(good, boxes=boxes)))
    words = [*good.words, good.words[0].moved(4.0, 2.0)]
    assert any("lies on" in fault for fault in faults(replace(good, words=words)))
    line = Connector(((0.0, good.height / 2), (good.width, good.height / 2)))
    assert any("crosses" in fault for fault in faults(replace(good, lines=[line])))
    assert any("runs through" in fault for fault in faults(replace(good, lines=[line])))
    narrow = [replace(box, width=30.0) for box in good.boxes]
    assert any("does not fit" in fault for fault in faults(Piece(good.width, good.height, boxes=narrow)))
