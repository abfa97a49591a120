"""Pieces that are put together are moved whole, widened round their axis, and have gaps between them in a row."""

from __future__ import annotations

import pytest

from cnnlab.drawing.piece import APART, Box, Connector, Piece, TextLine, TextRun, beside


def test_what_is_put_into_a_piece_is_moved_with_its_words() -> None:
    words = TextLine(2.0, 9.0, (TextRun("conv"),))
    inner = Piece(
        20.0, 12.0, 10.0, [Box(0.0, 0.0, 20.0, 12.0, "conv", (words,))], [Connector(((1.0, 2.0), (3.0, 4.0)))], [words]
    )
    outer = Piece(100.0, 100.0)
    outer.put(inner, 30.0, 40.0)
    (box,), (line,), (free,) = outer.boxes, outer.lines, outer.words
    assert (box.x, box.y, box.words[0].x, box.words[0].y) == (30.0, 40.0, 32.0, 49.0)
    assert line.points == ((31.0, 42.0), (33.0, 44.0))
    assert (free.x, free.y) == (32.0, 49.0)
    assert (inner.boxes[0].x, inner.words[0].x) == (0.0, 2.0)


def test_a_line_without_length_is_not_drawn_and_points_that_repeat_are_one() -> None:
    piece = Piece()
    piece.draw((1.0, 1.0), (1.0, 1.0))
    assert piece.lines == []
    piece.draw((1.0, 1.0), (1.0, 1.0), (1.0, 5.0), arrow=True)
    assert piece.lines == [Connector(((1.0, 1.0), (1.0, 5.0)), arrow=True)]


def test_a_piece_is_widened_round_its_axis_and_never_made_narrower() -> None:
    piece = Piece(20.0, 5.0, 8.0, [Box(0.0, 0.0, 20.0, 5.0, "conv")])
    wider = piece.widened(18.0, 30.0)
    assert (wider.width, wider.axis, wider.boxes[0].x) == (48.0, 18.0, 10.0)
    same = piece.widened(1.0, 1.0)
    assert (same.width, same.axis, same.boxes) == (20.0, 8.0, piece.boxes)


def test_pieces_in_a_row_have_a_gap_between_them_and_none_behind() -> None:
    assert beside([Piece(10.0), Piece(30.0), Piece(5.0)], 4.0) == ([0.0, 14.0, 48.0], 53.0)
    assert beside([], 4.0) == ([], 0.0)


def test_a_lines_width_is_that_of_its_runs_and_what_is_between_them() -> None:
    bold, plain = TextRun("stage1", bold=True), TextRun("conv")
    both = TextLine(0.0, 0.0, (bold, plain))
    alone = [TextLine(0.0, 0.0, (run,)).width for run in (bold, plain)]
    assert both.width == pytest.approx(sum(alone) + APART)
    assert both.centered(100.0).x == pytest.approx(100.0 - both.width / 2)
    assert both.centered(100.0).anchor == "middle"
