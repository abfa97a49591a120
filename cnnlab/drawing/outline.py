"""A network's structure as plain records: what a drawing is made from, and what network.json keeps of it.

Nothing here knows torch or the vocabulary: `cnnlab.network.outline` makes an outline of a network, `outline_of` of what
lies on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Shape = tuple[int, ...]
Role = Literal["conv", "linear", "pool", "other"]
"""what a box is: with weights over an image, with weights over a row of numbers, a pool, or something else"""


@dataclass(frozen=True)
class Branch:
    """One of several ways beside each other; no nodes: what comes in, as it is."""

    nodes: tuple[OutlineNode, ...] = ()
    times: int = 1
    """how many there are of it, alike but for their weights"""


@dataclass(frozen=True)
class OutlineNode:
    """A box: one operation with what belongs to it, or nodes in a row (`chain`) or beside each other (`branches`)."""

    name: str = ""
    """of a block; "" for a part that has none, and is drawn without a frame"""
    kind: str = ""
    """the word after `block:`"""
    ops: tuple[str, ...] = ()
    """what a box without others inside does, in order"""
    main: int = 0
    """the one of `ops` that it is drawn as"""
    role: Role = "other"
    shape: Shape = ()
    """what it leaves, (C, H, W) or (F,)"""
    until: Shape | None = None
    """what the last of its copies leaves, where that is another shape"""
    params: int = 0
    macs: int = 0
    times: int = 1
    """how many copies of it follow each other, alike but for their weights and their channels in"""
    sources: tuple[str, ...] = ()
    """names of earlier nodes of the chain whose outputs it takes, or `input`; the one before it unless said"""
    join: str = "concat"
    chain: tuple[OutlineNode, ...] = ()
    branches: tuple[Branch, ...] = ()
    merge: str = ""
    """how branches are joined"""
    copies: bool = False
    """whether its chain is the copies of one block, and what closes them"""

    @property
    def is_box(self) -> bool:
        """Whether there is nothing inside to be shown."""
        return not self.chain and not self.branches

    @property
    def is_simple(self) -> bool:
        """Whether it is some boxes in a row, which need no frame inside another."""
        return bool(self.chain) and all(node.is_box and not node.sources for node in self.chain)


@dataclass(frozen=True)
class OutlineHead:
    """An auxiliary head: beside what its `tap` in the body leaves."""

    name: str
    tap: str
    weight: float
    nodes: tuple[OutlineNode, ...]


@dataclass(frozen=True)
class Outline:
    """A whole network."""

    input: Shape
    body: tuple[OutlineNode, ...]
    head: tuple[OutlineNode, ...] = ()
    aux: tuple[OutlineHead, ...] = ()

    @property
    def nodes(self) -> tuple[OutlineNode, ...]:
        return (*self.body, *self.head)


def block_of(layer: str) -> str:
    """The block that a layer belongs to, by their names.

    >>> block_of("body.stage3.1"), block_of("aux.aux1.head.fc")
    ('body.stage3', 'aux.aux1')
    """
    return ".".join(layer.split(".")[:2])


def alike(a: OutlineNode, b: OutlineNode) -> bool:
    """Whether two nodes are drawn the same, but for shapes and counts."""
    return replace(_bare(a), sources=(), join="") == replace(_bare(b), sources=(), join="")


def _bare(node: OutlineNode) -> OutlineNode:
    chain = tuple(map(_bare, node.chain))
    branches = tuple(replace(branch, nodes=tuple(map(_bare, branch.nodes))) for branch in node.branches)
    return replace(node, name="", shape=(), until=None, params=0, macs=0, times=1, chain=chain, branches=branches)


def through(first: OutlineNode, last: OutlineNode) -> OutlineNode:
    """`first` with the shapes that `last`, drawn the same, leaves in its place."""
    pairs = zip(first.branches, last.branches, strict=True)
    branches = [replace(a, nodes=tuple(through(m, n) for m, n in zip(a.nodes, b.nodes, strict=True))) for a, b in pairs]
    chain = [through(a, b) for a, b in zip(first.chain, last.chain, strict=True)]
    until = None if first.shape == last.shape else last.shape
    return replace(first, until=until, chain=tuple(chain), branches=tuple(branches))


# -- to and from plain data

DEFAULTS = OutlineNode()


def record(outline: Outline) -> dict[str, Any]:
    """As network.json has it: what is not said is the default."""
    aux = [{"name": a.name, "from": a.tap, "weight": a.weight, "nodes": _records(a.nodes)} for a in outline.aux]
    parts = {"body": _records(outline.body), "head": _records(outline.head)}
    return {"input": list(outline.input), **parts, **({"aux": aux} if aux else {})}


def _records(nodes: tuple[OutlineNode, ...]) -> list[dict[str, Any]]:
    return [_record(node) for node in nodes]


def _record(node: OutlineNode) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in vars(node).items():
        if value == getattr(DEFAULTS, name):
            continue
        match name:
            case "chain":
                plain[name] = _records(value)
            case "branches":
                plain[name] = [{"nodes": _records(b.nodes), "times": b.times} for b in value]
            case _:
                plain[name] = list(value) if isinstance(value, tuple) else value
    return plain


@dataclass
class _OutlineReader:
    """Reads what a record has, and gives up (ValueError) at what no outline is, or at more than a drawing can show."""

    left: int = 1500
    """nodes that may yet come"""
    deep: int = field(default=0)

    def nodes(self, raw: Any) -> tuple[OutlineNode, ...]:
        self.deep += 1
        if not isinstance(raw, list) or self.deep > 24:
            raise ValueError("no list of nodes, or nested too deeply")
        nodes = tuple(map(self.node, raw))
        self.deep -= 1
        return nodes

    def node(self, raw: Any) -> OutlineNode:
        self.left -= 1
        if not isinstance(raw, Mapping) or self.left < 0:
            raise ValueError("no node, or too many")
        ops = _words(raw.get("ops"))
        branches = raw.get("branches") or []
        if not isinstance(branches, list):
            raise ValueError("no list of branches")
        return OutlineNode(
            name=_word(raw.get("name")),
            kind=_word(raw.get("kind")),
            ops=ops,
            main=min(_count(raw.get("main"), 0), max(len(ops) - 1, 0)),
            role=raw["role"] if raw.get("role") in ("conv", "linear", "pool") else "other",
            shape=_shape(raw.get("shape") or []),
            until=_shape(raw["until"]) if raw.get("until") else None,
            params=_count(raw.get("params"), 0),
            macs=_count(raw.get("macs"), 0),
            times=_count(raw.get("times"), 1),
            sources=_words(raw.get("sources")),
            join=_word(raw.get("join")) or "concat",
            chain=self.nodes(raw.get("chain") or []),
            branches=tuple(self.branch(branch) for branch in branches),
            merge=_word(raw.get("merge")),
            copies=raw.get("copies") is True and bool(raw.get("chain")),
        )

    def branch(self, raw: Any) -> Branch:
        if not isinstance(raw, Mapping):
            raise ValueError("no branch")
        return Branch(self.nodes(raw.get("nodes")), _count(raw.get("times"), 1))


def outline_of(raw: Any) -> Outline | None:
    """The outline that a record on disk has; None where it has none, or one that cannot be drawn."""
    if not isinstance(raw, Mapping):
        return None
    reader = _OutlineReader()
    try:
        aux = raw.get("aux") or []
        heads = [
            OutlineHead(_word(a["name"]), _word(a["from"]), float(a["weight"]), reader.nodes(a["nodes"]))
            for a in (aux if isinstance(aux, list) else [])
        ]
        body, head = reader.nodes(raw.get("body")), reader.nodes(raw.get("head") or [])
        return Outline(_shape(raw.get("input")), body, head, tuple(heads)) if body or head else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _word(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("no word")
    return value[:200]


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("no words")
    return tuple(map(_word, value))


def _count(value: Any, default: int) -> int:
    if value is None:
        return default
    if type(value) is not int or not 0 <= value < 10**18:
        raise ValueError("no count")
    return value


def _shape(value: Any) -> Shape:
    if not isinstance(value, list) or len(value) > 4:
        raise ValueError("no shape")
    return tuple(_count(n, 0) for n in value)
