"""Which positions of a map a window reads, and which of its taps read any."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlab.blocks.trace import INPUT, TracedStep
from cnnlab.lint.steps import PlacedStep, StepGraph

SLIDING = ("convolution", "max_pool", "avg_pool")


def unread(graph: StepGraph, i: int) -> tuple[float, list[PlacedStep]]:
    """The share of a node's positions that no window reads, where one steps further than it looks, and who steps so."""
    skipping = [node for node, step, _ in _sliding(graph, i) if _skips(step)]
    return (_share_unread(graph, i), skipping) if skipping else (0.0, [])


def first_edge_left_out(graph: StepGraph) -> list[PlacedStep]:
    """Those that take the first map whose windows end before it does, though none steps further than it looks."""
    for i in graph.takers:
        takers = _sliding(graph, i)
        if takers and not any(_skips(step) for _, step, _ in takers) and _share_unread(graph, i):
            return [node for node, *_ in takers]
    return []


def _sliding(graph: StepGraph, i: int) -> list[tuple[PlacedStep, TracedStep, tuple[int, ...]]]:
    """Those that take a node's map, their steps and pads; none where one of them is no window."""
    takers = [_padded(graph, j) for j in graph.takers[i]]
    windows = all(step.operation in SLIDING for _, step, _ in takers) and len(graph.shape(i)) == 3
    return takers if windows else []


def _share_unread(graph: StepGraph, i: int) -> float:
    """The share of a node's positions that none of the windows over it reads."""
    _, rows, columns = graph.shape(i)
    read = torch.zeros(rows, columns, dtype=torch.bool)
    for _, step, pads in _sliding(graph, i):
        read |= _read_by(step, torch.ones(step.shape[1:]), pads, (rows, columns))
    return 1 - read.float().mean().item()


def pixels_read(graph: StepGraph) -> Tensor:
    """Which pixels of the image reach the output: true and false, by row and column."""
    read = {i: torch.zeros(graph.shape(i)[1:], dtype=torch.bool) for i in graph.takers if len(graph.shape(i)) == 3}
    ends = {end for section, end in graph.outputs.items() if not section.startswith("aux.")}
    for i in reversed(range(len(graph.nodes))):
        step = graph.nodes[i].step
        left = read.get(i, torch.ones(1, dtype=torch.bool)) | (i in ends)
        for source in graph.nodes[i].takes:
            if source in read and left.any():
                read[source] |= _taken(step, left, graph.shape(source)[1:])
    return read[INPUT]


def _taken(step: TracedStep, left: Tensor, size: tuple[int, ...]) -> Tensor:
    """The positions, of a map of `size`, that a step takes for those `left` of its output that matter."""
    if step.operation in SLIDING and step.window and len(step.shape) == 3:
        return _read_by(step, left.float(), step.pads, size)
    if step.operation == "pad" and left.dim() == 2:
        top, _, before, _ = step.pads
        return left[top : top + size[0], before : before + size[1]]
    return left if tuple(left.shape) == size else torch.ones(size, dtype=torch.bool)


def _read_by(step: TracedStep, left: Tensor, pads: tuple[int, ...], size: tuple[int, ...]) -> Tensor:
    """The positions, of a map of `size`, that a window reads for those `left` of its output that matter."""
    down, across = (_reached(step, axis, pads, size[axis]) for axis in (0, 1))
    return down.T @ left @ across > 0


def _reached(step: TracedStep, axis: int, pads: tuple[int, ...], size: int) -> Tensor:
    """By row (or column) of the output and of the map: 1 where the window reads."""
    reached = torch.zeros(step.shape[1 + axis], size)
    for lies in _taps(step, axis, pads):
        for out, place in enumerate(lies):
            if 0 <= place < size:
                reached[out, place] = 1.0
    return reached


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


def _taps(step: TracedStep, axis: int, pads: tuple[int, ...]) -> list[list[int]]:
    """For each tap of the window, the rows (or columns) of the map that it comes to lie on, padding among them."""
    assert step.window
    kernel, stride, dilation = (part[axis] for part in (step.window.kernel, step.window.stride, step.window.dilation))
    starts = [int(stride) * i - pads[2 * axis] for i in range(step.shape[1 + axis])]
    return [[start + int(dilation) * tap for start in starts] for tap in range(int(kernel))]


def dead_weights(graph: StepGraph, node: PlacedStep) -> int:
    """How many of a convolution's weights never meet a number of its map."""
    step = node.step
    if step.operation != "convolution" or len(step.weight) != 4 or step.weight not in step.params:
        return 0
    source, pads = node.takes[0], step.pads
    if source >= 0 and graph.nodes[source].step.operation == "pad":
        pads = tuple(a + b for a, b in zip(pads, graph.nodes[source].step.pads, strict=True))
        source = graph.nodes[source].takes[0]
    sizes = graph.shape(source)[1:]
    alive = [
        sum(any(0 <= position < sizes[axis] for position in lies) for lies in _taps(step, axis, pads))
        for axis in (0, 1)
    ]
    out, share, rows, columns = step.weight
    return out * share * (rows * columns - alive[0] * alive[1])
