"""Smells of norms, and of what stands before them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import nn

from cnnlab.blocks.trace import Step
from cnnlab.lint.finding import Design, Finding, unique
from cnnlab.lint.graph import Graph, Node

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
    few: dict[tuple[str, int, str], list[str]] = {}
    for node in design.graph.nodes:
        counted = _normed_together(node.step, design.batch_size)
        if counted:
            few.setdefault(counted, []).append(node.row)
    for (kind, count, of), rows in few.items():
        numbers = f"{count} number{'s' if count > 1 else ''} {'a group' if kind == 'group norm' else 'a channel'}"
        tries = (
            ("model.norm=group", "model.norm=layer", "data.batch_size=32")
            if kind == "batch norm"
            else ("model.norm=batch",)
        )
        yield Finding(unique(rows), f"{kind} over {numbers}: {of}", {"numbers": count}, tries)


def _normed_together(step: Step, batch: int) -> tuple[str, int, str] | None:
    """The norm, over how many numbers it takes its mean, and which; None where those are enough."""
    if step.does != "norm" or isinstance(step.layer, nn.LocalResponseNorm):
        return None
    size = math.prod(step.shape[1:]) if len(step.shape) > 1 else 1
    on = f"maps of {step.shape[1]}×{step.shape[2]}" if len(step.shape) == 3 else "one a channel"
    if isinstance(step.layer, nn.modules.batchnorm._BatchNorm):
        images = "one image" if batch == 1 else f"{batch} images"
        pixel = len(step.shape) == 3 and size == 1
        poor = batch == 1 or batch * size < FEW or pixel
        return ("batch norm", batch * size, f"{images}, {on}") if poor else None
    if isinstance(step.layer, nn.modules.instancenorm._InstanceNorm):
        return ("instance norm", size, on) if size < FEW_OF_ONE else None
    if isinstance(step.layer, nn.GroupNorm) and step.shape:
        channels = step.shape[0] // step.layer.num_groups
        few = channels * size < FEW_OF_ONE
        return (
            ("group norm", channels * size, f"{channels} channel{'s' if channels > 1 else ''}, {on}") if few else None
        )
    return None


def bias_before_norm(design: Design) -> Iterator[Finding]:
    """Batch norm and instance norm subtract each channel's mean, and with it whatever a bias added to that channel: the
    bias has no effect and a gradient of 0, and norm has a shift of its own. Ioffe & Szegedy 2015, arXiv:1502.03167,
    §3.2. `bias: auto` leaves it out where a norm follows.
    """
    graph, rows, wasted = design.graph, [], 0
    for i, node in enumerate(graph.nodes):
        takers = [graph.nodes[j] for j in graph.takers[i]]
        if _bias(node.step) and takers and all(_subtracts_mean(taker.step) for taker in takers):
            rows.append(node.row)
            wasted += _bias(node.step)
    if rows:
        said = f"{wasted:,} biases that the norm behind them subtracts again"
        tries = ("model.bias=auto", *(f"model.{name}.bias=auto" for name in design.stages(rows)[:1]))
        yield Finding(unique(rows), said, {"parameters": wasted}, tries)


def _bias(step: Step) -> int:
    """How many numbers a layer's bias has."""
    bias = getattr(step.layer, "bias", None) if step.does in ("convolution", "linear") else None
    return 0 if bias is None else bias.numel()


def _subtracts_mean(step: Step) -> bool:
    """Whether each channel's own mean is subtracted."""
    if isinstance(step.layer, nn.GroupNorm):
        return step.layer.num_groups == step.layer.num_channels
    return isinstance(step.layer, nn.modules.batchnorm._NormBase)


def dropout_before_batch_norm(design: Design) -> Iterator[Finding]:
    """Dropout makes the numbers that are left 1/(1 − p) times as large in training, and not in evaluation; a batch norm
    behind it keeps running averages of what training saw, and divides by the wrong spread in evaluation. Li et al.
    2018, arXiv:1801.05134.
    """
    graph = design.graph
    for i, node in enumerate(graph.nodes):
        share = getattr(node.step.layer, "p", 0.0)
        if node.step.does != "dropout" or node.step.name == "StochasticDepth" or not share:
            continue
        if norm := _next_batch_norm(graph, i):
            factor = f"{1 / (1 - share):.2g} times the mean square in training"
            said = f"drops {share:.0%} before the batch norm of {norm.row}, which sees {factor}"
            yield Finding((node.row,), said, {"p": share, "norm": norm.row})


def _next_batch_norm(graph: Graph, i: int) -> Node | None:
    """The first batch norm that what a node leaves comes to, if any."""
    waiting, known = list(graph.takers[i]), set()
    while waiting:
        j = waiting.pop(0)
        node = graph.nodes[j]
        if isinstance(node.step.layer, nn.modules.batchnorm._BatchNorm):
            return node
        if j not in known and node.step.does != "norm":
            known.add(j)
            waiting += graph.takers[j]
    return None
