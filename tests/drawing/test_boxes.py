"""Boxes: what stands in them and in what size, what a pointer shows, where a second edge stands for copies."""

from __future__ import annotations

import pytest

from cnnlab.drawing.boxes import BEHIND, MOST, folded, gist, hover_text, mark, operation
from cnnlab.drawing.outline import Branch, OutlineNode
from cnnlab.drawing.piece import SIZE, SMALL, Piece

CONV = OutlineNode(
    name="c",
    kind="conv",
    shape=(8, 4, 4),
    ops=("3×3 conv, 8", "batch norm", "relu"),
    role="conv",
    params=72,
    macs=1152,
)


def lines(piece: Piece) -> list[tuple[str, float]]:
    (box,) = piece.boxes
    return [(" ".join(run.words for run in line.runs), line.size) for line in box.words]


def test_an_operation_has_its_name_outside_of_frames_and_what_belongs_to_it_in_small_letters() -> None:
    assert lines(operation(CONV, "body.c", outer=True)) == [("c 3×3 conv, 8", SIZE), ("batch norm · relu", SMALL)]
    assert lines(operation(CONV, "body.c", outer=False))[0] == ("3×3 conv, 8", SIZE)
    before = OutlineNode(ops=("batch norm", "3×3 conv, 8"), main=1)
    assert lines(operation(before, "body.c", outer=True)) == [("batch norm", SMALL), ("3×3 conv, 8", SIZE)]


def test_a_box_for_several_copies_says_how_many_and_has_room_for_a_second_edge() -> None:
    one, three = (
        operation(CONV, "body.c", True),
        operation(OutlineNode(name="c", ops=CONV.ops, times=3), "body.c", True),
    )
    assert lines(three)[0] == ("c 3×3 conv, 8 ×3", SIZE)
    assert (one.boxes[0].stack, three.boxes[0].stack) == (False, True)
    assert (one.width - one.boxes[0].width, three.width - three.boxes[0].width) == pytest.approx((0.0, 2 * BEHIND))


def test_a_long_name_is_cut_in_the_box_and_whole_under_the_pointer() -> None:
    name = "a" * 3 * MOST
    (box,) = operation(OutlineNode(name=name, ops=("conv",)), f"body.{name}", True).boxes
    assert all(len(run.words) <= MOST for line in box.words for run in line.runs)
    assert name in box.hover


def test_a_pointer_shows_what_a_box_leaves_and_costs() -> None:
    assert hover_text(CONV, "body.c") == (
        "body.c · conv\n3×3 conv, 8 → batch norm → relu\nleaves 8×4×4 · 72 parameters · 1,152 MACs"
    )
    assert hover_text(OutlineNode(), "body.x") == "body.x"


def ways(*channels: int, merge: str = "concat") -> OutlineNode:
    branches = [Branch((OutlineNode(ops=("1×1 conv",), role="conv", shape=(count, 4, 4)),)) for count in channels]
    return OutlineNode(name="mixed", kind="inception", branches=tuple(branches), merge=merge)


def test_a_folded_block_tells_the_gist_of_what_is_in_it() -> None:
    assert gist(ways(64, 32, 16)) == "3 branches: 64 + 32 + 16"
    assert gist(ways(64, 64, 64, merge="add")) == "3 branches"
    assert gist(ways(64, 32)) == "1×1 conv"
    chain = OutlineNode(name="s", kind="sequential", chain=(CONV, OutlineNode(ops=("relu",)), CONV))
    assert lines(folded(chain, "body.s")) == [("s sequential", SIZE), ("3×3 conv, 8 → 3×3 conv, 8", SMALL)]
    assert folded(chain, "body.s").boxes[0].opens
    assert lines(folded(chain, "body.s", also="closed"))[1] == ("closed", SMALL)


def test_ways_meet_in_a_sign_or_in_a_word() -> None:
    assert [lines(mark(merge))[0] for merge in ("add", "mul", "concat")] == [
        ("+", SIZE),
        ("×", SIZE),
        ("concat", SMALL),
    ]
    assert mark("add").width == 18.0 < mark("concat").width
