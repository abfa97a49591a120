"""A whole network in columns that suit a slide or a page."""

from __future__ import annotations

from zoo_outlines import drawn

from cnnlab.drawing.columns import AFTER, SLIDE, drawing, examples, fit, overview, segments, unfoldings
from cnnlab.drawing.layout import Style


def test_styles_open_what_they_say() -> None:
    found = drawn("inception_v3")
    looks = [sorted({box.look for box in drawing(found, depth).boxes}) for depth in (0, 1, 9)]
    assert [("frame" in one, "folded" in one) for one in looks] == [(False, True), (True, True), (True, False)]


def test_a_network_that_does_not_fit_a_slide_has_one_block_of_each_sort_open() -> None:
    network = drawn("googlenet")
    usual, (first, *_) = drawing(network), examples(network)
    assert fit(drawing(network, 1)) < 1.0 <= fit(usual)
    frames = [box.name for box in usual.boxes if box.look == "frame"]
    assert frames == [f"body.{first}"]


def test_columns_are_as_low_as_can_be_and_hold_all_blocks_in_their_order() -> None:
    network = drawn("cifar/plain20")
    high, low = overview(network, 10_000.0), overview(network, 300.0)
    assert high.height > low.height <= 300.0 + 2 * AFTER
    assert high.width < low.width
    named = [[box.name for box in picture.boxes if box.name] for picture in (high, low)]
    assert named[0] == named[1] == [f"{part}.{node.name}" for part, nodes in
                                    (("body", network.body), ("head", network.head)) for node in nodes]  # fmt: skip
    assert SLIDE[0] / SLIDE[1] > 1.5


def test_segments_unfold_from_closed_to_all_that_is_inside() -> None:
    network = drawn("resnet18")
    depths = unfoldings(network)
    assert [len(segments) for segments in depths[:4]] == [
        1,
        1,
        1,
        2,
    ]  # the image, the stem, its pool; the first stage closed and open
    assert [len(deeper.piece.boxes) for deeper in depths[3]] == sorted(len(deeper.piece.boxes) for deeper in depths[3])
    assert [len(part) for part in (depths, segments(network, Style(0)))] == [len(depths)] * 2
