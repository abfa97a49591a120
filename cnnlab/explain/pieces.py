"""A network taken apart: each copy of each block with what it takes, down to the blocks inside of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnnlab.blocks.block import Block
from cnnlab.blocks.merge import Parallel, Sequential, Skip, inner_stacks
from cnnlab.blocks.receptive_field import Field
from cnnlab.blocks.trace import Trace
from cnnlab.explain.formulas import Working, work
from cnnlab.network.graph import Graph, PlacedBlock, Walker, by_stage
from cnnlab.network.provenance import CompositeUse, Provenance
from cnnlab.network.spec import Network
from cnnlab.settings import Shape

SIMPLE = 2
"""steps with numbers of their own up to which a block is simple"""


@dataclass(frozen=True)
class BlockCopy:
    """One copy of a block in its place."""

    placed: PlacedBlock
    uses: tuple[CompositeUse, ...] = ()
    """the blocks defined in YAML that it is one of, the outermost first"""

    @property
    def path(self) -> str:
        """As its key is written, below `model`: "body.stage2.1"."""
        return self.placed.name

    @property
    def address(self) -> str:
        """As the reader's provenance have it: with the copy's number, also where there is one."""
        return self.placed.address

    @property
    def stage(self) -> str:
        """Path of the stage that it is a copy of."""
        return self.placed.stage

    @property
    def kind(self) -> str:
        return self.placed.kind

    @property
    def block(self) -> Block:
        return self.placed.block

    @property
    def input(self) -> Shape:
        return self.placed.input.shape

    @property
    def field(self) -> Field:
        """Of a position of its output, in the image."""
        return self.placed.field

    @property
    def trace(self) -> Trace:
        return self.placed.trace

    @cached_property
    def workings(self) -> list[Working]:
        return work(self.trace, self.placed.input.field)

    @property
    def is_simple(self) -> bool:
        """Whether it is short enough to be worked out each time."""
        return sum(bool(working.lines) for working in self.workings) <= SIMPLE

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of modules inside of it, and how YAML has them."""
        return dict(_names(self.block))

    def shown(self, path: str) -> str:
        """The name of a module inside of it, as YAML has it where it is a block."""
        outer = max((name for name in self.names if f"{path}.".startswith(f"{name}.")), key=len, default="")
        return (self.names[outer] + path[len(outer) :]) if outer else path

    @property
    def structure(self) -> tuple[object, ...]:
        """What it does, whatever the numbers: equal for two blocks that can be explained together."""
        steps = ((step.path, step.name, step.takes, bool(step.params)) for step in self.trace.steps)
        return (self.kind, *steps)


@dataclass(frozen=True)
class Section:
    """Blocks one after another: the body, the head, an auxiliary head, what is inside a combinator."""

    path: str
    stages: dict[str, list[BlockCopy]] = field(default_factory=dict)
    """the copies of each, and what closes them"""

    @property
    def pieces(self) -> list[BlockCopy]:
        return [piece for copies in self.stages.values() for piece in copies]


def _names(block: Block) -> Iterator[tuple[str, str]]:
    """Names of the modules that are blocks inside of a combinator, and YAML's: without the numbers of single copies."""
    match block:
        case Sequential(body=body):
            stacks = {("", ""): body}
        case Skip(body=body):
            stacks = {("body.", "body."): body}
        case Parallel(branches=branches):
            alone = {name for name, stack in branches if [stage.name for stage in stack] == [name]}
            stacks = {(f"{name}.", "" if name in alone else f"{name}."): stack for name, stack in branches}
        case _:
            return
    for (module, shown), stack in stacks.items():
        for stage in stack:
            for number, part in stage.parts.items():
                inner = f"{module}{stage.name}.{number}"
                name = f"{shown}{stage.name}" + ("" if len(stage.parts) == 1 else f".{number}")
                yield inner, name
                yield from ((f"{inner}.{module_path}", f"{name}.{key}") for module_path, key in _names(part))


def inside(piece: BlockCopy, provenance: Provenance) -> Iterator[Section]:
    """The stacks that a combinator is made of, under the names that YAML has for them: `body`, `branches.b1`."""
    for key, stack in inner_stacks(piece.block).items():
        walker, path = Walker(), f"{piece.path}.{key}"
        walker.stack(path, f"{piece.address}.{key}", stack, piece.placed.input)
        yield _section(path, walker.placed, provenance)


def _section(path: str, placed: Sequence[PlacedBlock], provenance: Provenance) -> Section:
    stages = {
        name: [BlockCopy(copy, tuple(provenance.uses.get(copy.address, ()))) for copy in copies]
        for name, copies in by_stage(placed).items()
    }
    return Section(path, stages)


@dataclass(frozen=True)
class ExplainedNetwork:
    """A network and all that is known of it."""

    network: Network
    graph: Graph
    provenance: Provenance

    @cached_property
    def sections(self) -> list[Section]:
        """The body, the head, and the auxiliary heads."""
        paths = [*self.network.sections, *(f"aux.{head.name}.head" for head in self.network.aux)]
        return [_section(path, self.graph.section(path), self.provenance) for path in paths]
