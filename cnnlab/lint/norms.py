"""Smells of norms, and of what stands before them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from cnnlab.blocks.trace import TracedStep
from cnnlab.lint.finding import Design, Finding, unique
from cnnlab.lint.steps import PlacedStep, StepGraph
from cnnlab.text import plural

FEW = 32
"""numbers below which a mean and a variance over a batch are poor"""
FEW_OF_ONE = 8
"""the same over one image, where a norm leaves of n numbers n − 2"""


def few_numbers_to_norm(design: Design) -> Iterator[Finding]:
    """A norm divides by the spread of the numbers it is given. Of few numbers the spread is mostly chance, of one it is
    nothing: with one image, or on a map of 1×1, batch norm has one number an image for each channel, and its running
    averages, used in evaluation, differ from what training saw. Wu & He 2018, arXiv:1803.08494, fig. 1, measure what
    small batches cost.
    """
    few: dict[str, list[Few]] = {}
    for node in design.steps.nodes:
        if small := _few(node, design.batch_size):
            few.setdefault(small.norm, []).append(small)
    for norm, same in few.items():
        least = min(same, key=lambda small: small.count)
        unit = "a group" if norm == "group norm" else "a channel"
        numbers = f"{plural(least.count, 'number')} {unit}"
        fewest = " at the fewest" if any(small.count > least.count for small in same) else ""
        message = f"{norm} over {numbers}{fewest}: {least.of}"
        others = ("model.norm=group", "model.norm=layer", "data.batch_size=32")
        tries = others if norm == "batch norm" else ("model.norm=batch",)
        yield Finding(unique(small.row for small in same), message, {"numbers": least.count}, tries)


@dataclass(frozen=True)
class Few:
    """A norm over few numbers."""

    norm: str
    count: int
    of: str
    """whose numbers they are"""
    row: str


def _few(node: PlacedStep, batch: int) -> Few | None:
    """The norm of a node, where it is one over few numbers."""
    layer, shape = node.step.layer, node.step.shape
    if node.step.operation != "norm" or not shape:
        return None
    size = math.prod(shape[1:])
    on = f"maps of {shape[1]}×{shape[2]}" if len(shape) == 3 else "one a channel"
    match layer:
        case nn.modules.batchnorm._BatchNorm():
            poor = batch == 1 or batch * size < FEW or shape[1:] == (1, 1)
            images = "one image" if batch == 1 else f"{batch} images"
            return Few("batch norm", batch * size, f"{images}, {on}", node.row) if poor else None
        case nn.modules.instancenorm._InstanceNorm():
            return Few("instance norm", size, on, node.row) if size < FEW_OF_ONE else None
        case nn.GroupNorm():
            channels = shape[0] // layer.num_groups
            of = f"{plural(channels, 'channel')}, {on}"
            return Few("group norm", channels * size, of, node.row) if channels * size < FEW_OF_ONE else None
    return None


def bias_before_norm(design: Design) -> Iterator[Finding]:
    """Batch norm and instance norm subtract each channel's mean, and with it whatever a bias added to that channel: the
    bias has no effect and a gradient of 0, and norm has a shift of its own. Ioffe & Szegedy 2015, arXiv:1502.03167,
    §3.2. `bias: auto` leaves it out where a norm follows.
    """
    graph, rows, wasted = design.steps, [], 0
    for i, node in enumerate(graph.nodes):
        takers = [graph.nodes[j] for j in graph.takers[i]]
        if _bias(node.step) and takers and all(_subtracts_mean(taker.step) for taker in takers):
            rows.append(node.row)
            wasted += _bias(node.step)
    if rows:
        message = f"{wasted:,} biases that the norm behind them subtracts again"
        tries = ("model.bias=auto", *(f"model.{name}.bias=auto" for name in design.stages(rows)[:1]))
        yield Finding(unique(rows), message, {"parameters": wasted}, tries)


def _bias(step: TracedStep) -> int:
    """How many numbers a layer's bias has."""
    bias = getattr(step.layer, "bias", None) if step.operation in ("convolution", "linear") else None
    return 0 if bias is None else bias.numel()


def _subtracts_mean(step: TracedStep) -> bool:
    """Whether each channel's own mean is subtracted."""
    if isinstance(step.layer, nn.GroupNorm):
        return step.layer.num_groups == step.layer.num_channels
    return isinstance(step.layer, nn.modules.batchnorm._NormBase)


def dropout_before_batch_norm(design: Design) -> Iterator[Finding]:
    """Dropout makes the numbers that are left 1/(1 − p) times as large in training, and not in evaluation; a batch norm
    behind it keeps running averages of what training saw, and divides by the wrong spread in evaluation. Li et al.
    2018, arXiv:1801.05134.
    """
    graph = design.steps
    for i, node in enumerate(graph.nodes):
        share = getattr(node.step.layer, "p", 0.0)
        if node.step.operation != "dropout" or node.step.name == "StochasticDepth" or not share:
            continue
        if norm := _next_batch_norm(graph, i):
            factor = f"{1 / (1 - share):.2g} times the mean square in training"
            message = f"drops {share:.0%} before the batch norm of {norm.row}, which sees {factor}"
            yield Finding((node.row,), message, {"p": share, "norm": norm.row})


def _next_batch_norm(graph: StepGraph, i: int) -> PlacedStep | None:
    """The first batch norm that what a node leaves comes to, if any."""
    waiting, known = list(graph.takers[i]), set()
    while waiting:
        j = waiting.pop(0)
        node = graph.nodes[j]
        if isinstance(node.step.layer, nn.modules.batchnorm._BatchNorm):
            return node
        if j not in known and node.step.operation != "norm":
            known.add(j)
            waiting += graph.takers[j]
    return None
