"""A whole network: its blocks from top to bottom, in as many columns as suit a slide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cnnlab.drawing.boxes import end, sized
from cnnlab.drawing.layout import STEM, Style, label, node, opened, stacked, tapped
from cnnlab.drawing.outline import Branch, Node, Outline, Shape
from cnnlab.drawing.piece import Piece

SLIDE = (1340.0, 720.0)
"""what a slide has room for, a heading apart: letters of 12 are then nine points high on one of 13⅓ inches"""
GUTTER = 40.0
"""between columns"""
AFTER = STEM + 15.0 + STEM
"""between blocks: a shape beside the line, and the arrow"""
MOST_COLUMNS = 12


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
    found = (arranged(outline, style) for style in (Style(3), Style(2), Style(1), *some))
    return next((piece for piece in found if fit(piece) >= 1.0), None) or arranged(outline, Style(0))


def arranged(outline: Outline, style: Style) -> Piece:
    """The network in as many columns as make it largest on a slide."""
    parts = segments(outline, style)
    counts = range(1, min(len(parts), MOST_COLUMNS) + 1)
    return max((_side_by_side(_split(parts, count)) for count in counts), key=fit)


def fit(piece: Piece) -> float:
    """How many times larger it could be on a slide; below 1, its letters get small."""
    return min(SLIDE[0] / piece.width, SLIDE[1] / piece.height)


def examples(outline: Outline) -> list[str]:
    """The first block of each sort, of those with others inside: sorts differ in more than numbers."""
    found: dict[Node, str] = {}
    for one in opened(outline.nodes, Style(1), 0):
        if not one.is_box:
            found.setdefault(_sort(one), one.name)
    return list(found.values())


def _sort(one: Node) -> Node:
    """A node without its numbers and names."""
    branches = tuple(Branch(tuple(map(_sort, branch.nodes))) for branch in one.branches)
    ops = tuple(re.sub(r"\d+", "", words) for words in one.ops)
    inner = {"ops": ops, "chain": tuple(map(_sort, one.chain)), "branches": branches}
    bare = {"name": "", "shape": (), "until": None, "params": 0, "macs": 0, "times": 1, "sources": (), "join": ""}
    return replace(one, **inner, **bare)


# -- segments


def segments(outline: Outline, style: Style) -> list[Segment]:
    """The network from the image to its output, in pieces that columns can be made of."""
    body = _segments("body", opened(outline.body, style, 0), outline, style)
    head = _segments("head", opened(outline.head, style, 0), outline, style)
    return [Segment(end(f"image {sized(outline.input)}")), *body, *head, Segment(end("output"))]


def _segments(section: str, nodes: Sequence[Node], outline: Outline, style: Style) -> Iterator[Segment]:
    names = [one.name.partition(".")[0] for one in nodes]
    pieces = []
    for i, one in enumerate(nodes):
        last = i + 1 == len(nodes) or names[i + 1] != names[i]
        heads = [head for head in outline.aux if head.tap == names[i]] if section == "body" and last else []
        pieces.append(tapped(node(one, f"{section}.{names[i]}", style, 0), heads, style))
    start = 0
    for stop in _cuts(nodes, names):
        together, last = nodes[start:stop], nodes[stop - 1]
        yield Segment(stacked(together, pieces[start:stop]), last.shape, last.until)
        start = stop


def _cuts(nodes: Sequence[Node], names: Sequence[str]) -> list[int]:
    """The places across which no line leads but that from one block to the next."""
    at: dict[str, int] = {"input": -1}
    tied: set[int] = set()
    for i, one in enumerate(nodes):
        for source in one.sources:
            tied |= set(range(max(at.get(source, i - 1), 0), i)) if at.get(source, i - 1) < i - 1 else set()
        at[names[i]] = i
    return [i + 1 for i in range(len(nodes)) if i not in tied]


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


def _column(parts: Sequence[Segment]) -> Piece:
    left = max(part.piece.axis for part in parts)
    right = max(part.piece.width - part.piece.axis for part in parts)
    right = max([right, *(label(part.shape, part.until).width + 8.0 for part in parts)])
    found = Piece(left + right, 0.0, left, solid=parts[0].piece.solid)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        found.put(part.piece, left - part.piece.axis, found.height)
        found.height += part.piece.height
        if part.shape:
            found.words.append(label(part.shape, part.until).moved(left + 5.0, found.height + 14.0))
        if following:
            start, found.height = found.height, found.height + AFTER
            found.draw((left, start), (left, found.height), arrow=following.piece.solid)
    return found


def _side_by_side(groups: Sequence[Sequence[Segment]]) -> Piece:
    """Columns, the end of each led up to the head of the next in the gutter between them."""
    columns, top, x = [_column(group) for group in groups], STEM + 8.0, 0.0
    found = Piece(height=top + max(column.height for column in columns) + AFTER)
    for column, following in zip(columns, [*columns[1:], None], strict=True):
        found.put(column, x, top)
        if following:
            axis, gutter, low = x + column.axis, x + column.width + GUTTER / 2, top + column.height
            target = x + column.width + GUTTER + following.axis
            turns = ((axis, low + AFTER - STEM), (gutter, low + AFTER - STEM), (gutter, 4.0), (target, 4.0))
            found.draw((axis, low), *turns, (target, top), arrow=following.solid)
        x += column.width + GUTTER
    found.width = x - GUTTER
    return found
