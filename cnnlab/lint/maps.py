"""Smells of windows, their maps, and what they see of the image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from cnnlab.blocks.trace import INPUT
from cnnlab.lint.finding import Design, Finding, unique
from cnnlab.lint.reading import dead_weights, first_edge_left_out, pixels_read, unread
from cnnlab.lint.steps import PlacedStep, StepGraph

UNPRODUCTIVE = 0.1
"""share of the convolutions' multiply-adds from which on it is told that they see nothing new"""
NARROW = 0.9
"""share of the image that a position should see before positions are averaged"""


def stride_beyond_window(design: Design) -> Iterator[Finding]:
    """A window that moves further than it is wide leaves out what lies between: it was computed, and nothing reads it.
    Beside a path that reads all, as in the shortcut of a residual block, nothing is lost. He et al. 2018,
    arXiv:1812.01187, §4.2, name it for the 1×1 convolutions of the first ResNets.
    """
    graph, rows, shares = design.steps, [], []
    for i in graph.takers:
        share, takers = unread(graph, i)
        if share:
            rows += [taker.row for taker in takers[:1]]
            shares.append(share)
    if rows:
        most = max(shares)
        tries = [f"model.kinds.{kind}.stride_at=conv2" for kind in _kinds(design, rows, "stride_at")]
        tries += [f"model.{name}.kernel_size={_stride(design, name)}" for name in design.stages(rows)[:1]]
        message = f"steps further than it looks: {most:.0%} of the positions it is given are read by nothing"
        yield Finding(unique(rows), message, {"unread": round(most, 4)}, tuple(tries))


def pixels_that_nothing_reads(design: Design) -> Iterator[Finding]:
    """Where windows do not come out even, the last one ends before the edge of the map, and what lies behind it was
    recorded for nothing; the images are cut without a word. Padding `same` reads all, and so does any window whose
    steps come out even.
    """
    unread = ~pixels_read(design.steps)
    takers = first_edge_left_out(design.steps) if unread.any() else []
    if takers:
        count, every = int(unread.sum()), unread.numel()
        message = f"its windows end before the edge: {count:,} of {every:,} pixels of the image are read by nothing"
        stages = design.stages(taker.row for taker in takers)
        tries = [f"model.{stage}.{word}" for stage in stages for word in ("ceil_mode=true", "padding=same")]
        yield Finding(unique(taker.row for taker in takers), message, {"pixels": count, "of": every}, tuple(tries))


def _stride(design: Design, stage: str) -> int:
    windows = [node.step.window for node in design.steps.nodes if node.stage == stage and node.step.window]
    return max((int(max(window.stride)) for window in windows), default=1)


def _kinds(design: Design, rows: Iterable[str], setting: str) -> list[str]:
    """The kinds of the blocks of these rows that take a setting."""
    blocks = [design.graph.by_name[row].block for row in rows]
    return list(unique(block.block for block in blocks if setting in type(block).model_fields))


def field_smaller_than_image(design: Design) -> Iterator[Finding]:
    """Where maps are averaged over all positions, nothing that no single position sees can be told: the parts are seen,
    and how they lie to each other is not. Araujo, Norris & Sim 2019, doi:10.23915/distill.00021, find accuracy to grow
    with the receptive field.
    """
    for node in _averaged(design.steps, "head"):
        size = design.steps.field(node.takes[0]).size
        share = math.prod(min(s, n) / n for s, n in zip(size, design.image, strict=True))
        if share < NARROW:
            image = f"{design.image[0]}×{design.image[1]}"
            message = f"averages positions that see {size[0]}×{size[1]} of {image} pixels ({share:.0%})"
            yield Finding((node.row,), message, {"receptive_field": list(size), "image": list(design.image)})


def _averaged(graph: StepGraph, end: str) -> Iterator[PlacedStep]:
    """The nodes that average maps, on the way to an output; those after a layer that mixes positions do not count."""
    for i in graph.back(graph.outputs.get(end, INPUT)):
        node = graph.nodes[i]
        if (
            node.step.operation == "mean"
            and node.step.window
            and len(node.step.inputs[0]) == 3
            and math.prod(node.step.inputs[0][1:]) > 1
        ):
            yield node


def field_beyond_image(design: Design) -> Iterator[Finding]:
    """Once each position sees the whole image by every path, convolutions with larger windows learn no larger pattern:
    Richter et al. 2021, arXiv:2106.12307, found layers beyond that border to add little to accuracy. Shortcuts and 1×1
    branches see less, and the path that sees least counts.
    """
    nodes = [
        node for node in design.steps.nodes if node.step.operation == "convolution" and not node.row.startswith("aux.")
    ]
    idle = [node for node in nodes if _wide(node) and _covers(design.steps.least(node.takes[0]).size, design.image)]
    macs, every = sum(node.step.macs for node in idle), sum(node.step.macs for node in nodes)
    if idle and macs >= UNPRODUCTIVE * every:
        params = sum(math.prod(shape) for node in idle for shape in node.step.params)
        size = design.steps.least(idle[0].takes[0]).size
        message = (
            f"{len(idle)} of {len(nodes)} convolutions begin where {size[0]}×{size[1]} pixels are seen of "
            f"{design.image[0]}×{design.image[1]}; they have {params / design.graph.params:.0%} of the parameters"
        )
        figures = {"convolutions": len(idle), "of": len(nodes), "parameters": params, "macs": macs}
        yield Finding(unique(node.row for node in idle), message, figures)


def _wide(node: PlacedStep) -> bool:
    return node.step.window is not None and max(node.step.window.kernel) > 1


def _covers(size: tuple[int, int], image: tuple[int, int]) -> bool:
    return size[0] > image[0] and size[1] > image[1]


def window_beyond_map(design: Design) -> Iterator[Finding]:
    """A window larger than its map reaches into padding at every position; weights that meet nothing but zeros have a
    gradient of 0: they never learn, and cost memory all the same. The images are too small for the network's strides:
    enlarge them, or take a network that was made for such.
    """
    rows, dead = [], 0
    for node in design.steps.nodes:
        count = dead_weights(design.steps, node)
        if count:
            rows.append(node.row)
            dead += count
    if dead:
        share = dead / design.graph.params
        message = f"{dead:,} weights ({share:.0%} of all parameters) meet nothing but padding: the maps are too small"
        tries = tuple(f"model.min_size={size}" for size in (32, 64, 128, 224) if size > min(design.image))
        yield Finding(unique(rows), message, {"parameters": dead, "of": design.graph.params}, tries)
