"""Nodes as pieces: rows from top to bottom, branches beside each other, open blocks in frames, lanes around blocks.

A row (`chain`) stacks its pieces on one axis. What takes an earlier block than the one before it (`from`) is reached by
a lane of its own at the right of the row, shorter ways nearer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cnnlab.drawing.boxes import BEHIND, SIDE, dims_range, folded, hover_text, mark, operation
from cnnlab.drawing.outline import Aux, Branch, Node, Shape
from cnnlab.drawing.piece import BEND, SIZE, SMALL, Box, Piece, Run, Words, beside
from cnnlab.text import shortened

GAP = 12.0
"""between branches, and between a frame and what is in it"""
STEM = 9.0
"""a line's length before an arrow's head"""
LABEL = 13.0
"""height that a shape beside a line takes"""
LANE = 10.0
"""between lines that go round"""
HEADING = 22.0
"""height of a frame's top, where its name stands"""


@dataclass(frozen=True)
class Style:
    """How deep blocks are unfolded."""

    depth: int = 1
    """0: none is open; 1: those of the network; 2: those within them, and auxiliary heads; …"""
    only: frozenset[str] | None = None
    """the network's blocks that are open, by name; all of them unless said"""

    def opens(self, one: Node, level: int) -> bool:
        """Whether a node that has others inside shows them."""
        chosen = level > 0 or self.only is None or any(part.name in self.only for part in (one, *one.chain))
        return (level > 0 and one.is_simple) or (level < self.depth and chosen)


def node(one: Node, name: str, style: Style, level: int = 0) -> Piece:
    """A block, open or folded. `level` is the number of frames around it."""
    if one.is_box:
        return operation(one, name, outer=level == 0)
    if not one.name and not one.kind:
        return bare(one, name, style, level)
    if not style.opens(one, level):
        return folded(one, name)
    simple = one.copies or (level and one.is_simple)
    return row(one.chain, name, style, level) if simple else frame(one, name, style, level)


def bare(one: Node, name: str, style: Style, level: int) -> Piece:
    """What is inside a node, without a frame around it."""
    return row(one.chain, name, style, level) if one.chain else parallel(one, name, style, level)


def frame(one: Node, name: str, style: Style, level: int) -> Piece:
    """An open block: its insides in a frame, its name at the left of the line that comes in, its kind at the right."""
    inner = bare(one, name, style, level + 1)
    behind = BEHIND if one.times > 1 else 0.0
    times = (Run(f"×{one.times}", bold=True),) if one.times > 1 else ()
    title = Words(SIDE, 13.0, (Run(shortened(one.name, 24), bold=True),), SIZE if not level else SMALL)
    kind_shown = one.kind if one.kind != one.name else ""
    kind = Words(0.0, 13.0, (Run(shortened(kind_shown, 24), soft=True), *times), SMALL, "end")
    body = inner.widened(title.width + SIDE, kind.width + SIDE)
    wide, high = body.width + 2 * GAP, body.height + HEADING + GAP
    found = Piece(wide + 2 * behind, high + behind, body.axis + GAP + behind)
    heading = (title.moved(behind, 0.0), kind.moved(behind + wide - SIDE - kind.width, 0.0))
    shown = tuple(words for words in heading if words.width)
    about = {"name": name, "hover": hover_text(one, name), "stack": one.times > 1, "opens": True}
    found.boxes.append(Box(behind, 0.0, wide, high, "frame", shown, **about))
    found.put(body, behind + GAP, HEADING)
    found.draw((found.axis, 0.0), (found.axis, HEADING), arrow=inner.solid)
    found.draw((found.axis, high - GAP), (found.axis, high))
    return found


