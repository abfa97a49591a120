"""The smells: each a function that says what it finds in a design, its docstring the reason. SMELLS lists them.

A new smell is one function more, and its name in the list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from cnnlab.blocks.merge import Scope
from cnnlab.blocks.trace import TracedStep
from cnnlab.lint.finding import Design, Finding
from cnnlab.lint.maps import (
    field_beyond_image,
    field_smaller_than_image,
    pixels_that_nothing_reads,
    stride_beyond_window,
    window_beyond_map,
)
from cnnlab.lint.norms import bias_before_norm, dropout_before_batch_norm, few_numbers_to_norm
from cnnlab.lint.signal import rectified_norms, signal
from cnnlab.lint.steps import PlacedStep, StepGraph

MOST = 0.8
"""share of all parameters that is too much for one linear layer"""
FAINT = 0.01
"""share of a signal's size below which it is called lost"""
STEEP = 100
"""times that a gradient grows, from which it is reported"""

Smell = Callable[[Design], Iterator[Finding]]


def most_parameters_in_one_linear_layer(design: Design) -> Iterator[Finding]:
    """A linear layer behind a flattened map has a weight for each position of each channel, and learns at each of them
    anew what convolutions share; it is where most of a network's memory goes, and where it overfits first. Lin et al.
    2013, arXiv:1312.4400, §3.2, average each channel instead.
    """
    every = design.graph.params
    for i, node in enumerate(design.steps.nodes):
        own = sum(map(math.prod, node.step.params))
        if node.step.operation == "linear" and own > MOST * every and not node.row.startswith("aux."):
            share = f"{own:,} of {every:,} parameters ({own / every:.0%})"
            message = f"{share} in one linear layer, which takes {node.step.inputs[0][0]:,} numbers"
            before = [design.steps.nodes[j] for j in design.steps.back(i)]
            flat = [taken.stage for taken in before if taken.step.operation == "flatten"]
            tries = tuple(f"model.{stage}={{block: global_avg_pool}}" for stage in flat[:1])
            yield Finding((node.row,), message, {"parameters": own, "of": every}, tries)


def signal_lost_on_the_way(design: Design) -> Iterator[Finding]:
    """Without norms and shortcuts the size of a signal, and of its gradient on the way back, is multiplied at each
    layer by what its first weights and its activation make of it: torch's own first weights with ReLU by √(1/6), any
    with a sigmoid by 1/4 at most. Glorot & Bengio 2010 (PMLR 9); He et al. 2015, arXiv:1502.01852, §2.2.
    """
    faint = signal(design.steps)
    if faint.size < FAINT:
        left = f"{faint.size:.1g} of the signal, or of its gradient,"
        message = (
            f"{faint.layers} layers without norm or shortcut, which start and are activated so that {left} is left"
        )
        tries = ("model.init=auto", "model.act=relu", "model.norm=batch")
        yield Finding(
            (design.steps.nodes[faint.node].row,), message, {"left": faint.size, "layers": faint.layers}, tries
        )


def gradient_grows_on_the_way(design: Design) -> Iterator[Finding]:
    """Batch norm keeps a signal's size through any number of ReLUs, but not the gradient's: on its way back it grows by
    a fifth at each, and what the first layers learn drowns what the last ones do. Yang et al. 2019, arXiv:1902.08129.
    It is why plain networks of more than thirty layers hardly begin to learn, and what shortcuts are for.
    """
    row = rectified_norms(design.steps)
    if row.growth >= STEEP:
        message = f"{row.count} norms with a ReLU in a row: before training, a gradient grows about"
        figures = {"norms": row.count, "grows": row.growth}
        tries = ("model.init=looks_linear", "model.kinds.residual.shortcut=auto")
        yield Finding(
            (design.steps.nodes[row.node].row,), f"{message} {row.growth:.0e} times along them", figures, tries
        )


def names_in_alphabetical_order(design: Design) -> Iterator[Finding]:
    """The order of blocks is the order in which they run. A tool that sorts a file's keys changes the network, and
    often it still builds: conv1, conv2, pool1, pool2 where conv1, pool1, conv2, pool2 was written.
    """
    for section in ("body", "head"):
        names = [stage.name for stage in design.network.sections[section]]
        if len(names) > 2 and names == sorted(names) and _out_of_count(names):
            yield Finding((section,), f"its blocks stand in alphabetical order: {', '.join(names)}", {"names": names})


