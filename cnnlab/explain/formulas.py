"""The formulas of what a block does, worked out with its numbers: sizes, parameters, multiply-adds, receptive field.

They are worked out from a step's own window, weight and padding, and then held against what the meta pass measured. A
number that no formula here gives, or gives otherwise, is said to be measured: nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnlab.blocks.receptive_field import Field
from cnnlab.blocks.trace import INPUT, Trace, TracedStep
from cnnlab.explain.worked import Worked, about, ceil, floor, largest, number, product, total
from cnnlab.settings import Shape

AXES = ("rows", "columns")
Sizes = dict[str, Worked]


@dataclass(frozen=True)
class FormulaLine:
    """One number of a step."""

    what: str
    """rows, columns, channels, numbers, each the mean of, widest bin, parameters, MACs, sees, apart (pixels of the
    image); by axis, as in "sees rows", where rows and columns differ"""
    worked: Worked
    measured: bool = False
    """whether it is the meta pass's number, for want of a formula"""


@dataclass(frozen=True)
class Working:
    """A step with its numbers; zeros, and what stays as it was, are left out."""

    step: TracedStep
    lines: tuple[FormulaLine, ...]
    numbers: tuple[int, ...]
    """of the steps in the trace that it stands for: a pad and what it pads for are shown together"""


def work(trace: Trace, input_field: Field) -> list[Working]:
    """Every step with its numbers; `input_field` is the field, in the image, of what the block takes."""
    workings: list[Working] = []
    pad: int | None = None
    for i, step in enumerate(trace.steps):
        if pads_for_next(trace, i):
            pad = i
            continue
        numbers = (i,) if pad is None else (pad, i)
        joined = step if pad is None else _padded(trace.steps[pad], step)
        fields = [input_field.then(_field(trace, j)) for j in joined.takes]
        workings.append(Working(joined, tuple(_lines(joined, fields, input_field)), numbers))
        pad = None
    return workings


def pads_for_next(trace: Trace, i: int) -> bool:
    """Whether a step does nothing but pad for the window of the one after it."""
    step, rest = trace.steps[i], trace.steps[i + 1 :]
    alone = sum(i in other.takes for other in trace.steps) == 1 and trace.last != i
    return bool(
        step.operation == "pad" and rest and rest[0].window and rest[0].takes == (i,) and not step.count and alone
    )


def _padded(pad: TracedStep, step: TracedStep) -> TracedStep:
    pads = tuple(a + b for a, b in zip(pad.pads, step.pads, strict=True))
    return replace(step, inputs=pad.inputs, takes=pad.takes, input_field=pad.input_field, pads=pads)  # type: ignore[arg-type]


def _field(trace: Trace, i: int) -> Field:
    return Field() if i == INPUT else trace.steps[i].field


def _lines(step: TracedStep, fields: list[Field], input_field: Field) -> Iterator[FormulaLine]:
    yield from _sizes(step)
    yield from (FormulaLine(what, worked) for what, worked in SPREADS.get(step.operation, lambda _: {})(step).items())
    params = sum(map(math.prod, step.params))
    if params:
        yield _held("parameters", _params(step), params)
    if step.macs:
        yield _held("MACs", _macs(step), step.macs)
    yield from _fields(step, fields, input_field)


def _held(what: str, worked: Worked | None, measured: int) -> FormulaLine:
    """A number, worked out where that gives what was measured."""
    good = worked is not None and worked.value == measured
    return FormulaLine(what, worked if worked is not None and good else number(measured), measured=not good)


# -- sizes


def _sizes(step: TracedStep) -> Iterator[FormulaLine]:
    taken = step.inputs[0] if step.inputs else ()
    if step.shape == taken:
        formulas = _windowed(step) if step.window and _slides(step) else {}
    else:
        formulas = SIZES[step.operation](step) if step.operation in SIZES and step.inputs else {}
    names = ("channels", *AXES) if len(step.shape) == 3 else ("numbers",) if len(step.shape) == 1 else ()
    if not names and step.shape != taken:
        yield from (FormulaLine(f"axis {i}", number(n), measured=True) for i, n in enumerate(step.shape))
    held = {}
    for i, name in enumerate(names):
        before = taken[i] if len(taken) == len(step.shape) else None
        if name in formulas or step.shape[i] != before:
            held[name] = _held(name, formulas.get(name), step.shape[i])
    plain = {what: line.worked for what, line in held.items() if not line.measured}
    yield from (FormulaLine(what, worked) for what, worked in _paired(plain) if not worked.is_plain)
    yield from (line for line in held.values() if line.measured)


def _slides(step: TracedStep) -> bool:
    return step.operation in ("convolution", "max_pool", "avg_pool")


def _paired(sizes: Sizes) -> list[tuple[str, Worked]]:
    """Rows and columns as one where they are worked out alike."""
    if all(axis in sizes for axis in AXES) and sizes["rows"] == sizes["columns"]:
        merged = {"rows, columns" if what == "rows" else what: worked for what, worked in sizes.items()}
        merged.pop("columns")
        return list(merged.items())
    return list(sizes.items())


