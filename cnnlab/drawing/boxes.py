"""Single boxes: an operation, a block that is folded, a mark where ways meet."""

from __future__ import annotations

from cnnlab.drawing.outline import Branch, OutlineNode, Shape
from cnnlab.drawing.piece import SIZE, SMALL, Box, Piece, TextLine, TextRun
from cnnlab.text import compact, dims, shortened

SIDE, ROOF, LEAD = 9.0, 6.0, 3.0
"""room beside words, above and below them, between lines"""
BEHIND = 3.0
"""how far the second edge of a box that stands for several shows"""
MOST = 34
"""characters of a name or an operation; longer ones are cut"""


def dims_range(first: Shape, last: Shape | None = None) -> str:
    """A shape, or those from that of the first copy of a block to that of the last.

    >>> dims_range((64, 56, 56)), dims_range((96, 56, 56), (256, 56, 56))
    ('64×56×56', '96–256×56×56')
    """
    end = last if last and len(last) == len(first) else first
    return dims(a if a == b else f"{a}–{b}" for a, b in zip(first, end, strict=True))


def hover_text(node: OutlineNode, name: str) -> str:
    """A box's name, kind and operations, what it leaves and costs."""
    kind = f" · {node.kind}" if node.kind else ""
    copies = f" × {node.times}" if node.times > 1 else ""
    lines = [f"{name}{kind}{copies}", " → ".join(node.ops)]
    cost = [
        f"{compact(node.params)} parameters" if node.params else "",
        f"{compact(node.macs)} MACs" if node.macs else "",
    ]
    shape = f"leaves {dims_range(node.shape, node.until)}" if node.shape else ""
    return "\n".join(filter(None, [*lines, " · ".join(filter(None, [shape, *cost]))]))


def box(lines: list[tuple[tuple[TextRun, ...], float]], look: str, **about: object) -> Piece:
    """A box around lines of words, each with its size, centred."""
    words = [TextLine(0.0, 0.0, runs, size) for runs, size in lines]
    wide = max((line.width for line in words), default=0.0) + 2 * SIDE
    y, placed = ROOF, []
    for line in words:
        y += line.size * 0.8
        placed.append(line.moved(0.0, y).centered(wide / 2))
        y += line.size * 0.2 + LEAD
    drawn = Box(0.0, 0.0, wide, y - LEAD + ROOF, look, tuple(placed), **about)  # type: ignore[arg-type]
    behind = BEHIND if drawn.stack else 0.0
    return Piece(wide + 2 * behind, drawn.height + behind, wide / 2 + behind, [drawn.moved(behind, 0.0)], solid=True)


def operation(node: OutlineNode, name: str, outer: bool) -> Piece:
    """An operation in a box, what belongs to it in small letters; outside of frames with its name."""
    before, main, after = node.ops[: node.main], node.ops[node.main : node.main + 1], node.ops[node.main + 1 :]
    title = [TextRun(shortened(node.name, MOST), bold=True)] if outer and node.name else []
    times = [TextRun(f"×{node.times}", bold=True)] if node.times > 1 else []
    words = [TextRun(shortened("".join(main) or node.kind, MOST))]
    small = [
        ((TextRun(shortened(" · ".join(ops), MOST + 8), soft=True),), SMALL) if ops else None for ops in (before, after)
    ]
    lines = [small[0], ((*title, *words, *times), SIZE), small[1]]
    kept = [line for line in lines if line]
    return box(kept, node.role, name=name, hover=hover_text(node, name), stack=node.times > 1)


def folded(node: OutlineNode, name: str, also: str | None = None) -> Piece:
    """A block with others inside, closed: its name and kind, and the gist of what is in it, or what else is said."""
    count = _copies(node)
    kind = node.kind if node.kind != node.name else ""
    times = [TextRun(f"×{count}", bold=True)] if count > 1 else []
    first = [TextRun(shortened(node.name, MOST), bold=True), TextRun(shortened(kind, MOST)), *times]
    lines = [(tuple(run for run in first if run.words), SIZE)]
    words = shortened(gist(node), 46) if also is None else also
    lines += [((TextRun(words, soft=True),), SMALL)] if words else []
    return box(lines, "folded", name=name, hover=hover_text(node, name), stack=count > 1, opens=True)


def _copies(node: OutlineNode) -> int:
    return sum(copy.times for copy in node.chain if copy.kind == node.kind) if node.copies else node.times


def gist(node: OutlineNode) -> str:
    """What a block does, in a line: its operations in a row, or how many branches it has.

    >>> gist(OutlineNode(chain=(OutlineNode(ops=("3×3 conv, 8", "relu"), role="conv"), OutlineNode(ops=("relu",)))))
    '3×3 conv, 8'
    """
    if node.is_box:
        return "".join(node.ops[node.main : node.main + 1])
    if node.copies:
        return gist(node.chain[0])
    if node.branches:
        return _ways(node)
    return " → ".join(filter(None, (gist(part) for part in node.chain if not _plain(part) or len(node.chain) == 1)))


def _ways(node: OutlineNode) -> str:
    """Of one or two ways the longer one; of more how many there are, and what each one adds to what they leave."""
    ways = [branch for branch in node.branches if branch.nodes]
    if len(ways) <= 2:
        main = max(ways, key=lambda branch: len(branch.nodes), default=Branch())
        return " → ".join(filter(None, map(gist, main.nodes)))
    words = f"{sum(branch.times for branch in node.branches)} branches"
    outputs = [branch.nodes[-1].shape[:1] for branch in ways if branch.times == 1]
    if node.merge != "concat" or len(outputs) < len(node.branches) or () in outputs:
        return words
    return f"{words}: {' + '.join(str(channels) for (channels,) in outputs)}"


def _plain(node: OutlineNode) -> bool:
    """Whether it is a detail: an activation, a norm by itself."""
    return node.is_box and node.role == "other"


SIGNS = {"add": "+", "mul": "×"}


def mark(merge: str) -> Piece:
    """Where ways meet: + or × in a circle, or the word."""
    words = TextLine(0.0, 0.0, (TextRun(SIGNS.get(merge, shortened(merge, 12))),), SIZE if merge in SIGNS else SMALL)
    wide = 18.0 if merge in SIGNS else words.width + 16.0
    sign = Box(0.0, 0.0, wide, 18.0, "mark", (words.moved(0.0, 9.0 + words.size * 0.36).centered(wide / 2),))
    return Piece(wide, 18.0, wide / 2, [sign], solid=True)


def end(words: str) -> Piece:
    """Where the network begins or ends."""
    return box([((TextRun(words),), SIZE)], "end")