def _out_of_count(names: list[str]) -> bool:
    """Whether the numbers in names go back at some place, or a tenth stands before a second: c1, c2, s1, s2."""
    counts = [int(match[1]) for name in names if (match := re.search(r"(\d+)\D*$", name))]
    return any(later < earlier for earlier, later in pairwise(counts))


def later_copies_stride(design: Design) -> Iterator[Finding]:
    """Of several copies of a block only the first one strides, so that a stage has one size. A block that is made of
    others is told so through its own stride, or a parameter that is nothing but a stride inside of it; where a number
    is written there, every copy strides, and the map is the smaller for each.
    """
    steps: dict[str, set[tuple[int, ...]]] = {}
    for placed in design.graph.placed:
        copy = placed.address.rpartition(".")[2]
        if isinstance(placed.block, Scope) and copy.isdigit() and int(copy) and len(placed.shape) == 3:
            sizes = zip(placed.input.shape[1:], placed.shape[1:], strict=True)
            step = tuple(-(-before // left) for before, left in sizes)  # windows without padding shrink a map, too
            if max(step) > 1 and max(placed.trace.field.step) > 1:
                steps.setdefault(placed.stage, set()).add(step)
    for stage, stepped in steps.items():
        rows, columns = max(stepped)
        by = f"{rows:g}" if rows == columns else f"{rows:g}×{columns:g}"
        message = f"every copy strides by {by}, not the first alone: a number is written as the stride inside of it"
        yield Finding((stage,), message, {"stride": [rows, columns]})


def output_is_changed(design: Design) -> Iterator[Finding]:
    """The loss takes any numbers for its logits, and makes probabilities of them. An activation behind the last layer
    bounds them: a unit whose ReLU is at 0 for every image never learns, and sigmoid and tanh keep the loss from
    falling. `features: classes` marks the output layer, which inherits no activation; a width written as a number does
    so only at the very end of the network.
    """
    for end, last in design.steps.outputs.items():
        changed, layer = _behind_last_layer(design.steps, last)
        if layer is None:
            continue
        for node in changed:
            tries = (f"model.{layer.stage}.act=none",) if node.step.operation == "act" else ()
            yield Finding(
                (node.row,), f"{node.step.name} changes the {_logits(end)}{_bound(node.step, design)}", {}, tries
            )


def _behind_last_layer(graph: StepGraph, end: int) -> tuple[list[PlacedStep], PlacedStep | None]:
    """What changes the numbers that the last layer with weights leaves, and that layer."""
    changed = []
    for i in graph.back(end):
        node = graph.nodes[i]
        if node.step.operation in ("convolution", "linear"):
            return changed, node
        if node.step.operation in ("act", "norm", "dropout"):
            changed.append(node)
    return [], None


def _logits(end: str) -> str:
    return "logits" if end in ("head", "body") else f"logits of the auxiliary head {end.split('.')[1]}"


BOUNDS = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "ReLU6": (0.0, 6.0),
    "Hardsigmoid": (0.0, 1.0),
    "ReLU": (0.0, math.inf),
}
"""activations whose values have a lowest, and most of them a highest"""


def _bound(step: TracedStep, design: Design) -> str:
    """What an activation keeps the loss from: with one logit at its highest and all others at their lowest."""
    if step.name not in BOUNDS:
        return ""
    low, high = BOUNDS[step.name]
    if high == math.inf:
        return ": none can be below 0, and where it is 0 for every image it stays so"
    least = math.log1p((design.network.classes - 1) * math.exp(low - high))
    return f": all lie between {low:g} and {high:g}, the loss cannot fall below {least:.2f}"


SMELLS: tuple[Smell, ...] = (
    output_is_changed,
    names_in_alphabetical_order,
    signal_lost_on_the_way,
    gradient_grows_on_the_way,
    few_numbers_to_norm,
    window_beyond_map,
    field_beyond_image,
    field_smaller_than_image,
    stride_beyond_window,
    pixels_that_nothing_reads,
    later_copies_stride,
    dropout_before_batch_norm,
    bias_before_norm,
    most_parameters_in_one_linear_layer,
)
"""the worst first"""


def name(smell: Smell) -> str:
    return smell.__name__.replace("_", "-")  # type: ignore[attr-defined]
