"""The trace of a block: all that is known of it for one input shape, from one forward pass on the meta device.

Its output shape, parameters, multiply-adds and receptive field; its steps, each a call of one of torch's layers or an
operation between them; and what went into and came out of every module within. It holds for users' own modules, too, so
no list of kinds has to be kept beside the kinds. Traces are cached by value: of equal blocks and shapes there is one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnnlab.blocks.meta import Counter, on_meta, plugin_errors_as_misfits
from cnnlab.blocks.operations import (
    MAIN,
    OPERATIONS,
    RANKS,
    UNPADDED,
    Pads,
    is_layer,
    kind_of_layer,
    operation_details,
    operation_word,
    pads_of,
    torch_name,
)
from cnnlab.blocks.part import Misfit, Part, build_part
from cnnlab.blocks.receptive_field import Field, Window, largest
from cnnlab.settings import Shape

INPUT = -1
"""in the place of a step's number: what the block takes"""


@dataclass(frozen=True)
class TracedStep:
    """A layer's call, or an operation in the forward of a module that is not torch's."""

    path: str
    """of the module, within the block: "body.conv1.conv"; empty for the block's own"""
    name: str
    """the layer's class, or torch's name of the operation"""
    operation: str
    """a word of OPERATIONS; norm, act, dropout, identity; torch's name where it is none of these"""
    takes: tuple[int, ...]
    """numbers of the steps whose outputs it takes"""
    inputs: tuple[Shape, ...]
    """shapes of what it takes"""
    shape: Shape
    """of its output"""
    input_field: Field
    """of what it takes, the largest"""
    field: Field
    """of its output, in positions of the block's input"""
    params: tuple[Shape, ...] = ()
    """shapes of its parameters, but for those that an earlier step has as well"""
    weight: Shape = ()
    """shape of what a convolution slides, or a linear layer multiplies with"""
    macs: int = 0
    window: Window | None = None
    pads: Pads = UNPADDED
    ceil: bool = False
    """whether sizes are rounded up"""
    count: int = 0
    """channels that a pad adds, or that are selected"""
    layer: nn.Module | None = dataclasses.field(default=None, compare=False)
    """torch's layer, on the meta device"""


@dataclass(frozen=True)
class Call:
    """What a module took and left when it ran, and its multiply-adds."""

    input: Shape
    """empty where it takes no tensor, as only modules of users' own blocks do"""
    output: Shape
    macs: int


@dataclass(frozen=True)
class Trace:
    """What a block makes of one shape, and how."""

    shape: Shape
    """of its output"""
    params: int
    macs: int
    """multiply-adds for one image, of convolutions and matrix products"""
    field: Field
    """of an output position, in positions of the block's own input"""
    steps: tuple[TracedStep, ...]
    """in the order in which they run"""
    last: int
    """number of the step that makes the output; INPUT where nothing is done"""
    idle: tuple[Shape, ...]
    """shapes of parameters that no step makes use of"""
    module: nn.Module = dataclasses.field(compare=False, repr=False)
    """the block as it was built, on the meta device"""
    calls: Mapping[nn.Module, Call] = dataclasses.field(compare=False, repr=False)
    """of the module and of all within it that ran"""


@lru_cache(maxsize=4096)
def trace(part: Part, shape: Shape) -> Trace:
    """Build the part on the meta device and run it once, noting what it does. Raises Misfit."""
    with on_meta():
        with plugin_errors_as_misfits():
            module, x = build_part(part, shape).eval(), torch.empty(1, *shape)
        recorder = Recorder(module, x)
        try:
            with recorder, plugin_errors_as_misfits():
                y = module(x)
        except RuntimeError as error:
            if "overflow" in str(error):
                raise
            raise Misfit(str(error)) from None
        finally:
            recorder.remove_hooks()
        if not isinstance(y, Tensor):
            raise Misfit(f"its forward() returns {type(y).__name__}, not a tensor")
    if any(hasattr(inner, "remake") for inner in module.modules()):
        _check_batch(module, shape)
    return Trace(
        shape=_shape(y),
        params=sum(parameter.numel() for parameter in module.parameters()),
        macs=recorder.macs,
        field=recorder.field(y),
        steps=tuple(recorder.steps),
        last=recorder.made_by.get(id(y), INPUT),
        idle=tuple(tuple(p.shape) for p in module.parameters() if id(p) not in recorder.claimed),
        module=module,
        calls=recorder.calls,
    )


def _check_batch(module: nn.Module, shape: Shape) -> None:
    """What one image cannot tell of users' own modules: whether they leave as many as they take. Raises Misfit."""
    with on_meta(), plugin_errors_as_misfits():
        y = module(torch.empty(2, *shape))
    if y.dim() < 2 or len(y) != 2:
        raise Misfit(f"its forward() makes {tuple(y.shape)} of {(2, *shape)}; the first axis, the images, has to stay")


@dataclass
class LayerRun:
    """One of torch's layers while it runs."""

    path: str
    layer: nn.Module
    inputs: list[Tensor]
    macs: int = 0
    ops: list[tuple[Any, Any, Any]] = dataclasses.field(default_factory=list)
    """torch's operations on what is computed from the block's input, with their arguments and outputs"""


