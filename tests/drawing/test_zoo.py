"""Every network of conf/model is drawn without a fault, and its outline costs what its plan does."""

from __future__ import annotations

import json

import pytest
from drawing_faults import faults
from sample_networks import EVERY
from zoo_outlines import case, drawn

from cnnlab.drawing.columns import drawing, fit, overview, unfoldings
from cnnlab.drawing.outline import outline_of, record
from cnnlab.network.graph import graph


@pytest.mark.parametrize("name", EVERY)
def test_a_slide_has_room_no_boxes_overlap_no_line_crosses_a_box_and_words_fit(name: str) -> None:
    usual = drawing(drawn(name))
    assert fit(usual) >= 1.0
    assert [fault for picture in (usual, drawing(drawn(name), 9)) for fault in faults(picture)] == []


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "se_resnet50", "paper/preact_resnet18", "densenet121"])
def test_so_it_is_at_every_depth_and_on_pages(name: str) -> None:
    pictures = [overview(drawn(name), 900.0), *(drawing(drawn(name), depth) for depth in (0, 1, 2))]
    pictures += [segment.piece for depths in unfoldings(drawn(name)) for segment in depths]
    assert [fault for picture in pictures for fault in faults(picture)] == []


@pytest.mark.parametrize("name", EVERY)
def test_its_boxes_together_cost_and_leave_what_its_plan_says_and_the_record_keeps_them(name: str) -> None:
    found, paper = drawn(name), graph(*case(name))
    assert sum(node.params for node in found.nodes) == paper.params
    assert sum(node.macs for node in found.nodes) == paper.macs
    assert sum(node.params for head in found.aux for node in head.nodes) == paper.params_aux
    left = {layer.name.split(".")[1]: layer.shape for layer in paper.layers if layer.name.startswith("body.")}
    assert {node.name: node.until or node.shape for node in found.body} == left
    assert outline_of(json.loads(json.dumps(record(found)))) == found
