"""Every network of conf/model is drawn without a fault, and its outline costs what its plan does."""

from __future__ import annotations

import json

import pytest
from geometry import faults
from nets import NAMES
from shapes import case, drawn

from cnnlab.drawing.columns import drawing, fit, unfoldings
from cnnlab.drawing.outline import outline_of, record
from cnnlab.network.plan import plan


@pytest.mark.parametrize("name", NAMES)
def test_no_boxes_overlap_no_line_crosses_a_box_and_words_fit(name: str) -> None:
    pictures = [drawing(drawn(name)), *(drawing(drawn(name), depth) for depth in (0, 1, 9))]
    pictures += [segment.piece for depths in unfoldings(drawn(name)) for segment in depths]
    assert [fault for picture in pictures for fault in faults(picture)] == []


@pytest.mark.parametrize("name", NAMES)
def test_unless_a_depth_is_said_a_slide_has_room_for_it(name: str) -> None:
    assert fit(drawing(drawn(name))) >= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_its_boxes_together_cost_and_leave_what_its_plan_says(name: str) -> None:
    found, paper = drawn(name), plan(*case(name))
    assert sum(node.params for node in found.nodes) == paper.params
    assert sum(node.macs for node in found.nodes) == paper.macs
    assert sum(node.params for head in found.aux for node in head.nodes) == paper.params_aux
    left = {layer.name.split(".")[1]: layer.shape for layer in paper.layers if layer.name.startswith("body.")}
    assert {node.name: node.until or node.shape for node in found.body} == left


@pytest.mark.parametrize("name", NAMES)
def test_what_the_record_keeps_is_drawn_the_same(name: str) -> None:
    assert outline_of(json.loads(json.dumps(record(drawn(name))))) == drawn(name)
