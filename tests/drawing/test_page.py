"""Pages and files with drawings in them: names are text in all of them, and the table says what blocks cost."""

from __future__ import annotations

from xml.etree import ElementTree

from cnnlab.drawing.columns import drawing, overview
from cnnlab.drawing.outline import Outline, OutlineNode
from cnnlab.drawing.page import drawing_page, layer_table
from cnnlab.drawing.svg import document, fragment

EVIL = '<script>alert("x")</script>'


def layer(name: str, **values: object) -> dict:
    return {
        "name": name,
        "block": "conv",
        "shape": [8, 4, 4],
        "params": 0,
        "macs": 0,
        "receptive_field": [3, 5],
        **values,
    }


def test_names_are_text_whatever_they_look_like() -> None:
    outline = Outline((3, 8, 8), (OutlineNode(name=EVIL, kind=EVIL, ops=(EVIL, EVIL), shape=(1, 2, 3)),))
    counts = {"params": 1, "layers": [{"name": f"body.{EVIL}", "block": EVIL, "shape": [1], "params": 1, "macs": 1,
                                       "receptive_field": [1, 1]}]}  # fmt: skip
    page = drawing_page(EVIL, EVIL, outline, counts, {"body": {EVIL: {"block": EVIL}}, EVIL: EVIL})
    for text in (document(drawing(outline), EVIL, EVIL), fragment(overview(outline, 900.0), EVIL), page):
        assert "alert" in text
        assert "<script>alert" not in text
    ElementTree.fromstring(document(drawing(outline), EVIL, EVIL))


def test_the_table_has_counts_in_short_and_under_the_pointer_in_full() -> None:
    html = layer_table({"params": 200, "layers": [layer("body.stage1.0", params=50, macs=1_814_073_344)]})
    assert '<tr data-block="body.stage1"><th scope="row"><b>stage1.0</b><small>conv</small></th><td>8×4×4</td>' in html
    assert '<td title="25.0% of all">50<span class="meter" style="--w: 25.0%"></span></td>' in html
    assert '<td title="1,814,073,344">1.81 G</td><td>3×5</td>' in html


def test_auxiliary_heads_stand_under_a_heading_of_their_own() -> None:
    head = {"from": "s2", "weight": 0.3, "layers": [layer("aux.a.body.fc")]}
    html = layer_table({"params": 0, "layers": [], "aux": {"a": head}})
    assert ">auxiliary head a after s2: in training only, its loss × 0.3</th></tr>" in html
    assert '<tr data-block="aux.a"><th scope="row"><b>fc</b>' in html