def parallel(one: Node, name: str, style: Style, level: int) -> Piece:
    """Branches over one input, joined by a mark."""
    pieces = [_branch(branch, one.merge, name, style, level) for branch in one.branches]
    sign = mark(one.merge)
    counts = [_count(branch.times) for branch in one.branches]
    pieces = [piece.widened(0.0, words.width + 6.0) for piece, words in zip(pieces, counts, strict=True)]
    lefts, wide = beside(pieces, GAP)
    straight = _straight(pieces)
    axis = wide / 2 if straight is None else lefts[straight] + pieces[straight].axis
    most = max(piece.height for piece in pieces)
    numbered = LABEL if any(words.width for words in counts) else 0.0
    top = STEM + numbered + STEM
    found = Piece(wide, 0.0, axis)
    low = top + most + STEM
    found.draw((axis, 0.0), (axis, STEM))
    for piece, words, left in zip(pieces, counts, lefts, strict=True):
        x = left + piece.axis
        found.put(piece, left, top)
        found.words += [words.moved(x + 4.0, STEM + 12.0)] if words.width else []
        turn = (axis, STEM - BEND), (axis, STEM), (x, STEM)
        found.draw(*(turn if x != axis else ((axis, STEM),)), (x, top), arrow=piece.solid)
        start, middle = (x, top + piece.height), low + sign.height / 2
        if abs(x - axis) < sign.width / 2:
            found.draw(start, (x, low), arrow=True)
        else:
            side = axis - sign.axis if x < axis else axis + sign.axis
            found.draw(start, (x, middle), (side, middle), arrow=True)
    found.put(sign, axis - sign.axis, low)
    found.height = low + sign.height
    return found.widened(sign.axis, sign.axis)


def _count(times: int) -> Words:
    return Words(0.0, 0.0, (Run(f"×{times}" if times > 1 else "", bold=True),), SMALL)


def _branch(branch: Branch, merge: str, name: str, style: Style, level: int) -> Piece:
    """A branch; where branches are put behind each other, with the shape it ends in."""
    if not branch.nodes:
        return Piece(16.0, 0.0, 8.0)
    found = row(branch.nodes, name, style, level)
    last = branch.nodes[-1]
    if merge == "concat" and last.shape:
        return _labelled(found, last.shape, last.until)
    return found


def _labelled(piece: Piece, shape: Shape, until: Shape | None) -> Piece:
    words = label(shape, until)
    found = piece.widened(0.0, words.width + 6.0)
    found.words.append(words.moved(found.axis + 5.0, found.height + 11.0))
    found.draw((found.axis, found.height), (found.axis, found.height + LABEL))
    found.height += LABEL
    return found


def label(shape: Shape, until: Shape | None = None) -> Words:
    return Words(0.0, 0.0, (Run(dims_range(shape, until), soft=True),), SMALL)


def _straight(pieces: Sequence[Piece]) -> int | None:
    """The branch whose axis is that of all: of two the longer one, of an odd number the middle one."""
    if len(pieces) == 2:
        return max((0, 1), key=lambda i: (pieces[i].height, -i))
    return len(pieces) // 2 if len(pieces) % 2 else None


# -- rows


@dataclass
class _Step:
    """What comes before a piece of a row."""

    straight: bool = True
    """whether it takes what the one before it leaves"""
    lanes: list[int] = field(default_factory=list)
    """those that end here"""
    leave: list[int] = field(default_factory=list)
    """those that start here, with what the one before it leaves"""
    join: str | None = None
    """how several outputs become one"""


def row(nodes: Sequence[Node], name: str, style: Style, level: int) -> Piece:
    """Nodes one after another."""
    flat = opened(nodes, style, level)
    return stacked(flat, [node(one, name, style, level) for one in flat])


def opened(nodes: Sequence[Node], style: Style, level: int) -> list[Node]:
    """The nodes, with the copies of an open block in its place; the first of them takes what the block takes."""
    found: list[Node] = []
    for one in nodes:
        if one.copies and style.opens(one, level):
            first, *others = one.chain
            found += [replace(first, sources=one.sources, join=one.join), *others]
        else:
            found.append(one)
    return found


def stacked(nodes: Sequence[Node], pieces: Sequence[Piece]) -> Piece:
    """Pieces on one axis, with lines between them, and lanes beside them."""
    steps, lanes = _steps(nodes)
    joined = [mark(step.join).axis + 6.0 for step in steps if step.join]
    left = max([8.0, *joined, *(piece.axis for piece in pieces)])
    shapes = [label(one.shape, one.until).width + 8.0 for one in nodes[:-1] if one.shape]
    right = max([8.0, *joined, *shapes, *(piece.width - piece.axis for piece in pieces)])
    edge = left + right + 4.0 * bool(lanes)
    found = _Row(Piece(edge + lanes * LANE, 0.0, left), [edge + LANE * (lane + 0.5) for lane in range(lanes)])
    for before, piece, step in zip([None, *nodes], pieces, steps, strict=False):
        found.lead_to(piece, step, before)
    found.piece.solid = bool(pieces) and pieces[0].solid and not steps[0].join and not steps[0].leave
    return found.piece


