"""What a network is on paper: shapes, parameters, multiply-adds and receptive field of every block, and its misfits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from cnnlab.blocks.base import Block, Flow, Misfit, Stack, Stage, check_name, entry, sized
from cnnlab.blocks.measure import Field, Measured, largest, measure
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.norm import NO_NORM, NormSettings
from cnnlab.errors import Fault
from cnnlab.network.spec import Aux, Network
from cnnlab.settings import Shape


@dataclass(frozen=True)
class Layer:
    """One row of the summary: a block, or one copy of it."""

    name: str
    """its path below `model`: "body.stage3.1" """
    block: str
    shape: Shape
    """what it leaves, (C, H, W) or (F,)"""
    params: int
    macs: int
    """multiply-adds for one image, of convolutions and matrix products"""
    receptive_field: tuple[int, int]
    """rows and columns of the image that one output position sees"""

    def record(self) -> dict[str, Any]:
        return {**vars(self), "shape": list(self.shape), "receptive_field": list(self.receptive_field)}


@dataclass
class Head:
    """An auxiliary head on paper."""

    tap: str
    weight: float
    layers: list[Layer] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        cost = {"params": sum(layer.params for layer in self.layers), "macs": sum(layer.macs for layer in self.layers)}
        return {"from": self.tap, "weight": self.weight, **cost, "layers": [layer.record() for layer in self.layers]}


@dataclass
class Plan:
    """A network on paper, as far as it could be built."""

    input: Shape
    layers: list[Layer] = field(default_factory=list)
    aux: dict[str, Head] = field(default_factory=dict)
    """the auxiliary heads"""
    given: dict[str, tuple[Block, Shape, Field]] = field(default_factory=dict)
    """each row's block, by the row's name, the shape it takes in and what a position of that sees of the image"""
    faults: list[Fault] = field(default_factory=list)
    end: tuple[Fault, Misfit] | None = None
    """what the walk ended at, where it could not go on"""

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

    def record(self) -> dict[str, Any]:
        """As network.json has it."""
        counts = {"params": self.params, "params_aux": self.params_aux, "macs": self.macs, "input": list(self.input)}
        aux = {"aux": {name: head.record() for name, head in self.aux.items()}} if self.aux else {}
        return {**counts, "layers": [layer.record() for layer in self.layers], **aux}


@dataclass
class Walk:
    """A walk through stacks, block by block, that notes what it finds."""

    result: Plan
    path: str
    last: tuple[Shape, Field]
    rows: list[Layer]
    left: dict[str, tuple[Shape, Field]] = field(default_factory=dict)
    """what each block of the latest stack leaves, by name"""

    def stack(self, section: str, stack: Stack) -> bool:
        """Whether it could be walked to its end."""
        shapes, fields = Flow(self.last[0]), Flow(self.last[1])
        for stage in stack:
            at = f"{section}.{stage.name}"
            try:
                check_name(stage.name)
                self.last = entry(shapes, stage), largest([seen for _, seen in fields.sources(stage)])
            except Misfit as misfit:
                return self.ended(f"{self.path}.{at}", stage.copies[0], misfit)
            for name, part in stage.parts.items():
                row = at if len(stage.parts) == 1 else f"{at}.{name}"
                kind = stage.kind if stage.kind and name.isdigit() else part.block
                if not self.block(row, part, f"{self.path}.{at}", kind):
                    return False
            shapes.put(stage.name, self.last[0])
            fields.put(stage.name, self.last[1])
            self.left[stage.name] = self.last
        return True

    def block(self, row: str, part: Block, at: str, kind: str) -> bool:
        shape, seen = self.last
        self.result.given[row] = (part, shape, seen)
        try:
            found = _measured(part, shape, at, self.result)
        except Misfit as misfit:
            return self.ended(at, part, misfit)
        self.last = found.shape, seen.then(found.field)
        self.rows.append(Layer(row, kind, found.shape, found.params, found.macs, self.last[1].size))
        return True

    def ended(self, at: str, part: Block, misfit: Misfit) -> bool:
        self.result.end = (_fault(at, part, misfit), misfit)
        self.result.faults.append(self.result.end[0])
        return False


def plan(network: Network, shape: Shape, path: str = "model", ends: bool = True) -> Plan:
    """Walk the network block by block. A misfit ends the walk, unless only a norm did not fit.

    `ends`: whether it is known in how many classes the network and its auxiliary heads have to end.
    """
    result = Plan(shape)
    walk = Walk(result, path, (shape, Field()), result.layers)
    if not walk.stack("body", network.body):
        return result
    left, walk.left = walk.left, {}
    if not walk.stack("head", network.head):
        return result
    last = (f"{path}.head", network.head) if network.head else (f"{path}.body", network.body)
    classes = network.classes if ends else None
    _check_end(result, *last, result.output, classes)
    for head in network.aux:
        if not _planned(result, head, path, left[head.tap], classes):
            return result
    return result


def _planned(result: Plan, head: Aux, path: str, given: tuple[Shape, Field], classes: int | None) -> bool:
    """Walk an auxiliary head."""
    found = result.aux[head.name] = Head(head.tap, head.weight)
    walk = Walk(result, path, given, found.layers)
    if not walk.stack(f"aux.{head.name}.head", head.head):
        return False
    _check_end(result, f"{path}.aux.{head.name}.head", head.head, walk.last[0], classes)
    return True


def _check_end(result: Plan, path: str, stack: Stack, output: Shape, classes: int | None) -> None:
    """Note a fault where a stack that should end in a number for each class does not."""
    if classes is None or output == (classes,):
        return
    where = ".".join([path, *(stage.name for stage in stack[-1:])])
    if stack and "features" in type(stack[-1].copies[-1]).model_fields:
        where += ".features"
    message = (
        f"the network ends in {sized(output)} numbers, the data have {classes} classes; "
        "end it with a width of `classes`"
    )
    result.faults.append(Fault(where, message))


def _measured(part: Block, shape: Shape, at: str, result: Plan) -> Measured:
    """What `part` makes of `shape`; a norm that does not fit is noted and left out. Raises Misfit."""
    try:
        return measure(part, shape)  # type: ignore[arg-type]
    except Misfit as misfit:
        if misfit.cause != "norm":
            raise
        result.faults.append(_fault(at, part, misfit))
        return measure(_normless(part), shape)  # type: ignore[arg-type]


def _fault(at: str, part: Block, misfit: Misfit) -> Fault:
    return Fault(".".join([at, *written(part, misfit.path)]), misfit.message)


def written(part: Block, path: tuple[str, ...]) -> tuple[str, ...]:
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


def _normless(part: Any) -> Any:
    """The same block or stack without norms, to walk on and find what else does not fit; norms change no shape."""
    match part:
        case NormSettings():
            return NO_NORM
        case Stage():
            return replace(part, copies=_normless(part.copies))
        case Block():
            return part.model_copy(update={name: _normless(getattr(part, name)) for name in type(part).model_fields})
        case tuple():
            return tuple(map(_normless, part))
    return part
