"""The steps of a whole network, and which takes which: what smells are looked for in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cnnlab.blocks.base import Flow, Stack, Stage
from cnnlab.blocks.measure import Field
from cnnlab.blocks.trace import INPUT, Step, trace
from cnnlab.network.plan import Plan
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


@dataclass(frozen=True)
class Node:
    """A step in its place."""

    step: Step
    row: str
    """name of the block it is a step of, or of the copy: "body.stage1.0" """
    stage: str
    """name of the block, whichever copy"""
    takes: tuple[int, ...]
    """numbers of the nodes whose outputs it takes"""
    seen: Field
    """what a position of its output sees of the image, by the path that sees most"""
    least: Field
    """and by the one that sees least, such as that through all shortcuts"""


@dataclass
class Graph:
    """All nodes, in the order in which they run."""

    image: Shape
    nodes: list[Node] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    """the nodes that make the outputs: "head", and "aux.NAME.head" of auxiliary heads"""

    @cached_property
    def takers(self) -> dict[int, list[int]]:
        """Who takes what each node leaves."""
        found: dict[int, list[int]] = {i: [] for i in range(INPUT, len(self.nodes))}
        for i, node in enumerate(self.nodes):
            for source in dict.fromkeys(node.takes):
                found[source].append(i)
        return found

    def shape(self, i: int) -> Shape:
        return self.image if i == INPUT else self.nodes[i].step.shape

    def least(self, i: int) -> Field:
        return Field() if i == INPUT else self.nodes[i].least

    def seen(self, i: int) -> Field:
        return Field() if i == INPUT else self.nodes[i].seen

    def back(self, i: int) -> Iterator[int]:
        """A node, and those before it as long as each takes one thing only."""
        while i != INPUT:
            yield i
            takes = self.nodes[i].takes
            if len(takes) != 1:
                return
            i = takes[0]


def graph(network: Network, found: Plan) -> Graph:
    """The graph of a network that was planned."""
    result = Graph(found.input)
    body = _stack(result, "body", network.body, INPUT, found)
    last = body.last
    if network.head:
        last = _stack(result, "head", network.head, last, found).last
    result.ends["head" if network.head else "body"] = last
    for aux in network.aux:
        section = f"aux.{aux.name}.head"
        result.ends[section] = _stack(result, section, aux.head, body.left[aux.tap], found).last
    return result


def _stack(result: Graph, section: str, stack: Stack, start: int, found: Plan) -> Flow[int]:
    flow = Flow(start)
    for stage in stack:
        at = f"{section}.{stage.name}"
        last = _joined(result, at, stage, [i for _, i in flow.sources(stage)])
        for name, part in stage.parts.items():
            row = at if len(stage.parts) == 1 else f"{at}.{name}"
            steps = trace(part, found.given[row][1])  # type: ignore[arg-type]
            offset = len(result.nodes)
            for step in steps.steps:
                takes = tuple(last if i == INPUT else offset + i for i in step.takes)
                _add(result, step, row, at, takes)
            last = last if steps.last == INPUT else offset + steps.last
        flow.put(stage.name, last)
    return flow


def _joined(result: Graph, at: str, stage: Stage, sources: Sequence[int]) -> int:
    """The node that joins what a block takes from several others."""
    if len(sources) == 1:
        return sources[0]
    shapes = tuple(result.shape(i) for i in sources)
    channels = sum(shape[0] for shape in shapes) if stage.join == "concat" else shapes[0][0]
    step = Step("", stage.join, stage.join, (), shapes, (channels, *shapes[0][1:]), Field(), Field())
    return _add(result, step, at, at, tuple(sources))


def _add(result: Graph, step: Step, row: str, stage: str, takes: tuple[int, ...]) -> int:
    seen = _over(step, [result.seen(i) for i in takes], max)
    least = _over(step, [result.least(i) for i in takes], min)
    result.nodes.append(Node(step, row, stage, takes, seen, least))
    return len(result.nodes) - 1


def _over(step: Step, fields: list[Field], choose: Callable[..., Any]) -> Field:
    """The field after a step, of the largest or the smallest of those before it."""
    if not fields:
        return Field()
    size = (choose(f.size[0] for f in fields), choose(f.size[1] for f in fields))
    before = Field(size, (choose(f.step[0] for f in fields), choose(f.step[1] for f in fields)))
    window = step.window
    return before.window(window.kernel, window.stride, window.dilation) if window else before
