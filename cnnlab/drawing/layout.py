"""Nodes as pieces: rows from top to bottom, branches beside each other, open blocks in frames, lanes around blocks.

A row (`chain`) stacks its pieces on one axis. What takes an earlier block than the one before it (`from`) is reached by
a lane of its own at the right of the row, shorter ways nearer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cnnlab.drawing.boxes import BEHIND, SIDE, dims_range, folded, hover_text, mark, operation
from cnnlab.drawing.outline import Branch, OutlineHead, OutlineNode, Shape
from cnnlab.drawing.piece import BEND, SIZE, SMALL, Box, Piece, TextLine, TextRun, beside
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

    def opens(self, node: OutlineNode, level: int) -> bool:
        """Whether a node that has others inside shows them."""
        chosen = level > 0 or self.only is None or any(part.name in self.only for part in (node, *node.chain))
        return (level > 0 and node.is_simple) or (level < self.depth and chosen)


def node_piece(node: OutlineNode, name: str, style: Style, level: int = 0) -> Piece:
    """A block, open or folded. `level` is the number of frames around it."""
    if node.is_box:
        return operation(node, name, outer=level == 0)
    if not node.name and not node.kind:
        return bare(node, name, style, level)
    if not style.opens(node, level):
        return folded(node, name)
    simple = node.copies or (level and node.is_simple)
    return row(node.chain, name, style, level) if simple else frame(node, name, style, level)


def bare(node: OutlineNode, name: str, style: Style, level: int) -> Piece:
    """What is inside a node, without a frame around it."""
    return row(node.chain, name, style, level) if node.chain else parallel(node, name, style, level)


def frame(node: OutlineNode, name: str, style: Style, level: int) -> Piece:
    """An open block: its insides in a frame, its name at the left of the line that comes in, its kind at the right."""
    inner = bare(node, name, style, level + 1)
    behind = BEHIND if node.times > 1 else 0.0
    times = (TextRun(f"×{node.times}", bold=True),) if node.times > 1 else ()
    title = TextLine(SIDE, 13.0, (TextRun(shortened(node.name, 24), bold=True),), SIZE if not level else SMALL)
    kind_shown = node.kind if node.kind != node.name else ""
    kind = TextLine(0.0, 13.0, (TextRun(shortened(kind_shown, 24), soft=True), *times), SMALL, "end")
    body = inner.widened(title.width + SIDE, kind.width + SIDE)
    wide, high = body.width + 2 * GAP, body.height + HEADING + GAP
    framed = Piece(wide + 2 * behind, high + behind, body.axis + GAP + behind)
    heading = (title.moved(behind, 0.0), kind.moved(behind + wide - SIDE - kind.width, 0.0))
    shown = tuple(words for words in heading if words.width)
    details = {"name": name, "hover": hover_text(node, name), "stack": node.times > 1, "opens": True}
    framed.boxes.append(Box(behind, 0.0, wide, high, "frame", shown, **details))
    framed.put(body, behind + GAP, HEADING)
    framed.draw((framed.axis, 0.0), (framed.axis, HEADING), arrow=inner.solid)
    framed.draw((framed.axis, high - GAP), (framed.axis, high))
    return framed


def parallel(node: OutlineNode, name: str, style: Style, level: int) -> Piece:
    """Branches over one input, joined by a mark."""
    pieces = [_branch(branch, node.merge, name, style, level) for branch in node.branches]
    sign = mark(node.merge)
    counts = [_count(branch.times) for branch in node.branches]
    pieces = [piece.widened(0.0, words.width + 6.0) for piece, words in zip(pieces, counts, strict=True)]
    lefts, wide = beside(pieces, GAP)
    straight = _straight(pieces)
    axis = wide / 2 if straight is None else lefts[straight] + pieces[straight].axis
    most = max(piece.height for piece in pieces)
    numbered = LABEL if any(words.width for words in counts) else 0.0
    top = STEM + numbered + STEM
    joined = Piece(wide, 0.0, axis)
    low = top + most + STEM
    joined.draw((axis, 0.0), (axis, STEM))
    for piece, words, left in zip(pieces, counts, lefts, strict=True):
        x = left + piece.axis
        joined.put(piece, left, top)
        joined.words += [words.moved(x + 4.0, STEM + 12.0)] if words.width else []
        turn = (axis, STEM - BEND), (axis, STEM), (x, STEM)
        joined.draw(*(turn if x != axis else ((axis, STEM),)), (x, top), arrow=piece.solid)
        start, middle = (x, top + piece.height), low + sign.height / 2
        if abs(x - axis) < sign.width / 2:
            joined.draw(start, (x, low), arrow=True)
        else:
            side = axis - sign.axis if x < axis else axis + sign.axis
            joined.draw(start, (x, middle), (side, middle), arrow=True)
    joined.put(sign, axis - sign.axis, low)
    joined.height = low + sign.height
    return joined.widened(sign.axis, sign.axis)


def _count(times: int) -> TextLine:
    return TextLine(0.0, 0.0, (TextRun(f"×{times}" if times > 1 else "", bold=True),), SMALL)


def _branch(branch: Branch, merge: str, name: str, style: Style, level: int) -> Piece:
    """A branch; where branches are put behind each other, with the shape it ends in."""
    if not branch.nodes:
        return Piece(16.0, 0.0, 8.0)
    branched = row(branch.nodes, name, style, level)
    last = branch.nodes[-1]
    if merge == "concat" and last.shape:
        return _labeled(branched, last.shape, last.until)
    return branched


def _labeled(piece: Piece, shape: Shape, until: Shape | None) -> Piece:
    words = label(shape, until)
    labeled = piece.widened(0.0, words.width + 6.0)
    labeled.words.append(words.moved(labeled.axis + 5.0, labeled.height + 11.0))
    labeled.draw((labeled.axis, labeled.height), (labeled.axis, labeled.height + LABEL))
    labeled.height += LABEL
    return labeled


def label(shape: Shape, until: Shape | None = None) -> TextLine:
    return TextLine(0.0, 0.0, (TextRun(dims_range(shape, until), soft=True),), SMALL)


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


def row(nodes: Sequence[OutlineNode], name: str, style: Style, level: int) -> Piece:
    """Nodes one after another."""
    flat = opened(nodes, style, level)
    return stacked(flat, [node_piece(node, name, style, level) for node in flat])


def opened(nodes: Sequence[OutlineNode], style: Style, level: int) -> list[OutlineNode]:
    """The nodes, with the copies of an open block in its place; the first of them takes what the block takes."""
    shown: list[OutlineNode] = []
    for node in nodes:
        if node.copies and style.opens(node, level):
            first, *others = node.chain
            shown += [replace(first, sources=node.sources, join=node.join), *others]
        else:
            shown.append(node)
    return shown


def stacked(nodes: Sequence[OutlineNode], pieces: Sequence[Piece]) -> Piece:
    """Pieces on one axis, with lines between them, and lanes beside them."""
    steps, lanes = _steps(nodes)
    joined = [mark(step.join).axis + 6.0 for step in steps if step.join]
    left = max([8.0, *joined, *(piece.axis for piece in pieces)])
    shapes = [label(node.shape, node.until).width + 8.0 for node in nodes[:-1] if node.shape]
    right = max([8.0, *joined, *shapes, *(piece.width - piece.axis for piece in pieces)])
    edge = left + right + 4.0 * bool(lanes)
    drawn = _Row(Piece(edge + lanes * LANE, 0.0, left), [edge + LANE * (lane + 0.5) for lane in range(lanes)])
    for before, piece, step in zip([None, *nodes], pieces, steps, strict=False):
        drawn.lead_to(piece, step, before)
    drawn.piece.solid = bool(pieces) and pieces[0].solid and not steps[0].join and not steps[0].leave
    return drawn.piece


@dataclass
class _Row:
    """A row that is being drawn, down to the height of `piece`."""

    piece: Piece
    reach: Sequence[float]
    """where each lane runs"""
    left: dict[int, float] = field(default_factory=dict)
    """the height at which each lane begins"""

    def lead_to(self, piece: Piece, step: _Step, before: OutlineNode | None) -> None:
        """Draw a piece, and what leads to it from what stands above it."""
        drawn, axis, top = self.piece, self.piece.axis, self.piece.height
        y = top + STEM * bool(step.leave)
        self.left |= dict.fromkeys(step.leave, y)
        if before and before.shape:
            drawn.words.append(label(before.shape, before.until).moved(axis + 5.0, y + 12.0))
            y += LABEL + 2.0
        y += STEM if before or step.leave or step.lanes else 0.0
        if step.straight:
            drawn.draw((axis, top), (axis, y), arrow=bool(step.join) or piece.solid)
        elif step.leave:
            drawn.draw((axis, top), (axis, top + STEM))
        if step.join:
            y = self.joined(step, y, piece.solid)
        elif not step.straight:
            y += BEND
            for lane in step.lanes:
                drawn.draw(*self.round(lane, y - STEM), (axis, y), arrow=piece.solid)
        drawn.put(piece, axis - piece.axis, y)
        drawn.height = y + piece.height

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


def _steps(nodes: Sequence[OutlineNode]) -> tuple[list[_Step], int]:
    """For each node what leads to it, and how many lanes that takes."""
    places, wanted = {"input": -1}, []
    steps = [_Step() for _ in nodes]
    for i, node in enumerate(nodes):
        sources = list(dict.fromkeys(places.get(source, i - 1) for source in node.sources))
        steps[i].straight = not sources or i - 1 in sources
        steps[i].join = node.join if len(node.sources) > 1 else None
        wanted += [(source, i) for source in sources if source != i - 1]
        places[stage_of(node)] = i
    for lane, (source, i) in enumerate(sorted(wanted, key=lambda pair: (pair[1] - pair[0], pair))):
        steps[source + 1].leave.append(lane)
        steps[i].lanes.append(lane)
    return steps, len(wanted)


def stage_of(node: OutlineNode) -> str:
    """The name of the block that a node is, or is a copy of."""
    return node.name.partition(".")[0]


def tapped(piece: Piece, heads: Sequence[OutlineHead], style: Style) -> Piece:
    """A block with the auxiliary heads that take what it leaves, beside the line that goes on."""
    if not heads:
        return piece
    sides = [_head(head, style) for head in heads]
    lefts, wide = beside(sides, GAP)
    high, start = piece.height + STEM, piece.axis + 2 * GAP
    whole = Piece(max(piece.width, start + wide), 0.0, piece.axis, solid=piece.solid)
    whole.height = high + STEM + max(side.height for side in sides)
    whole.put(piece, 0.0, 0.0)
    for side, left in zip(sides, lefts, strict=True):
        x = start + left + side.axis
        whole.put(side, start + left, high + STEM)
        whole.draw((piece.axis, high), (x, high), (x, high + STEM), arrow=side.solid, dashed=True)
    whole.draw((piece.axis, piece.height), (piece.axis, whole.height))
    return whole


def _head(head: OutlineHead, style: Style) -> Piece:
    name = f"aux.{head.name}"
    params, macs = (sum(getattr(node, key) for node in head.nodes) for key in ("params", "macs"))
    shape = head.nodes[-1].shape if head.nodes else ()
    whole = OutlineNode(name=head.name, kind="auxiliary head", chain=head.nodes, shape=shape, params=params, macs=macs)
    also = f"loss × {head.weight:g}, in training only"
    return frame(whole, name, style, 1) if style.depth > 1 else folded(whole, name, also)
