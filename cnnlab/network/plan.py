"""What a network is on paper: shapes, parameters, multiply-adds and receptive field of every block, and its misfits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from cnnlab.blocks.base import Block, Misfit, Stage, check_name, sized
from cnnlab.blocks.measure import Field, Measured, measure
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.norm import NO_NORM, NormSettings
from cnnlab.errors import Fault
from cnnlab.network.spec import Network
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


@dataclass
class Plan:
    """A network on paper, as far as it could be built."""

    input: Shape
    layers: list[Layer] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    end: tuple[Fault, Misfit] | None = None
    """what the walk ended at, where it could not go on"""

    @property
    def output(self) -> Shape:
        return self.layers[-1].shape if self.layers else self.input

    @property
    def params(self) -> int:
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def record(self) -> dict:
        """As network.json has it."""
        layers = [
            {**vars(layer), "shape": list(layer.shape), "receptive_field": list(layer.receptive_field)}
            for layer in self.layers
        ]
        return {"params": self.params, "macs": self.macs, "input": list(self.input), "layers": layers}


def plan(network: Network, shape: Shape, path: str = "model") -> Plan:
    """Walk the network block by block. A misfit ends the walk, unless only a norm did not fit."""
    result, seen = Plan(shape), Field()
    for section, stack in network.sections.items():
        for stage in stack:
            at = f"{section}.{stage.name}"
            for name, part in stage.parts.items():
                row = at if len(stage.parts) == 1 else f"{at}.{name}"
                try:
                    check_name(stage.name)
                    found = _measured(part, f"{path}.{at}", result)
                except Misfit as misfit:
                    result.end = (_fault(f"{path}.{at}", part, misfit), misfit)
                    result.faults.append(result.end[0])
                    return result
                seen = seen.then(found.field)
                result.layers.append(Layer(row, part.block, found.shape, found.params, found.macs, seen.size))
    if result.output != (network.classes,):
        last = next(reversed([*network.body, *network.head]), None)
        where = f"{path}.{'head' if network.head else 'body'}" + (f".{last.name}" if last else "")
        if last and "features" in type(last.copies[-1]).model_fields:
            where += ".features"
        message = (
            f"the network ends in {sized(result.output)} numbers, the data have {network.classes} classes; "
            "end it with a width of `classes`"
        )
        result.faults.append(Fault(where, message))
    return result


def _measured(part: Block, at: str, result: Plan) -> Measured:
    """What `part` makes of the last shape; a norm that does not fit is noted and left out. Raises Misfit."""
    try:
        return measure(part, result.output)  # type: ignore[arg-type]
    except Misfit as misfit:
        if misfit.cause != "norm":
            raise
        result.faults.append(_fault(at, part, misfit))
        return measure(_normless(part), result.output)  # type: ignore[arg-type]


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
