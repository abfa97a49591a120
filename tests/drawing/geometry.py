"""What is wrong with a drawing: boxes that overlap, lines through boxes, words where they do not belong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cnnlab.drawing.piece import Box, Line, Piece, Words

Area = tuple[float, float, float, float]
"""left, top, right, bottom"""
HAIR = 0.05


def faults(piece: Piece) -> Iterator[str]:
    frames = [box for box in piece.boxes if box.look == "frame"]
    solid = [box for box in piece.boxes if box.look != "frame"]
    for a, b in combinations(solid, 2):
        if _overlap(_area(a), _area(b)):
            yield f"boxes overlap: {_said(a)} and {_said(b)}"
    for frame in frames:
        for other in piece.boxes:
            if other is not frame and _overlap(_area(frame), _area(other)) and not _nested(frame, other):
                yield f"{_said(other)} lies half in the frame {_said(frame)}"
    for line in piece.lines:
        for stretch in _stretches(line):
            yield from (f"a line crosses {_said(box)}" for box in solid if _overlap(stretch, _area(box)))
            yield from (f"a line runs through {_said(f)}" for f in frames if _through(line, stretch, f))
    yield from _of_words(piece, solid, frames)
    for area in [
        *map(_area, piece.boxes),
        *map(_room, piece.words),
        *(s for one in piece.lines for s in _stretches(one)),
    ]:
        if not _within(area, (0.0, 0.0, piece.width, piece.height)):
            yield f"{area} lies outside of the drawing, {piece.width:.0f}×{piece.height:.0f}"


def _of_words(piece: Piece, solid: list[Box], frames: list[Box]) -> Iterator[str]:
    free = [*piece.words, *(words for frame in frames for words in frame.words)]
    for box in piece.boxes:
        for words in box.words:
            if not _within(_room(words), (box.x, box.y, box.x + box.width, box.y + box.height)):
                yield f"{_text(words)} does not fit in its box"
        for a, b in combinations(box.words, 2):
            if _overlap(_room(a), _room(b)):
                yield f"{_text(a)} lies on {_text(b)}"
    for a, b in combinations(free, 2):
        if _overlap(_room(a), _room(b)):
            yield f"{_text(a)} lies on {_text(b)}"
    for words in free:
        yield from (f"{_text(words)} lies on {_said(box)}" for box in solid if _overlap(_room(words), _area(box)))
        for line in piece.lines:
            if any(_overlap(_room(words), stretch) for stretch in _stretches(line)):
                yield f"a line crosses {_text(words)}"


def _area(box: Box) -> Area:
    """With the second edge of a box that stands for several."""
    behind = 3.0 if box.stack else 0.0
    return box.x - behind, box.y, box.x + box.width, box.y + box.height + behind


def _room(words: Words) -> Area:
    return words.x, words.y - 0.72 * words.size, words.x + words.width, words.y + 0.2 * words.size


def _stretches(line: Line) -> list[Area]:
    return [
        (min(a, c), min(b, d), max(a, c), max(b, d))
        for (a, b), (c, d) in zip(line.points, line.points[1:], strict=False)
    ]


def _through(line: Line, stretch: Area, frame: Box) -> bool:
    """Whether a line that neither begins nor ends in a frame runs through it."""
    area = _area(frame)
    inside = any(_within((x, y, x, y), area) for x, y in (line.points[0], line.points[-1]))
    return _overlap(stretch, area) and not inside


def _overlap(a: Area, b: Area) -> bool:
    return a[0] < b[2] - HAIR and b[0] < a[2] - HAIR and a[1] < b[3] - HAIR and b[1] < a[3] - HAIR


def _within(a: Area, b: Area) -> bool:
    return a[0] >= b[0] - HAIR and a[1] >= b[1] - HAIR and a[2] <= b[2] + HAIR and a[3] <= b[3] + HAIR


def _nested(frame: Box, other: Box) -> bool:
    return _within(_area(other), _area(frame)) or (other.look == "frame" and _within(_area(frame), _area(other)))


def _said(box: Box) -> str:
    return f"{box.look} {box.name} at {box.x:.0f},{box.y:.0f}"


def _text(words: Words) -> str:
    return repr(" ".join(run.words for run in words.runs))