def _windowed(step: TracedStep) -> Sizes:
    """⌊(n + p − d·(k − 1) − 1)/s⌋ + 1, the window's span for d·(k − 1) + 1 where nothing is left out."""
    sizes: Sizes = {}
    if step.window is None or len(step.inputs[0]) != 3:
        return sizes
    if step.operation == "convolution":
        sizes["channels"] = number(step.weight[0])
    for axis, name in enumerate(AXES):
        n = step.inputs[0][1 + axis]
        before, behind = step.pads[2 * axis : 2 * axis + 2]
        kernel, stride, dilation = (
            part[axis] for part in (step.window.kernel, step.window.stride, step.window.dilation)
        )
        padded = number(n)
        if before or behind:
            padded = padded + (number(2) * before if before == behind else number(before) + behind)
        span = number(kernel) if dilation == 1 else number(dilation) * (number(kernel) - 1) + 1
        steps = (padded - span) / stride
        count = (ceil(steps) if step.ceil else floor(steps)) + 1
        beyond = step.ceil and (count.value - 1) * int(stride) >= n + before
        sizes[name] = count - 1 if beyond else count  # torch leaves out a window that would begin behind the image
    return sizes


def _concatenated(step: TracedStep) -> Sizes:
    if any(len(shape) != len(step.shape) for shape in step.inputs):
        return {}
    return {"channels" if len(step.shape) == 3 else "numbers": total(*(shape[0] for shape in step.inputs))}


def _grown(step: TracedStep) -> Sizes:
    """What a pad adds by itself."""
    if len(step.inputs[0]) != 3:
        return {}
    channels, *size = step.inputs[0]
    sizes: Sizes = {"channels": number(channels) + step.count} if step.count else {}
    for axis, name in enumerate(AXES):
        before, behind = step.pads[2 * axis : 2 * axis + 2]
        if before or behind:
            sizes[name] = number(size[axis]) + before + behind
    return sizes


def _enlarged(step: TracedStep) -> Sizes:
    """Each position becomes so many."""
    return {name: number(step.inputs[0][1 + axis]) * _factor(step, axis) for axis, name in enumerate(AXES)}


def _factor(step: TracedStep, axis: int) -> Fraction:
    return Fraction(step.shape[1 + axis], step.inputs[0][1 + axis])


def _binned(step: TracedStep) -> Sizes:
    """As many as bins were asked for: n divided by their distance."""
    if step.window is None or len(step.inputs[0]) != 3:
        return {}
    return {name: number(round(step.inputs[0][1 + i] / step.window.stride[i])) for i, name in enumerate(AXES)}


SIZES: dict[str, Callable[[TracedStep], Sizes]] = {
    "convolution": _windowed,
    "max_pool": _windowed,
    "Upsample": _enlarged,
    "avg_pool": _windowed,
    "adaptive_pool": _binned,
    "adaptive_max_pool": lambda step: _binned(step) if step.shape[1:] != (1, 1) else dict.fromkeys(AXES, number(1)),
    "mean": lambda step: (
        {"numbers": number(step.inputs[0][0])}
        if len(step.shape) == 1
        else dict.fromkeys(AXES if step.window else ["channels"], number(1))
    ),
    "sum": lambda step: dict.fromkeys(AXES, number(1)) if step.window and len(step.shape) == 3 else {},
    "largest": lambda step: {"channels": number(1)} if len(step.shape) == 3 and not step.window else {},
    "linear": lambda step: {"numbers": number(step.weight[-1])},
    "concat": _concatenated,
    "flatten": lambda step: {"numbers": product(*step.inputs[0])},
    "pad": _grown,
    "select": lambda step: {"channels": number(step.count)},
    "slice": lambda step: {"channels": number(step.count)} if step.shape[1:] == step.inputs[0][1:] else {},
}
"""what a step does -> the sizes of what it leaves"""


def _bins(step: TracedStep) -> Sizes:
    """The rows and columns of the widest bin: ⌈(n + m − gcd(n, m))/m⌉, or n/m where they are all alike."""
    sizes: Sizes = {}
    for n, m, name in zip(step.inputs[0][1:], step.shape[1:], AXES, strict=False):
        shared = math.gcd(n, m)
        sizes[name] = number(n) / m if n % m == 0 else ceil((number(n) + m - shared) / m)
    pairs = _paired(sizes)
    return {"widest bin" if what == "rows, columns" else f"widest bin {what}": worked for what, worked in pairs}


def _averaged(step: TracedStep) -> Sizes:
    """How many numbers are one mean, where all positions are."""
    every = product(*step.inputs[0][1:]) if step.inputs else number(0)
    return {"each the mean of": every} if every.value * math.prod(step.shape) == math.prod(step.inputs[0]) else {}


