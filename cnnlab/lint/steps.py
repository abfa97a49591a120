"""The steps of a whole network, and which takes which: what smells are looked for in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from cnnlab.blocks.receptive_field import Field, largest, smallest
from cnnlab.blocks.trace import INPUT, TracedStep
from cnnlab.network.graph import Edge, Graph
from cnnlab.settings import Shape


@dataclass(frozen=True)
class PlacedStep:
    """A step of a block in its place in the network."""

    step: TracedStep
    row: str
    """name of the block it is a step of, or of the copy: "body.stage1.0" """
    stage: str
    """name of the block, whichever copy"""
    takes: tuple[int, ...]
    """numbers of the steps whose outputs it takes"""
    field: Field
    """what a position of its output sees of the image, by the path that sees most"""
    least: Field
    """and by the one that sees least, such as that through all shortcuts"""


@dataclass
class StepGraph:
    """All steps of a network, in the order in which they run."""

    image: Shape
    nodes: list[PlacedStep] = field(default_factory=list)
    outputs: dict[str, int] = field(default_factory=dict)
    """the steps that make the outputs: "head", and "aux.NAME.head" of auxiliary heads"""

    @cached_property
    def takers(self) -> dict[int, list[int]]:
        """Who takes the output of each step."""
        takers: dict[int, list[int]] = {i: [] for i in range(INPUT, len(self.nodes))}
        for i, node in enumerate(self.nodes):
            for source in dict.fromkeys(node.takes):
                takers[source].append(i)
        return takers

    def shape(self, i: int) -> Shape:
        return self.image if i == INPUT else self.nodes[i].step.shape

    def least(self, i: int) -> Field:
        return Field() if i == INPUT else self.nodes[i].least

    def field(self, i: int) -> Field:
        return Field() if i == INPUT else self.nodes[i].field

    def back(self, i: int) -> Iterator[int]:
        """A step, and those before it as long as each takes one thing only."""
        while i != INPUT:
            yield i
            takes = self.nodes[i].takes
            if len(takes) != 1:
                return
            i = takes[0]

    def add(self, step: TracedStep, row: str, stage: str, takes: tuple[int, ...]) -> int:
        """Put a step at the end; its number."""
        most = _after(step, [self.field(i) for i in takes], largest)
        least = _after(step, [self.least(i) for i in takes], smallest)
        self.nodes.append(PlacedStep(step, row, stage, takes, most, least))
        return len(self.nodes) - 1


def step_graph(network: Graph) -> StepGraph:
    """The steps of a network whose blocks all fit, those of each block taking what the block takes."""
    result = StepGraph(network.input)
    last = {INPUT: INPUT}
    """the step that makes the output of each placed block"""
    for number, placed in enumerate(network.placed):
        sources = tuple(last[i] for i in placed.input.sources)
        taken = sources[0] if len(sources) == 1 else _add_join(result, placed.stage, placed.input, sources)
        offset = len(result.nodes)
        for step in placed.trace.steps:
            takes = tuple(taken if i == INPUT else offset + i for i in step.takes)
            result.add(step, placed.name, placed.stage, takes)
        last[number] = taken if placed.trace.last == INPUT else offset + placed.trace.last
    result.outputs = {section: last[number] for section, number in network.outputs.items()}
    return result


def _add_join(result: StepGraph, stage: str, edge: Edge, sources: tuple[int, ...]) -> int:
    """The step that joins what a block takes from several others."""
    shapes = tuple(result.shape(i) for i in sources)
    step = TracedStep("", edge.join, edge.join, (), shapes, edge.shape, Field(), Field())
    return result.add(step, stage, stage, sources)


def _after(step: TracedStep, fields: list[Field], choose: Callable[[list[Field]], Field]) -> Field:
    """The field after a step, of that before it which `choose` makes of several."""
    if not fields:
        return Field()
    before, window = choose(fields), step.window
    return before.window(window.kernel, window.stride, window.dilation) if window else before
