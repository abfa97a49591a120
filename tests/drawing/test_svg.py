"""A piece as SVG: well formed in every theme, names as text, marks in the order in which they cover each other."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from zoo_outlines import drawn

from cnnlab.drawing.columns import drawing
from cnnlab.drawing.piece import Box, Connector, Piece, TextLine, TextRun
from cnnlab.drawing.svg import DARK, LIGHT, document, fragment, style_sheet
from cnnlab.pages.document import Theme

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_file_of_its_own_is_well_formed_and_holds_its_colors(theme: Theme) -> None:
    root = ElementTree.fromstring(document(drawing(drawn("lenet")), "lenet", "61,706 parameters", theme))
    assert root.tag == f"{SVG}svg"
    assert [element.text for element in root.findall(f"{SVG}text")] == ["lenet", "61,706 parameters"]
    (paper,) = [element for element in root.iter(f"{SVG}rect") if element.get("class") == "paper"]
    assert paper.get("fill") == (DARK if theme == "dark" else LIGHT).paper
    assert bool(root.findall(f"{SVG}style")) is (theme == "auto")


def test_a_files_width_has_room_for_its_heading_and_for_its_drawing() -> None:
    small, large = Piece(10.0, 10.0), Piece(2000.0, 10.0)
    wide = [float(ElementTree.fromstring(document(piece, "t" * 60, "")).get("width", 0)) for piece in (small, large)]
    assert 300 < wide[0] < 2000 < wide[1]


def test_a_fragment_leaves_colors_to_the_pages_style_sheet_and_altered_blocks_stand_out() -> None:
    boxes = [Box(0.0, 0.0, 30.0, 20.0, "conv", name=name) for name in ("body.a", "body.b")]
    root = ElementTree.fromstring(fragment(Piece(80.0, 20.0, boxes=boxes), "two boxes", altered=["body.b"]))
    assert root.get("aria-label") == "two boxes"
    assert {g.get("data-block"): g.get("class") for g in root.iter("g")} == {"body.a": None, "body.b": "altered"}
    assert not any(element.get("fill") for element in root.iter())
    for theme in ("light", "dark", "auto"):
        sheet = style_sheet(theme)
        assert (LIGHT.ink in sheet, DARK.ink in sheet) == (theme != "dark", theme != "light")


def test_frames_lie_under_lines_and_lines_under_boxes() -> None:
    boxes = [Box(10.0, 10.0, 5.0, 5.0, "conv"), Box(2.0, 2.0, 50.0, 50.0, "frame"), Box(0.0, 0.0, 90.0, 90.0, "frame")]
    words = [TextLine(1.0, 1.0, (TextRun("a"), TextRun("b", bold=True)))]
    svg = fragment(
        Piece(90.0, 90.0, boxes=boxes, lines=[Connector(((0.0, 0.0), (9.0, 0.0)), arrow=True)], words=words), ""
    )
    assert re.findall(r'class="(frame|line|tip|conv)"', svg) == ["frame", "frame", "line", "tip", "conv"]
    assert svg.index('width="90"', svg.index("<g")) < svg.index('width="50"') < svg.index("<path")


def test_corners_are_rounded_by_no_more_than_half_of_the_shorter_stretch() -> None:
    bent = Piece(50.0, 50.0, lines=[Connector(((0.0, 0.0), (4.0, 0.0), (4.0, 40.0)))])
    assert 'd="M0.0 0.0L2.0 0.0Q4.0 0.0 4.0 2.0L4.0 40.0"' in fragment(bent, "")
