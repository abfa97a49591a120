"""The graph of a network: each copy of each block in its place, with what it takes, leaves, costs and sees.

It is made in one walk from traces, of which each block and input shape has one. The summary, drawings, smells,
explanations and comparisons of networks are views of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from cnnlab.blocks.block import Block
from cnnlab.blocks.merge import Parallel, Sequential, Skip, inner_stacks
from cnnlab.blocks.norm import NO_NORM, NormSettings
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.receptive_field import Field, largest
from cnnlab.blocks.stack import Merge, Stack, Stage, Walked, joined_shape, stack_parts, walk
from cnnlab.blocks.trace import INPUT, Trace, trace
from cnnlab.errors import Fault
from cnnlab.network.spec import Aux, Network
from cnnlab.settings import Shape
from cnnlab.text import dims


@dataclass(frozen=True)
class Edge:
    """What a block takes in."""

    shape: Shape
    field: Field
    """of a position, in the image"""
    sources: tuple[int, ...]
    """numbers of the placed blocks whose outputs it is; INPUT for the images"""
    join: Merge = "concat"
    """how several outputs become one"""


@dataclass(frozen=True)
class PlacedBlock:
    """One copy of a block in its place in a network: a row of the summary."""

    name: str
    """its path below `model`: "body.stage3.1", "body.stem" where it is the only copy"""
    address: str
    """the same with the copy's number, also where it is the only one: "body.stem.0" """
    stage: str
    """path of the block that it is a copy of"""
    kind: str
    """the word after `block:`"""
    block: Block
    input: Edge
    trace: Trace

    @property
    def shape(self) -> Shape:
        """What it leaves, (C, H, W) or (F,)."""
        return self.trace.shape

    @property
    def params(self) -> int:
        return self.trace.params

    @property
    def macs(self) -> int:
        """Multiply-adds for one image, of convolutions and matrix products."""
        return self.trace.macs

    @cached_property
    def field(self) -> Field:
        """Of a position of its output, in the image."""
        return self.input.field.then(self.trace.field)

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Rows and columns of the image that one output position sees."""
        return self.field.size

    def record(self) -> dict[str, Any]:
        """As network.json has it."""
        cost = {"shape": list(self.shape), "params": self.params, "macs": self.macs}
        return {"name": self.name, "block": self.kind, **cost, "receptive_field": list(self.receptive_field)}


@dataclass(frozen=True)
class AuxGraph:
    """An auxiliary head in the graph."""

    tap: str
    """name of the block in the body whose output it takes"""
    weight: float
    layers: tuple[PlacedBlock, ...]

    def record(self) -> dict[str, Any]:
        """As network.json has it."""
        cost = {"params": sum(layer.params for layer in self.layers), "macs": sum(layer.macs for layer in self.layers)}
        return {"from": self.tap, "weight": self.weight, **cost, "layers": [layer.record() for layer in self.layers]}


@dataclass(frozen=True)
class Graph:
    """A network block by block, as far as it could be built."""

    input: Shape
    placed: tuple[PlacedBlock, ...]
    """all blocks, those of auxiliary heads last; edges name them by their number here"""
    aux_heads: tuple[Aux, ...] = ()
    """those that were come to"""
    faults: tuple[Fault, ...] = ()
    end: tuple[Fault, Misfit] | None = None
    """what the walk ended at, where it could not go on"""
    outputs: Mapping[str, int] = field(default_factory=dict)
    """number of the block that makes an output, by section: "head", or "body" without one, and "aux.NAME.head" """

    @cached_property
    def layers(self) -> tuple[PlacedBlock, ...]:
        """The blocks of body and head."""
        return (*self.section("body"), *self.section("head"))

    @cached_property
    def aux(self) -> dict[str, AuxGraph]:
        heads = ((head, self.section(f"aux.{head.name}.head")) for head in self.aux_heads)
        return {head.name: AuxGraph(head.tap, head.weight, layers) for head, layers in heads}

    def section(self, path: str) -> tuple[PlacedBlock, ...]:
        """The blocks of "body", "head" or "aux.NAME.head", in order."""
        return tuple(placed for placed in self.placed if placed.stage.rpartition(".")[0] == path)

    def stages(self, path: str) -> dict[str, list[PlacedBlock]]:
        """The same, copies of one block put together, by its name."""
        return by_stage(self.section(path))

    @cached_property
    def by_name(self) -> dict[str, PlacedBlock]:
        return {placed.name: placed for placed in self.placed}

    @property
    def output(self) -> Shape:
        return self.layers[-1].shape if self.layers else self.input

    @property
    def params(self) -> int:
        """Without those of auxiliary heads."""
        return sum(layer.params for layer in self.layers)

    @property
    def params_aux(self) -> int:
        return sum(layer.params for head in self.aux.values() for layer in head.layers)

    @property
    def macs(self) -> int:
        """Without those of auxiliary heads, which only training runs."""
        return sum(layer.macs for layer in self.layers)

    @property
    def counts(self) -> dict[str, int]:
        """Parameters and multiply-adds, as records have them."""
        return {"params": self.params, "params_aux": self.params_aux, "macs": self.macs}

    def record(self) -> dict[str, Any]:
        """As network.json has it."""
        counts = {**self.counts, "input": list(self.input)}
        aux = {"aux": {name: head.record() for name, head in self.aux.items()}} if self.aux else {}
        return {**counts, "layers": [layer.record() for layer in self.layers], **aux}


def by_stage(placed: Sequence[PlacedBlock]) -> dict[str, list[PlacedBlock]]:
    """Blocks of one stack, copies of one block put together, by its name."""
    stages: dict[str, list[PlacedBlock]] = {}
    for block in placed:
        stages.setdefault(block.stage.rpartition(".")[2], []).append(block)
    return stages


def graph(network: Network, shape: Shape, check_output: bool = True) -> Graph:
    """The graph of a network for images of `shape`. A misfit ends it, unless only a norm did not fit.

    `check_output`: whether it is known in how many classes the network and its auxiliary heads have to end. Graphs are
    cached by value, so that all who look at one network share one.
    """
    return _walked(network, tuple(_yaml_kinds(network)), shape, check_output)


def _yaml_kinds(network: Network) -> Iterator[str]:
    """The names that blocks written in YAML have: equal networks may be written in other words, which views show."""
    stacks = [*network.sections.values(), *(head.head for head in network.aux)]
    while stacks:
        for stage in stacks.pop():
            yield stage.kind
            stacks += [inner for copy in stage.copies for inner in inner_stacks(copy).values()]


@lru_cache(maxsize=64)
def _walked(network: Network, kinds: tuple[str, ...], shape: Shape, check_output: bool) -> Graph:
    """Walk the network block by block; `kinds` are part of the cache's key alone."""
    walker, heads, outputs = Walker(), [], {}
    classes = network.classes if check_output else None
    try:
        body = walker.section("body", network.body, Edge(shape, Field(), (INPUT,)))
        output = walker.section("head", network.head, body.last).last
        last = ("head", network.head) if network.head else ("body", network.body)
        walker.check_output(*last, output.shape, classes)
        outputs[last[0]] = output.sources[0]
        for head in network.aux:
            heads.append(head)
            path = f"aux.{head.name}.head"
            output = walker.section(path, head.head, body.by_name[head.tap]).last
            walker.check_output(path, head.head, output.shape, classes)
            outputs[path] = output.sources[0]
    except _Ended as ended:
        end: tuple[Fault, Misfit] | None = (ended.fault, ended.misfit)
    else:
        end = None
    faults = (*walker.faults, end[0]) if end else tuple(walker.faults)
    return Graph(shape, tuple(walker.placed), tuple(heads), faults, end, outputs)


