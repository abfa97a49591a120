"""What a drawing is made of: boxes, lines and words, put together into pieces that can be moved and stacked.

A piece is a rectangle that lines enter at its top and leave at its bottom, both at its `axis`. It draws nothing outside
of itself, and lines between pieces run in space that is left free for them: so no box can lie on another one, and no
line can cross a box.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from cnnlab.drawing.text_width import width

SIZE, SMALL = 12.0, 10.0
"""of letters"""
BEND = 6.0
"""radius of a line's corners"""
APART = 7.0
"""between words in different hands"""


@dataclass(frozen=True)
class TextRun:
    """Words in one hand."""

    words: str
    bold: bool = False
    soft: bool = False


@dataclass(frozen=True)
class TextLine:
    """One line of text; `x` is its left end, `y` its base line."""

    x: float
    y: float
    runs: tuple[TextRun, ...]
    size: float = SIZE
    anchor: Literal["start", "middle", "end"] = "start"
    """where a font that is narrower than reckoned leaves its room"""

    @property
    def width(self) -> float:
        apart = APART * (len(self.runs) - 1)
        return sum(width(run.words, self.size, run.bold) for run in self.runs) + apart

    def moved(self, dx: float, dy: float) -> TextLine:
        return replace(self, x=self.x + dx, y=self.y + dy)

    def centered(self, x: float) -> TextLine:
        return replace(self, x=x - self.width / 2, anchor="middle")


@dataclass(frozen=True)
class Box:
    """A rectangle; `look` is its colour: conv, linear, pool, other, folded, end, mark, or frame for what is open."""

    x: float
    y: float
    width: float
    height: float
    look: str
    words: tuple[TextLine, ...] = ()
    name: str = ""
    """the block it is, or is in: "body.stage1" """
    hover: str = ""
    """shown where a pointer rests on it"""
    stack: bool = False
    """whether it stands for several copies: a second edge shows behind it"""
    opens: bool = False
    """whether there is something inside to be shown"""

    def moved(self, dx: float, dy: float) -> Box:
        return replace(self, x=self.x + dx, y=self.y + dy, words=tuple(line.moved(dx, dy) for line in self.words))


@dataclass(frozen=True)
class Connector:
    """Straight stretches through `points`, with an arrow's head at the last one if it has one."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = False
    dashed: bool = False

    def moved(self, dx: float, dy: float) -> Connector:
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))


@dataclass
class Piece:
    """A rectangle of a drawing from (0, 0) to (width, height)."""

    width: float = 0.0
    height: float = 0.0
    axis: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Connector] = field(default_factory=list)
    words: list[TextLine] = field(default_factory=list)
    """those outside of boxes"""
    solid: bool = False
    """whether it begins with a box, for the arrow of the line that comes in"""

    def put(self, other: Piece, dx: float, dy: float) -> None:
        """Draw `other` with its corner at (dx, dy)."""
        self.boxes += [box.moved(dx, dy) for box in other.boxes]
        self.lines += [line.moved(dx, dy) for line in other.lines]
        self.words += [words.moved(dx, dy) for words in other.words]

    def draw(self, *points: tuple[float, float], arrow: bool = False, dashed: bool = False) -> None:
        """A line through `points`, unless it has no length."""
        kept = [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
        if len(kept) > 1:
            self.lines.append(Connector(tuple(kept), arrow, dashed))

    def widened(self, left: float, right: float) -> Piece:
        """At least so far to the left and to the right of its axis."""
        more = max(left - self.axis, 0.0)
        wider = Piece(solid=self.solid, height=self.height, axis=self.axis + more)
        wider.width = max(self.width + more, wider.axis + right)
        wider.put(self, more, 0.0)
        return wider


def beside(pieces: Iterable[Piece], gap: float) -> tuple[list[float], float]:
    """The left ends of pieces in a row, and the row's width."""
    lefts, x = [], 0.0
    for piece in pieces:
        lefts.append(x)
        x += piece.width + gap
    return lefts, max(x - gap, 0.0)