SPREADS: dict[str, Callable[[TracedStep], Sizes]] = {
    "mean": _averaged,
    "adaptive_pool": _bins,
}
"""what a step does -> how many numbers become one"""


# -- costs


def _params(step: TracedStep) -> Worked:
    """From the shapes of its own parameters."""
    if step.operation == "norm" and step.params and len(set(step.params)) == 1 and len(step.params) > 1:
        return number(len(step.params)) * product(*step.params[0])
    return total(*(_weights(step, shape) for shape in step.params))


def _weights(step: TracedStep, shape: Shape) -> Worked:
    """Rows, columns, channels in (a group's share of them), channels out, of a convolution; what is in and out."""
    if shape == step.weight and step.operation == "convolution" and len(shape) == 4:
        return product(*shape[2:], _channels_in(step), shape[0])
    if step.operation == "linear" and shape == step.weight[::-1]:
        return product(*step.weight)
    return product(*shape) if shape else number(1)


def _channels_in(step: TracedStep) -> Worked:
    """Channels that a kernel sees."""
    channels, share = step.inputs[0][0] if step.inputs else step.weight[1], step.weight[1]
    return number(channels) if channels == share else number(channels) / Fraction(channels, share)


def _macs(step: TracedStep) -> Worked | None:
    """Each number that comes out is a sum over a kernel, or over all that comes in."""
    if step.operation == "convolution" and len(step.weight) == 4:
        return product(*step.weight[2:], _channels_in(step), *step.shape)
    if step.operation == "convolution" and len(step.weight) == 5 and step.weight[:2] == (1, 1):  # along the channels
        return product(step.weight[2], *step.shape)
    if step.operation == "linear" and step.weight and step.inputs:
        return product(*step.weight, *step.inputs[0][:-1])
    return None


# -- receptive field


def _fields(step: TracedStep, fields: list[Field], input_field: Field) -> Iterator[FormulaLine]:
    """r + d·(k − 1)·j, and j·s for the distance of neighbours; of several inputs the largest counts."""
    field = input_field.then(step.field)
    rounded = [input_field.step[i] if step.input_field.step[i] % 1 or step.field.step[i] % 1 else 0 for i in (0, 1)]
    sees = {axis: _held_near(_field_after(step, fields, i), field.size[i], rounded[i]) for i, axis in enumerate(AXES)}
    apart = {axis: _held_near(_apart(step, fields, i), field.step[i], 0) for i, axis in enumerate(AXES)}
    alone = step.operation in ("mean", "flatten")  # one position has no neighbours
    for what, by_axis in (("sees", sees), ("apart", {} if alone else apart)):
        shown = {axis: worked for axis, worked in by_axis.items() if worked and not worked.is_plain}
        for name, worked in _paired(shown):
            yield FormulaLine(what if name == "rows, columns" else f"{what} {name}", worked)
    for i, axis in enumerate(AXES):
        if sees[axis] is None:
            yield FormulaLine(f"sees {axis}", number(field.size[i]), measured=True)
        if apart[axis] is None:
            yield FormulaLine(f"apart {axis}", number(field.step[i]), measured=True)


def _field_after(step: TracedStep, fields: list[Field], axis: int) -> Worked:
    """The same number, where the step looks at one position at a time."""
    size, distance = _before(fields, axis)
    if step.operation == "Upsample":  # bilinear: between two neighbours
        return (
            size + distance.value if getattr(step.layer, "mode", "") == "bilinear" and _factor(step, axis) > 1 else size
        )
    if step.window is None or (kernel := step.window.kernel[axis]) == 1:
        return size
    dilation = step.window.dilation[axis]
    taps = number(kernel) - 1
    return size + (taps if dilation == 1 else number(dilation) * taps) * distance.value


def _apart(step: TracedStep, fields: list[Field], axis: int) -> Worked:
    distance = _before(fields, axis)[1]
    if step.operation == "Upsample":
        return number(distance.value) / _factor(step, axis)
    if step.window is None or step.window.stride[axis] == 1:
        return distance
    adaptive = step.operation in ("adaptive_pool", "adaptive_max_pool")
    stride = number(step.inputs[0][1 + axis]) / step.shape[1 + axis] if adaptive else number(step.window.stride[axis])
    return number(distance.value) * stride


def _before(fields: list[Field], axis: int) -> tuple[Worked, Worked]:
    """The field, and the distance of neighbours, of what a step takes."""
    if not fields:
        return number(1), number(1)
    return largest(*(f.size[axis] for f in fields)), largest(*(f.step[axis] for f in fields))


def _held_near(worked: Worked, measured: float, rounded: float) -> Worked | None:
    """What was worked out, where it is what was measured, or was rounded to it; else None.

    Where an adaptive pool's bins differ in size the meta pass rounds a block's field to whole positions of its input,
    which lie `rounded` pixels apart.
    """
    exact = number(measured).value
    if worked.value == exact:
        return worked
    return about(worked, exact) if abs(worked.value - exact) < rounded else None
