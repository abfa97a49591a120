"""What becomes of a signal, and of its gradient, along layers that no shortcut helps, by how their weights start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile

from cnnlab.blocks.trace import INPUT, TracedStep
from cnnlab.lint.steps import StepGraph
from cnnlab.network.start import BOUNDED, is_paired

GROWS = math.sqrt(math.pi / (math.pi - 1))
"""what a gradient is multiplied by on its way back through a batch norm and a ReLU: Yang et al. 2019"""
NORMS = ("BatchNorm", "InstanceNorm")
RECTIFIERS = ("ReLU", "ReLU6", "LeakyReLU", "relu", "relu_")
SLOPES = {"Sigmoid": 1 / 16, "Hardsigmoid": 1 / 36, "Tanh": 1.0, "": 1.0}
"""of an activation, squared, at its steepest; of those not named, ReLU's kind, half the signal's square gets through"""


@dataclass(frozen=True)
class Signal:
    """What is left of a signal's size at a node, and after how many layers with weights."""

    size: float = 1.0
    layers: int = 0
    node: int = INPUT


@dataclass(frozen=True)
class Rectified:
    """Norms with a ReLU behind each that follow one another."""

    count: int = 0
    node: int = INPUT

    @property
    def growth(self) -> float:
        """Of a gradient, from the last of them to the first."""
        return GROWS**self.count


def rectified_norms(graph: StepGraph) -> Rectified:
    """The longest row of norms with a ReLU; of several ways to a node the row that has fewest of them counts."""
    by_node = {INPUT: Rectified()}
    for i, node in enumerate(graph.nodes):
        before = min((by_node[j] for j in node.takes), key=lambda row: row.count, default=Rectified())
        by_node[i] = Rectified(before.count + 1, i) if _rectifies_norm(graph, i) else before
    return max(by_node.values(), key=lambda row: row.count)


def _rectifies_norm(graph: StepGraph, i: int) -> bool:
    """Whether a node is a ReLU to which a norm's output comes, unless in the pairs of `looks_linear`."""
    act, *before = (graph.nodes[j].step for j in graph.back(i))
    if act.name not in RECTIFIERS:
        return False
    since = list(takewhile(lambda step: step.operation != "act", before))
    layer = next((step.layer for step in before if step.operation in ("convolution", "linear")), None)
    linear = layer is not None and getattr(layer, "start", ("", ""))[0] == "looks_linear" and is_paired(layer)
    return any(step.name.startswith(NORMS) for step in since) and not linear


def signal(graph: StepGraph) -> Signal:
    """The faintest place; of several inputs of a node the strongest counts, a norm makes the signal whole again."""
    by_node = {INPUT: Signal()}
    for i, node in enumerate(graph.nodes):
        before = max((by_node[j] for j in node.takes), key=lambda left: left.size, default=Signal())
        by_node[i] = Signal() if node.step.operation == "norm" else _through(node.step, before, i)
    outputs = [by_node[i] for i in graph.outputs.values()]
    return min(
        (left for left in [*outputs, *by_node.values()] if left.layers), key=lambda left: left.size, default=Signal()
    )


def _through(step: TracedStep, before: Signal, i: int) -> Signal:
    if step.operation in ("convolution", "linear"):
        return Signal(before.size * math.sqrt(_gain(step)), before.layers + 1, i)
    if step.operation == "act":
        return Signal(before.size * math.sqrt(SLOPES.get(step.name, 1.0)), before.layers, before.node)
    return before


def _gain(step: TracedStep) -> float:
    """Variance of a layer's first weights times the numbers that go into a sum, times what ReLU lets through."""
    init, act = getattr(step.layer, "start", ("", "none"))
    halved = 1.0 if act in ("none", "sigmoid", "tanh", "hardsigmoid") else 0.5
    weight = getattr(step.layer, "weight", None)
    if weight is None or weight.dim() < 2:
        return 1.0
    taps = math.prod(weight.shape[2:])
    fan_in, fan_out = weight.shape[1] * taps, weight.shape[0] * taps
    xavier = 2 * fan_in / (fan_in + fan_out)
    match init:
        case "default":
            return halved / 3
        case "kaiming_normal" | "kaiming_uniform":
            return 2 * halved
        case "xavier_normal" | "xavier_uniform":
            return xavier * halved
        case "orthogonal":
            return min(1.0, fan_in / weight.shape[0]) * halved
        case "auto" | "looks_linear" if act in BOUNDED:
            return xavier * (25 / 9 if act == "tanh" else 1.0)
    return 1.0
