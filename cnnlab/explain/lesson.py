"""A network as a lesson: block by block, each number worked out where it first appears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnlab.explain.pieces import BlockCopy, ExplainedNetwork, Section
from cnnlab.explain.words import columns, counted, doc_of, passes, steps, unused, wrapped
from cnnlab.explain.worked import total
from cnnlab.text import dims

FEW = 8
"""terms up to which a sum is written out block by block"""

LEGEND = (
    ("sizes", "channels×rows×columns, or how many numbers in a row"),
    ("rows, columns", "⌊(n + p − k)/s⌋ + 1: n rows in, p of padding, window k, step s"),
    ("parameters", "window·channels in·channels out + a bias a channel out"),
    ("MACs", "multiply-adds an image: a window's, for each number out"),
    ("sees", "r + (k − 1)·j: r pixels seen before, neighbours j pixels apart"),
    ("apart", "j·s: pixels of the image between neighbours from here on"),
)


def lesson(name: str, whole: ExplainedNetwork) -> Iterator[str]:
    """The whole network."""
    network, graph = whole.network, whole.graph
    blocks = sum(len(section.stages) for section in whole.sections)
    yield from wrapped(
        f"{name}: images of {dims(graph.input)} in, {network.classes} numbers out, one for each class. "
        f"It has {blocks} named blocks; each takes what the one before it leaves, unless it says otherwise."
    )
    yield ""
    yield from columns(LEGEND, 2)
    seen: dict[object, str] = {}
    kinds: set[str] = set()
    for section in whole.sections:
        yield from _section(section, seen, kinds, whole)
    yield ""
    yield from _sums(whole)


def part(section: Section, whole: ExplainedNetwork) -> Iterator[str]:
    """One section of it."""
    lines = _section(section, {}, set(), whole)
    next(lines, "")  # no empty line at the top
    yield from lines
    yield ""
    yield "All together"
    yield from columns(_counts(section.pieces), 2)


def _section(section: Section, seen: dict[object, str], kinds: set[str], whole: ExplainedNetwork) -> Iterator[str]:
    if section.path.startswith("aux."):
        head = next(aux for aux in whole.network.aux if section.path == f"aux.{aux.name}.head")
        yield ""
        takes = f"Auxiliary head {head.name}: takes what body.{head.tap} leaves, in training only;"
        yield from wrapped(f"{takes} its loss counts {head.weight:g}.")
    for pieces in section.stages.values():
        for piece in pieces:
            yield ""
            yield from _piece(piece, seen, kinds, whole)


def _piece(piece: BlockCopy, seen: dict[object, str], kinds: set[str], whole: ExplainedNetwork) -> Iterator[str]:
    known = seen.setdefault(piece.structure, piece.path)
    again = known != piece.path and not piece.is_simple
    yield from wrapped(f"{piece.path} · {piece.kind}{f', as {known}' if again else ''} · {passes(piece)}", 0, 2)
    if piece.kind not in kinds:
        kinds.add(piece.kind)
        yield from wrapped(_introduction(piece), 2)
    if taken := taken_from(piece, whole):
        yield from wrapped(taken, 2)
    if not again:
        yield from steps(piece)
        yield from unused(piece)
    if not piece.is_simple:
        yield from wrapped(counted(piece), 2, 2)


def _introduction(piece: BlockCopy) -> str:
    """What a kind is, where it is first met."""
    if piece.uses:
        return f"{piece.kind} is a block that YAML defines ({piece.uses[0].path}), out of {piece.block.block}."
    return " ".join(doc_of(type(piece.block), whole=False)) or f"{piece.kind}: a block without a description."


def taken_from(piece: BlockCopy, whole: ExplainedNetwork) -> str:
    """What a block takes that does not simply follow the one before it."""
    for name, stack in whole.network.sections.items():
        for stage in stack:
            if f"{name}.{stage.name}" == piece.stage and stage.sources and piece.address.endswith(".0"):
                joined = f", joined: {stage.join}" if len(stage.sources) > 1 else ""
                return f"takes {', '.join(stage.sources)}{joined}"
    return ""


def _counts(pieces: Iterable[BlockCopy]) -> Iterator[tuple[str, str]]:
    for what in ("params", "macs"):
        parts = [count for piece in pieces if (count := getattr(piece.trace, what))]
        if parts:
            label = "parameters" if what == "params" else "MACs"
            yield label, str(total(*parts)) if len(parts) <= FEW else f"{sum(parts):,} in {len(parts)} blocks"


def _sums(whole: ExplainedNetwork) -> Iterator[str]:
    """All together, and where most of it is."""
    own = [section for section in whole.sections if not section.path.startswith("aux.")]
    pieces = [piece for section in own for piece in section.pieces]
    rows: list[tuple[str, str]] = []
    for what, label in (("params", "parameters"), ("macs", "MACs")):
        parts = [count for piece in pieces if (count := getattr(piece.trace, what))]
        by_section = [sum(getattr(piece.trace, what) for piece in section.pieces) for section in own]
        if parts:
            terms = parts if len(parts) <= FEW else by_section
            rows.append((label, str(total(*terms)) + ("" if terms is parts else " (body and head)")))
    for what, label in (("params", "most parameters"), ("macs", "most MACs")):
        every = sum(getattr(piece.trace, what) for piece in pieces)
        if every:
            most = max(pieces, key=lambda piece: getattr(piece.trace, what))
            count = getattr(most.trace, what)
            rows.append((label, f"{most.path}: {count:,} of {every:,} ({count / every:.0%})"))
    maps = [piece for piece in pieces if len(piece.trace.shape) == 3]
    if maps:
        size = maps[-1].field.size
        image = dims(whole.graph.input[1:])
        rows.append(
            ("sees", f"a position of the last map, {maps[-1].path}: {size[0]}×{size[1]} pixels; the image has {image}")
        )
    yield "All together"
    yield from columns(rows, 2)