@dataclass
class _Row:
    """A row that is being drawn, down to the height of `piece`."""

    piece: Piece
    reach: Sequence[float]
    """where each lane runs"""
    left: dict[int, float] = field(default_factory=dict)
    """the height at which each lane begins"""

    def lead_to(self, piece: Piece, step: _Step, before: Node | None) -> None:
        """Draw a piece, and what leads to it from what stands above it."""
        found, axis, top = self.piece, self.piece.axis, self.piece.height
        y = top + STEM * bool(step.leave)
        self.left |= dict.fromkeys(step.leave, y)
        if before and before.shape:
            found.words.append(label(before.shape, before.until).moved(axis + 5.0, y + 12.0))
            y += LABEL + 2.0
        y += STEM if before or step.leave or step.lanes else 0.0
        if step.straight:
            found.draw((axis, top), (axis, y), arrow=bool(step.join) or piece.solid)
        elif step.leave:
            found.draw((axis, top), (axis, top + STEM))
        if step.join:
            y = self.joined(step, y, piece.solid)
        elif not step.straight:
            y += BEND
            for lane in step.lanes:
                found.draw(*self.round(lane, y - STEM), (axis, y), arrow=piece.solid)
        found.put(piece, axis - piece.axis, y)
        found.height = y + piece.height

    def joined(self, step: _Step, y: float, solid: bool) -> float:
        """The mark where several outputs meet, with the lanes that come in; the height of the piece below it."""
        assert step.join
        sign, axis = mark(step.join), self.piece.axis
        self.piece.put(sign, axis - sign.axis, y)
        for lane in step.lanes:
            *way, _ = self.round(lane, y + sign.height / 2)
            self.piece.draw(*way, (axis + sign.axis, y + sign.height / 2), arrow=True)
        low = y + sign.height
        self.piece.draw((axis, low), (axis, low + STEM), arrow=solid)
        return low + STEM

    def round(self, lane: int, y: float) -> tuple[tuple[float, float], ...]:
        """From where a lane begins, down, and back to the axis at height `y`."""
        axis, x, start = self.piece.axis, self.reach[lane], self.left[lane]
        return (axis, start), (x, start), (x, y), (axis, y)


def _steps(nodes: Sequence[Node]) -> tuple[list[_Step], int]:
    """For each node what leads to it, and how many lanes that takes."""
    at, wanted = {"input": -1}, []
    steps = [_Step() for _ in nodes]
    for i, one in enumerate(nodes):
        sources = list(dict.fromkeys(at.get(source, i - 1) for source in one.sources))
        steps[i].straight = not sources or i - 1 in sources
        steps[i].join = one.join if len(one.sources) > 1 else None
        wanted += [(source, i) for source in sources if source != i - 1]
        at[stage_of(one)] = i
    for lane, (source, i) in enumerate(sorted(wanted, key=lambda pair: (pair[1] - pair[0], pair))):
        steps[source + 1].leave.append(lane)
        steps[i].lanes.append(lane)
    return steps, len(wanted)


def stage_of(one: Node) -> str:
    """The name of the block that a node is, or is a copy of."""
    return one.name.partition(".")[0]


def tapped(piece: Piece, heads: Sequence[Aux], style: Style) -> Piece:
    """A block with the auxiliary heads that take what it leaves, beside the line that goes on."""
    if not heads:
        return piece
    sides = [_head(head, style) for head in heads]
    lefts, wide = beside(sides, GAP)
    high, start = piece.height + STEM, piece.axis + 2 * GAP
    found = Piece(max(piece.width, start + wide), 0.0, piece.axis, solid=piece.solid)
    found.height = high + STEM + max(side.height for side in sides)
    found.put(piece, 0.0, 0.0)
    for side, left in zip(sides, lefts, strict=True):
        x = start + left + side.axis
        found.put(side, start + left, high + STEM)
        found.draw((piece.axis, high), (x, high), (x, high + STEM), arrow=side.solid, dashed=True)
    found.draw((piece.axis, piece.height), (piece.axis, found.height))
    return found


def _head(head: Aux, style: Style) -> Piece:
    name = f"aux.{head.name}"
    params, macs = (sum(getattr(one, key) for one in head.nodes) for key in ("params", "macs"))
    shape = head.nodes[-1].shape if head.nodes else ()
    whole = Node(name=head.name, kind="auxiliary head", chain=head.nodes, shape=shape, params=params, macs=macs)
    also = f"loss × {head.weight:g}, in training only"
    return frame(whole, name, style, 1) if style.depth > 1 else folded(whole, name, also)
