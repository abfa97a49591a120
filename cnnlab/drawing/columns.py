"""A whole network: its blocks from top to bottom, in as many columns as suit a slide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cnnlab.drawing.boxes import end
from cnnlab.drawing.layout import STEM, Style, label, node_piece, opened, stacked, stage_of, tapped
from cnnlab.drawing.outline import Branch, Outline, OutlineNode, Shape
from cnnlab.drawing.piece import Piece
from cnnlab.text import dims

SLIDE = (1340.0, 720.0)
"""what a slide has room for, a heading apart: letters of 12 are then nine points high on one of 13⅓ inches"""
GUTTER = 40.0
"""between columns"""
AFTER = STEM + 15.0 + STEM
"""between blocks: a shape beside the line, and the arrow"""
TOP = STEM + 8.0
"""above columns, where lines come in"""
MOST_COLUMNS = 12
DEEPEST = 8
"""levels of blocks within blocks that are told apart"""


@dataclass(frozen=True)
class Segment:
    """Blocks that stay together, since a line leads round some of them."""

    piece: Piece
    shape: Shape = ()
    """what they leave, where it is to be said"""
    until: Shape | None = None


def drawing(outline: Outline, depth: int | None = None) -> Piece:
    """The network unfolded to a depth, in the number of columns that makes it largest on a slide.

    Without a depth: the deepest at which a slide has room for it; for a network that does not fit when its blocks are
    open, one of each sort is, as many as there is room for.
    """
    if depth is not None:
        return arranged(outline, Style(depth))
    sorts = examples(outline)
    some = [Style(1, frozenset(sorts[:count])) for count in range(len(sorts), 0, -1)]
    pieces = (arranged(outline, style) for style in (Style(3), Style(2), Style(1), *some))
    return next((piece for piece in pieces if fit(piece) >= 1.0), None) or arranged(outline, Style(0))


def overview(outline: Outline, height: float) -> Piece:
    """The network with all blocks folded, in as few columns as such a height allows."""
    parts = segments(outline, Style(0))
    least = int(sum(part.piece.height + AFTER for part in parts) / (height + AFTER))
    splits = (_split(parts, count) for count in range(max(least, 1), len(parts)))
    return _side_by_side(next((split for split in splits if _extent(split)[1] <= height), _split(parts, len(parts))))


def arranged(outline: Outline, style: Style) -> Piece:
    """The network in as many columns as make it largest on a slide."""
    parts = segments(outline, style)
    counts = range(1, min(len(parts), MOST_COLUMNS) + 1)
    return _side_by_side(max((_split(parts, count) for count in counts), key=lambda split: _fit(*_extent(split))))


def fit(piece: Piece) -> float:
    """How many times larger it could be on a slide; below 1, its letters get small."""
    return _fit(piece.width, piece.height)


def _fit(width: float, height: float) -> float:
    return min(SLIDE[0] / width, SLIDE[1] / height)


def examples(outline: Outline) -> list[str]:
    """The first block of each sort, of those with others inside: sorts differ in more than numbers."""
    sorts: dict[OutlineNode, str] = {}
    for node in opened(outline.nodes, Style(1), 0):
        if not node.is_box:
            sorts.setdefault(_sort(node), node.name)
    return list(sorts.values())


def _sort(node: OutlineNode) -> OutlineNode:
    """A node without its numbers and names."""
    branches = tuple(Branch(tuple(map(_sort, branch.nodes))) for branch in node.branches)
    ops = tuple(re.sub(r"\d+", "", words) for words in node.ops)
    inner = {"ops": ops, "chain": tuple(map(_sort, node.chain)), "branches": branches}
    bare = {"name": "", "shape": (), "until": None, "params": 0, "macs": 0, "times": 1, "sources": (), "join": ""}
    return replace(node, **inner, **bare)


# -- segments


def segments(outline: Outline, style: Style) -> list[Segment]:
    """The network from the image to its output, in pieces that columns can be made of."""
    parts = [
        _segment(section, group, outline, style)
        for section, nodes in (("body", outline.body), ("head", outline.head))
        for group in _groups(opened(nodes, style, 0))
    ]
    return [Segment(end(f"image {dims(outline.input)}")), *parts, Segment(end("output"))]


def unfoldings(outline: Outline) -> list[list[Segment]]:
    """As `segments`, each in all the depths to which it can be unfolded, the folded one first."""
    parts = []
    for section, nodes in (("body", outline.body), ("head", outline.head)):
        for group in _groups(nodes):
            parts.append([_segment(section, opened(group, Style(0), 0), outline, Style(0))])
            for depth in range(1, DEEPEST + 1):
                style = Style(depth)
                deeper = _segment(section, opened(group, style, 0), outline, style)
                if deeper.piece.boxes != parts[-1][-1].piece.boxes:
                    parts[-1].append(deeper)
    return [[Segment(end(f"image {dims(outline.input)}"))], *parts, [Segment(end("output"))]]


def _segment(section: str, nodes: Sequence[OutlineNode], outline: Outline, style: Style) -> Segment:
    pieces = []
    for node in nodes:
        taps = section == "body" and _is_end(node, outline)
        heads = [head for head in outline.aux if taps and head.tap == stage_of(node)]
        pieces.append(tapped(node_piece(node, f"{section}.{stage_of(node)}", style, 0), heads, style))
    return Segment(stacked(nodes, pieces), nodes[-1].shape, nodes[-1].until)


def _is_end(node: OutlineNode, outline: Outline) -> bool:
    """Whether it leaves what its block does: a block by itself, or the last of its copies."""
    whole = next((stage for stage in outline.body if stage.name == stage_of(node)), node)
    return node.name == whole.chain[-1].name if whole.copies and not node.copies else node.name == whole.name


def _groups(nodes: Sequence[OutlineNode]) -> Iterator[Sequence[OutlineNode]]:
    """Nodes that stay together: between them leads some line but that from one block to the next."""
    places: dict[str, int] = {"input": -1}
    tied: set[int] = set()
    for i, node in enumerate(nodes):
        for source in node.sources:
            first = places.get(source, i - 1)
            tied |= set(range(max(first, 0), i)) if first < i - 1 else set()
        places[stage_of(node)] = i
    start = 0
    for stop in range(1, len(nodes) + 1):
        if stop - 1 not in tied:
            yield nodes[start:stop]
            start = stop


# -- columns


def _split(parts: Sequence[Segment], count: int) -> list[Sequence[Segment]]:
    """In so many groups, or fewer, the tallest of which is as low as can be."""
    heights = [part.piece.height + AFTER for part in parts]
    low, high = max(heights), sum(heights)
    while high - low > 1.0:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(heights, middle)) <= count else (middle, high)
    groups, start = [], 0
    for size in _filled(heights, high):
        groups.append(parts[start : start + size])
        start += size
    return groups


def _filled(heights: Sequence[float], room: float) -> list[int]:
    sizes, used = [0], 0.0
    for height in heights:
        if used + height > room and sizes[-1]:
            sizes.append(0)
            used = 0.0
        sizes[-1] += 1
        used += height
    return sizes


def _extent(groups: Sequence[Sequence[Segment]]) -> tuple[float, float]:
    """Width and height that columns take together."""
    sides = [_sides(group) for group in groups]
    heights = [sum(part.piece.height + AFTER for part in group) - AFTER for group in groups]
    return sum(left + right + GUTTER for left, right in sides) - GUTTER, TOP + max(heights) + AFTER


def _sides(parts: Sequence[Segment]) -> tuple[float, float]:
    """How far a column reaches to the left and to the right of its axis."""
    left = max(part.piece.axis for part in parts)
    right = max(part.piece.width - part.piece.axis for part in parts)
    return left, max([right, *(label(part.shape, part.until).width + 8.0 for part in parts)])


def _column(parts: Sequence[Segment]) -> Piece:
    left, right = _sides(parts)
    column = Piece(left + right, 0.0, left, solid=parts[0].piece.solid)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        column.put(part.piece, left - part.piece.axis, column.height)
        column.height += part.piece.height
        if part.shape:
            column.words.append(label(part.shape, part.until).moved(left + 5.0, column.height + 14.0))
        if following:
            start, column.height = column.height, column.height + AFTER
            column.draw((left, start), (left, column.height), arrow=following.piece.solid)
    return column


def _side_by_side(groups: Sequence[Sequence[Segment]]) -> Piece:
    """Columns, the end of each led up to the head of the next in the gutter between them."""
    columns, x = [_column(group) for group in groups], 0.0
    whole = Piece(*_extent(groups))
    for column, following in zip(columns, [*columns[1:], None], strict=True):
        whole.put(column, x, TOP)
        if following:
            axis, gutter, low = x + column.axis, x + column.width + GUTTER / 2, TOP + column.height
            target = x + column.width + GUTTER + following.axis
            turns = ((axis, low + AFTER - STEM), (gutter, low + AFTER - STEM), (gutter, 4.0), (target, 4.0))
            whole.draw((axis, low), *turns, (target, TOP), arrow=following.solid)
        x += column.width + GUTTER
    return whole