class Recorder(Counter):
    """Mode that notes the steps of what runs inside it, and the calls of `module` and all modules within."""

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        super().__init__(x)
        self.steps: list[TracedStep] = []
        self.calls: dict[nn.Module, Call] = {}
        self.made_by: dict[int, int] = {id(x): INPUT}
        """which step made a tensor, by the tensor's id"""
        self.claimed: set[int] = set()
        self.constant: dict[int, tuple[Tensor, list[Tensor]]] = {}
        """what is made of parameters alone, and which: a transposed weight"""
        self.parameters = {id(p) for p in module.parameters()}
        self.entered: list[tuple[str, int]] = [("", 0)]
        """the modules that are running, the innermost last, and the multiply-adds before each"""
        self.running: LayerRun | None = None
        self.hooks: list[Any] = []
        for name, inner in module.named_modules():
            self.hooks.append(inner.register_forward_pre_hook(partial(self.enter, name), with_kwargs=True))
            self.hooks.append(inner.register_forward_hook(self.leave))

    def remove_hooks(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def enter(self, name: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        self.entered.append((name, self.macs))
        if self.running is None and is_layer(module):
            tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
            self.running = LayerRun(name, module, tensors)

    def leave(self, module: nn.Module, args: tuple[Any, ...], out: Any) -> None:
        name, macs = self.entered.pop()
        self.calls[module] = Call(_shape(args[0] if args else None), _shape(out), self.macs - macs)
        if self.running and self.running.path == name:
            run, self.running = self.running, None
            outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
            if outs:
                self.add(self.layer_step(run, outs[0]), *outs)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = self.macs
        out = super().__torch_dispatch__(func, types, args, kwargs)
        op, macs = func.overloadpacket, self.macs - before
        on_data = any(self.follows(x) for x in tree_leaves(args))
        if not on_data:
            self.note_constant(args, out)
        if self.running:
            self.running.macs += macs
            self.running.ops += [(op, args, out)] if on_data else []
        elif on_data or macs:
            self.add_operation(op, args, out, macs)
        return out

    def note_constant(self, args: Any, out: Any) -> None:
        """Note which parameters something is made of."""
        used = self.used(args)
        for y in tree_leaves(out) if used else ():
            if isinstance(y, Tensor):
                self.constant[id(y)] = (y, used)

    def used(self, args: Any) -> list[Tensor]:
        """The parameters among an operation's arguments, or in what those are made of."""
        used: list[Tensor] = []
        for x in tree_leaves(args):
            if isinstance(x, Tensor):
                used += [x] if id(x) in self.parameters else self.constant.get(id(x), (x, []))[1]
        return used

    def claim(self, params: Sequence[Tensor]) -> tuple[Shape, ...]:
        """The shapes of those that no step before had."""
        new = {id(p): p for p in params if id(p) not in self.claimed}
        self.claimed |= new.keys()
        return tuple(tuple(p.shape) for p in new.values())

    # What a layer's step is called, and whose numbers it has. The first that holds:
    # 1. A norm, an activation, dropout or identity goes by its class; what it runs has no window and no weight to note.
    # 2. A layer that runs several of the MAIN operations is none of them, as an LSTM is no linear layer: it goes by its
    #    own class.
    # 3. Else the operation that OPERATIONS lists first names it, and that operation's window, weight and pads are its.
    #    What others of the same call pad is added to the pads: Conv2d(padding_mode="reflect") pads by one of its own.
    # 4. A layer that runs no operation of the list goes by its own class.
    def layer_step(self, run: LayerRun, out: Tensor) -> TracedStep:
        """The step of a layer's call."""
        name, kind = type(run.layer).__name__, kind_of_layer(run.layer)
        naming = None if kind else _naming_operation(run.ops)
        details: dict[str, Any] = {}
        if naming:
            details = operation_details(*naming)
            apart = [pads_of(args) for op, args, _ in run.ops if op is not naming[0] and OPERATIONS.get(op) == "pad"]
            details["pads"] = tuple(map(sum, zip(details.get("pads", UNPADDED), *apart, strict=True)))
        return TracedStep(
            run.path,
            name,
            kind or (operation_word(*naming[:2]) if naming else name),
            **self.ends([x for x in run.inputs if self.follows(x)], out),
            params=self.claim(list(run.layer.parameters())),
            macs=run.macs,
            layer=run.layer,
            **details,
        )

    def add_operation(self, op: Any, args: Any, out: Any, macs: int) -> None:
        """Add a step for an operation between layers."""
        outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
        inputs = [x for x in tree_leaves(args) if self.follows(x)]
        if not outs:
            return
        name = torch_name(op)
        step = TracedStep(
            self.entered[-1][0],
            name,
            operation_word(op, args),
            **self.ends(inputs, outs[0]),
            params=self.claim(self.used(args)),
            macs=macs,
            **operation_details(op, args, out),
        )
        self.add(step, *outs, *(inputs[:1] if name.endswith("_") else ()))

    def ends(self, inputs: list[Tensor], out: Tensor) -> dict[str, Any]:
        """What a step takes and leaves, by the names of its fields."""
        return {
            "takes": tuple(self.made_by.get(id(x), INPUT) for x in inputs),
            "inputs": tuple(map(_shape, inputs)),
            "shape": _shape(out),
            "input_field": largest([self.field(x) for x in inputs] or [Field()]),
            "field": self.field(out),
        }

    def add(self, step: TracedStep, *outs: Tensor) -> None:
        self.made_by.update({id(y): len(self.steps) for y in outs})
        self.steps.append(step)


def _naming_operation(ops: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any] | None:
    """The operation that names a layer which runs these, with its arguments and output."""
    if sum(OPERATIONS.get(op) in MAIN for op, *_ in ops) > 1:
        return None
    return min((run for run in ops if run[0] in RANKS), key=lambda run: RANKS[run[0]], default=None)


def _shape(value: Any) -> Shape:
    """Of one image's; empty for what is no tensor."""
    return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()