class _Ended(Exception):
    """A block does not fit, and what follows it cannot be walked."""

    def __init__(self, fault: Fault, misfit: Misfit):
        super().__init__(fault.message)
        self.fault, self.misfit = fault, misfit


@dataclass
class Walker:
    """Places the blocks of stacks, one stack after another."""

    placed: list[PlacedBlock] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """what does not keep the walk from going on: norms that do not fit, outputs of another width"""
    block: Block | None = None
    """the latest that was come to"""

    def section(self, path: str, stack: Stack, start: Edge) -> Walked[Edge]:
        """Place a stack of the network's. Raises _Ended."""
        try:
            return self.stack(path, path, stack, start)
        except Misfit as misfit:
            name, *within = misfit.path
            fault = Fault(".".join(["model", path, name, *written(self.block, tuple(within))]), misfit.message)
            raise _Ended(fault, misfit.with_traceback(None)) from None

    def stack(self, path: str, address: str, stack: Stack, start: Edge) -> Walked[Edge]:
        """Place a stack's blocks under `path`, and `address`, the same with all copies numbered. Raises Misfit."""

        def place(name: str, stage: Stage, taken: Edge) -> Edge:
            stage_path, parts = f"{path}.{name}", stage.parts
            for part, block in parts.items():
                self.block = block
                own_path = stage_path if len(parts) == 1 else f"{stage_path}.{part}"
                names = (own_path, f"{address}.{name}.{part}", stage_path, stage.kind_of(part))
                placed = PlacedBlock(*names, block, taken, self.traced(block, taken.shape, f"model.{stage_path}"))
                taken = Edge(placed.shape, placed.field, (len(self.placed),))
                self.placed.append(placed)
            return taken

        return walk(stack_parts(stack), start, _joined, place)

    def traced(self, block: Block, shape: Shape, path: str) -> Trace:
        """What a block makes of `shape`; a norm that does not fit is noted and left out. Raises Misfit."""
        try:
            return trace(block, shape)
        except Misfit as misfit:
            if misfit.cause != "norm":
                raise
            self.faults.append(Fault(".".join([path, *written(block, misfit.path)]), misfit.message))
            return trace(_without_norms(block), shape)

    def check_output(self, path: str, stack: Stack, output: Shape, classes: int | None) -> None:
        """Note a fault where a stack that should end in a number for each class does not."""
        if classes is None or output == (classes,):
            return
        path_of_end = ".".join(["model", path, *(stage.name for stage in stack[-1:])])
        if stack and "features" in type(stack[-1].copies[-1]).model_fields:
            path_of_end += ".features"
        message = (
            f"the network ends in {dims(output)} numbers, the data have {classes} classes; "
            "end it with a width of `classes`"
        )
        self.faults.append(Fault(path_of_end, message))


