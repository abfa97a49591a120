"""A network taken apart: each copy of each block with what it is given, down to the blocks inside of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from cnnlab.blocks.base import Block, Flow, Stack, Stage, entry
from cnnlab.blocks.measure import Field, Measured, largest, measure
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.trace import Trace, trace
from cnnlab.explain.formulas import Working, work
from cnnlab.network.plan import Plan
from cnnlab.network.sources import Made, Notes
from cnnlab.network.spec import Network
from cnnlab.settings import Shape

SIMPLE = 2
"""steps with numbers of their own up to which a block is simple"""


@dataclass(frozen=True)
class Piece:
    """One copy of a block in its place."""

    path: str
    """as its key is written, below `model`: "body.stage2.1" """
    address: str
    """as the reader's notes have it: with the copy's number, also where there is one"""
    kind: str
    block: Block
    given: Shape
    seen: Field
    """of a position of what it is given, in the image"""
    stage: str = ""
    """path of the stage that it is a copy of"""
    made: tuple[Made, ...] = ()
    """the blocks defined in YAML that it is one of, the outermost first"""

    @cached_property
    def measured(self) -> Measured:
        return measure(self.block, self.given)  # type: ignore[arg-type]

    @cached_property
    def trace(self) -> Trace:
        return trace(self.block, self.given)  # type: ignore[arg-type]

    @cached_property
    def workings(self) -> list[Working]:
        return work(self.trace, self.seen)

    @property
    def is_simple(self) -> bool:
        """Whether it is short enough to be worked out each time."""
        return sum(bool(working.lines) for working in self.workings) <= SIMPLE

    @property
    def left(self) -> Field:
        """Of a position of what it leaves."""
        return self.seen.then(self.measured.field)

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
        """What it does, whatever the numbers: equal for two blocks that can be told of together."""
        steps = ((step.path, step.name, step.takes, bool(step.params)) for step in self.trace.steps)
        return (self.kind, *steps)


@dataclass(frozen=True)
class Section:
    """Blocks one after another: the body, the head, an auxiliary head, what is inside a combinator."""

    path: str
    stages: dict[str, list[Piece]] = field(default_factory=dict)
    """the copies of each, and what closes them"""

    @property
    def pieces(self) -> list[Piece]:
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
                yield from ((f"{inner}.{deeper}", f"{name}.{said}") for deeper, said in _names(part))


def sections(network: Network, found: Plan, notes: Notes) -> list[Section]:
    """The body, the head, and the auxiliary heads, of a network that was planned."""
    stacks = {**network.sections, **{f"aux.{aux.name}.head": aux.head for aux in network.aux}}
    return [_planned(name, stack, found, notes) for name, stack in stacks.items()]


def _planned(path: str, stack: Stack, found: Plan, notes: Notes) -> Section:
    stages = {}
    for stage in stack:
        at = f"{path}.{stage.name}"
        alone = len(stage.parts) == 1
        rows = {name: at if alone else f"{at}.{name}" for name in stage.parts}
        stages[stage.name] = [
            Piece(
                row,
                f"{at}.{name}",
                _kind(stage, name),
                *found.given[row],
                at,
                tuple(notes.made.get(f"{at}.{name}", ())),
            )
            for name, row in rows.items()
        ]
    return Section(path, stages)


def _kind(stage: Stage, name: str) -> str:
    return stage.kind if stage.kind and name.isdigit() else stage.parts[name].block


def inside(piece: Piece, notes: Notes) -> Iterator[Section]:
    """The stacks that a combinator is made of, under the names that YAML has for them: `body`, `branches.b1`."""
    match piece.block:
        case Sequential(body=body) | Skip(body=body):
            yield _walked(f"{piece.path}.body", f"{piece.address}.body", body, piece, notes)
        case Parallel(branches=branches):
            for name, stack in branches:
                at = f"branches.{name}"
                yield _walked(f"{piece.path}.{at}", f"{piece.address}.{at}", stack, piece, notes)


def _walked(path: str, address: str, stack: Stack, piece: Piece, notes: Notes) -> Section:
    shapes, fields, stages = Flow(piece.given), Flow(piece.seen), {}
    for stage in stack:
        given, seen = entry(shapes, stage), largest([field for _, field in fields.sources(stage)])
        stages[stage.name] = []
        for name, part in stage.parts.items():
            at, where = f"{path}.{stage.name}", f"{address}.{stage.name}.{name}"
            row = at if len(stage.parts) == 1 else f"{at}.{name}"
            inner = Piece(row, where, _kind(stage, name), part, given, seen, at, tuple(notes.made.get(where, ())))
            stages[stage.name].append(inner)
            given, seen = inner.measured.shape, inner.left
        shapes.put(stage.name, given)
        fields.put(stage.name, seen)
    return Section(path, stages)


@dataclass(frozen=True)
class Whole:
    """A network and all that is known of it."""

    network: Network
    plan: Plan
    notes: Notes

    @cached_property
    def sections(self) -> list[Section]:
        return sections(self.network, self.plan, self.notes)
