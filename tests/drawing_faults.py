"""What is wrong with a drawing: boxes that overlap, lines through boxes, words where they do not belong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cnnlab.drawing.piece import Box, Connector, Piece, TextLine

Area = tuple[float, float, float, float]
"""left, top, right, bottom"""
HAIR = 0.05


def faults(piece: Piece) -> Iterator[str]:
    areas = {id(box): _area(box) for box in piece.boxes}
    frames = [(areas[id(box)], box) for box in piece.boxes if box.look == "frame"]
    solid = [(areas[id(box)], box) for box in piece.boxes if box.look != "frame"]
    ways = [(stretch, line) for line in piece.lines for stretch in _stretches(line)]
    yield from (f"boxes overlap: {_place(a)} and {_place(b)}" for a, b in _meeting(solid, solid))
    for frame, other in _meeting(frames, [*frames, *solid]):
        if not _nested(areas[id(frame)], areas[id(other)], other):
            yield f"{_place(other)} lies half in the frame {_place(frame)}"
    yield from (f"a line crosses {_place(box)}" for box, _ in _meeting(solid, ways))
    for frame, line in _meeting(frames, ways):
        if not any(_within((x, y, x, y), areas[id(frame)]) for x, y in (line.points[0], line.points[-1])):
            yield f"a line runs through {_place(frame)}"
    free = [*piece.words, *(words for _, frame in frames for words in frame.words)]
    loose = [(_room(words), words) for words in free]
    yield from (f"{_text(a)} lies on {_text(b)}" for a, b in _meeting(loose, loose))
    yield from (f"{_text(words)} lies on {_place(box)}" for words, box in _meeting(loose, solid))
    yield from (f"a line crosses {_text(words)}" for words, _ in _meeting(loose, ways))
    for box in piece.boxes:
        inner = [(_room(words), words) for words in box.words]
        whole = (box.x, box.y, box.x + box.width, box.y + box.height)
        yield from (f"{_text(words)} does not fit in its box" for room, words in inner if not _within(room, whole))
        yield from (f"{_text(a)} lies on {_text(b)}" for a, b in _meeting(inner, inner))
    for area, _ in [*frames, *solid, *ways, *loose]:
        if not _within(area, (0.0, 0.0, piece.width, piece.height)):
            yield f"{area} lies outside of the drawing, {piece.width:.0f}×{piece.height:.0f}"


def _meeting(these: list, those: list) -> Iterator[tuple]:
    """The pairs whose areas overlap; among themselves where both are the same things."""
    crossed = ((a, b) for a in these for b in those if a[1] is not b[1])
    pairs = combinations(these, 2) if these is those else crossed
    for (a, one), (b, other) in pairs:
        if a[0] < b[2] - HAIR and b[0] < a[2] - HAIR and a[1] < b[3] - HAIR and b[1] < a[3] - HAIR:
            yield one, other


def _area(box: Box) -> Area:
    """With the second edge of a box that stands for several."""
    behind = 3.0 if box.stack else 0.0
    return box.x - behind, box.y, box.x + box.width, box.y + box.height + behind


def _room(words: TextLine) -> Area:
    return words.x, words.y - 0.72 * words.size, words.x + words.width, words.y + 0.2 * words.size


def _stretches(line: Connector) -> list[Area]:
    ends = zip(line.points, line.points[1:], strict=False)
    return [(min(a, c), min(b, d), max(a, c), max(b, d)) for (a, b), (c, d) in ends]


def _within(a: Area, b: Area) -> bool:
    return a[0] >= b[0] - HAIR and a[1] >= b[1] - HAIR and a[2] <= b[2] + HAIR and a[3] <= b[3] + HAIR


def _nested(frame: Area, area: Area, other: Box) -> bool:
    return _within(area, frame) or (other.look == "frame" and _within(frame, area))


def _place(box: Box) -> str:
    return f"{box.look} {box.name} at {box.x:.0f},{box.y:.0f}"


def _text(words: TextLine) -> str:
    return repr(" ".join(run.words for run in words.runs))