def _joined(merge: Merge, edges: Sequence[tuple[str, Edge]]) -> Edge:
    """Several outputs as one. Raises Misfit where they differ in size."""
    shape = joined_shape(merge, [(name, edge.shape) for name, edge in edges])
    sources = tuple(source for _, edge in edges for source in edge.sources)
    return Edge(shape, largest([edge.field for _, edge in edges]), sources, merge)


def written(part: Block | None, path: tuple[str, ...]) -> tuple[str, ...]:
    """As much of a misfit's path as stands in the YAML: the convolutions inside a residual block do not."""
    match part, path:
        case (Parallel(branches=branches), (section, branch, name, *rest)):
            stack, before = dict(branches).get(branch, ()), (section, branch, name)
        case (Sequential(body=stack) | Skip(body=stack), (section, name, *rest)):
            before = (section, name)
        case (Parallel() | Sequential() | Skip(), _):
            return path
        case _:
            return ()
    inner = next((stage.copies[0] for stage in stack if stage.name == name), None)
    return (*before, *(written(inner, tuple(rest)) if inner else rest))


def _without_norms(part: Any) -> Any:
    """The same block or stack without norms, to walk on and find what else does not fit; norms change no shape."""
    match part:
        case NormSettings():
            return NO_NORM
        case Stage():
            return replace(part, copies=_without_norms(part.copies))
        case Block():
            changed = {name: _without_norms(getattr(part, name)) for name in type(part).model_fields}
            return part.model_copy(update=changed)
        case tuple():
            return tuple(map(_without_norms, part))
    return part
