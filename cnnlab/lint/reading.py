"""Which positions of a map a window reads, and which of its taps read any."""

from __future__ import annotations

from cnnlab.blocks.trace import TracedStep
from cnnlab.lint.steps import PlacedStep, StepGraph

SLIDING = ("convolution", "max_pool", "avg_pool")


def unread(graph: StepGraph, i: int) -> tuple[float, list[PlacedStep]]:
    """The share of a node's positions that no window reads, where one steps further than it looks, and who steps so."""
    takers = [_padded(graph, j) for j in graph.takers[i]]
    if not takers or any(step.operation not in SLIDING for _, step, _ in takers) or len(graph.shape(i)) != 3:
        return 0.0, []
    skipping = [node for node, step, _ in takers if _skips(step)]
    if not skipping:
        return 0.0, []
    _, rows, columns = graph.shape(i)
    read = set()
    for _, step, pads in takers:
        down, across = (_positions(step, axis, pads, n) for axis, n in enumerate((rows, columns)))
        read |= {(y, x) for y in down for x in across}
    return 1 - len(read) / (rows * columns), skipping


def _padded(graph: StepGraph, j: int) -> tuple[PlacedStep, TracedStep, tuple[int, ...]]:
    """A node that takes a map, its step and pads; where it does nothing but pad, the one it pads for."""
    node = graph.nodes[j]
    takers = graph.takers[j]
    if node.step.operation == "pad" and len(takers) == 1 and not node.step.count:
        inner = graph.nodes[takers[0]]
        return inner, inner.step, tuple(a + b for a, b in zip(node.step.pads, inner.step.pads, strict=True))
    return node, node.step, node.step.pads


def _skips(step: TracedStep) -> bool:
    window = step.window
    if window is None or len(step.shape) != 3:
        return False
    spans = [d * (k - 1) + 1 for k, d in zip(window.kernel, window.dilation, strict=True)]
    return any(stride > span for stride, span in zip(window.stride, spans, strict=True))


def _positions(step: TracedStep, axis: int, pads: tuple[int, ...], size: int) -> set[int]:
    """Rows (or columns) that the window reads."""
    return {position for taps in _taps(step, axis, pads, size) for position in taps}


def _taps(step: TracedStep, axis: int, pads: tuple[int, ...], size: int) -> list[list[int]]:
    """For each tap of the window, the rows (or columns) of the map that it comes to lie on."""
    assert step.window
    kernel, stride, dilation = (part[axis] for part in (step.window.kernel, step.window.stride, step.window.dilation))
    starts = [int(stride) * i - pads[2 * axis] for i in range(step.shape[1 + axis])]
    reached = [[start + int(dilation) * tap for start in starts] for tap in range(int(kernel))]
    return [[position for position in lies if 0 <= position < size] for lies in reached]


def dead_weights(graph: StepGraph, node: PlacedStep) -> int:
    """How many of a convolution's weights never meet a number of its map."""
    step = node.step
    if step.operation != "convolution" or len(step.weight) != 4 or step.weight not in step.params:
        return 0
    source, pads = node.takes[0], step.pads
    if source >= 0 and graph.nodes[source].step.operation == "pad":
        pads = tuple(a + b for a, b in zip(pads, graph.nodes[source].step.pads, strict=True))
        source = graph.nodes[source].takes[0]
    alive = [sum(bool(taps) for taps in _taps(step, axis, pads, graph.shape(source)[1 + axis])) for axis in (0, 1)]
    out, share, rows, columns = step.weight
    return out * share * (rows * columns - alive[0] * alive[1])
