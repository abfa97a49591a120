"""The smells: each a function that says what it finds in a design, its docstring the reason. SMELLS lists them.

A new smell is one function more, and its name in the list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator

from torch import nn

from cnnlab.blocks.trace import INPUT, Step
from cnnlab.lint.finding import Design, Finding
from cnnlab.lint.graph import Graph, Node
from cnnlab.lint.reading import dead_weights, unread
from cnnlab.lint.signal import signal

FEW = 32
"""numbers below which a mean and a variance over a batch are poor"""
FEW_OF_ONE = 8
"""the same over one image, where a norm leaves of n numbers n − 2"""
MOST = 0.8
"""share of all parameters that is too much for one linear layer"""
FAINT = 0.01
"""share of a signal's size below which it is called lost"""
UNPRODUCTIVE = 0.1
"""share of the convolutions' multiply-adds from which on it is told that they see nothing new"""
NARROW = 0.9
"""share of the image that a position should see before positions are averaged"""

Smell = Callable[[Design], Iterator[Finding]]


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
        tries = ("model.norm=group", "model.norm=layer", "data.batch_size=32") if kind == "batch norm" else ("model.norm=batch",)
        yield Finding(_unique(rows), f"{kind} over {numbers}: {of}", {"numbers": count}, tries)


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
    if isinstance(step.layer, nn.GroupNorm):
        channels = step.shape[0] // step.layer.num_groups
        few = channels * size < FEW_OF_ONE
        return ("group norm", channels * size, f"{channels} channels, {on}") if few else None
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
        tries = ("model.bias=auto", *(f"model.{name}.bias=auto" for name in _unique(_stages(design, rows))[:1]))
        yield Finding(_unique(rows), said, {"parameters": wasted}, tries)


def _bias(step: Step) -> int:
    """How many numbers a layer's bias has."""
    bias = getattr(step.layer, "bias", None) if step.does in ("convolution", "linear") else None
    return 0 if bias is None else bias.numel()


def _subtracts_mean(step: Step) -> bool:
    """Whether each channel's own mean is subtracted."""
    if isinstance(step.layer, nn.GroupNorm):
        return step.layer.num_groups == step.layer.num_channels
    return isinstance(step.layer, nn.modules.batchnorm._NormBase)


def stride_beyond_window(design: Design) -> Iterator[Finding]:
    """A window that moves further than it is wide leaves out what lies between: it was computed, and nothing reads it.
    Beside a path that reads all, as in the shortcut of a residual block, nothing is lost. He et al. 2018,
    arXiv:1812.01187, §4.1, name it for the 1×1 convolutions of the first ResNets.
    """
    graph, rows, shares = design.graph, [], []
    for i in graph.takers:
        share, takers = unread(graph, i)
        if share:
            rows += [taker.row for taker in takers[:1]]
            shares.append(share)
    if rows:
        most = max(shares)
        tries = [f"model.kinds.{kind}.stride_at=conv2" for kind in _kinds(design, rows, "stride_at")]
        tries += [f"model.{name}.kernel_size={_stride(design, name)}" for name in _unique(_stages(design, rows))[:1]]
        said = f"steps further than it looks: {most:.0%} of the positions it is given are read by nothing"
        yield Finding(_unique(rows), said, {"unread": round(most, 4)}, tuple(tries))


def _stride(design: Design, stage: str) -> int:
    windows = [node.step.window for node in design.graph.nodes if node.stage == stage and node.step.window]
    return max((int(max(window.stride)) for window in windows), default=1)


def _kinds(design: Design, rows: Iterable[str], setting: str) -> list[str]:
    """The kinds of the blocks of these rows that take a setting."""
    blocks = [design.plan.given[row][0] for row in rows]
    return list(_unique(block.block for block in blocks if setting in type(block).model_fields))


def most_parameters_in_one_linear_layer(design: Design) -> Iterator[Finding]:
    """A linear layer behind a flattened map has a weight for each position of each channel, and learns at each of them
    anew what convolutions share; it is where most of a network's memory goes, and where it overfits first. Lin et al.
    2013, arXiv:1312.4400, §3.2, average each channel instead.
    """
    every = design.plan.params
    for i, node in enumerate(design.graph.nodes):
        own = sum(map(math.prod, node.step.params))
        if node.step.does == "linear" and own > MOST * every and not node.row.startswith("aux."):
            share = f"{own:,} of {every:,} parameters ({own / every:.0%})"
            said = f"{share} in one linear layer, which takes {node.step.given[0][0]:,} numbers"
            before = [design.graph.nodes[j] for j in design.graph.back(i)]
            flat = [taken.stage for taken in before if taken.step.does == "flatten"]
            tries = tuple(f"model.{stage}={{block: global_avg_pool}}" for stage in flat[:1])
            yield Finding((node.row,), said, {"parameters": own, "of": every}, tries)


def field_smaller_than_image(design: Design) -> Iterator[Finding]:
    """Where maps are averaged over all positions, nothing that no single position sees can be told: the parts are seen,
    and how they lie to each other is not. Araujo, Norris & Sim 2019, doi:10.23915/distill.00021, find accuracy to grow
    with the receptive field.
    """
    for node in _averaged(design.graph, "head"):
        size = design.graph.seen(node.takes[0]).size
        share = math.prod(min(s, n) / n for s, n in zip(size, design.image, strict=True))
        if share < NARROW:
            image = f"{design.image[0]}×{design.image[1]}"
            said = f"averages positions that see {size[0]}×{size[1]} of {image} pixels ({share:.0%})"
            yield Finding((node.row,), said, {"receptive_field": list(size), "image": list(design.image)})


def _averaged(graph: Graph, end: str) -> Iterator[Node]:
    """The nodes that average maps, on the way to an output; those after a layer that mixes positions do not count."""
    for i in graph.back(graph.ends.get(end, INPUT)):
        node = graph.nodes[i]
        if node.step.does == "mean" and len(node.step.given[0]) == 3 and math.prod(node.step.given[0][1:]) > 1:
            yield node


def field_beyond_image(design: Design) -> Iterator[Finding]:
    """Once each position sees the whole image by every path, convolutions with larger windows learn no larger pattern:
    Richter et al. 2021, arXiv:2106.12307, found layers beyond that border to add nothing to accuracy. Shortcuts and 1×1
    branches see less, and the path that sees least counts.
    """
    nodes = [node for node in design.graph.nodes if node.step.does == "convolution" and not node.row.startswith("aux.")]
    idle = [node for node in nodes if _wide(node) and _covers(design.graph.least(node.takes[0]).size, design.image)]
    macs, every = sum(node.step.macs for node in idle), sum(node.step.macs for node in nodes)
    if idle and macs >= UNPRODUCTIVE * every:
        params = sum(math.prod(shape) for node in idle for shape in node.step.params)
        size = design.graph.least(idle[0].takes[0]).size
        said = (
            f"{len(idle)} of {len(nodes)} convolutions begin where {size[0]}×{size[1]} pixels are seen of "
            f"{design.image[0]}×{design.image[1]}; they have {params / design.plan.params:.0%} of the parameters"
        )
        figures = {"convolutions": len(idle), "of": len(nodes), "parameters": params, "macs": macs}
        yield Finding(_unique(node.row for node in idle), said, figures)


def _wide(node: Node) -> bool:
    return node.step.window is not None and max(node.step.window.kernel) > 1


def _covers(size: tuple[int, int], image: tuple[int, int]) -> bool:
    return size[0] > image[0] and size[1] > image[1]


def window_beyond_map(design: Design) -> Iterator[Finding]:
    """A window larger than its map reaches into padding at every position; weights that meet nothing but zeros have a
    gradient of 0: they never learn, and cost memory all the same. The images are too small for the network's strides:
    enlarge them, or take a network that was made for such.
    """
    rows, dead = [], 0
    for node in design.graph.nodes:
        count = dead_weights(design.graph, node)
        if count:
            rows.append(node.row)
            dead += count
    if dead:
        share = dead / design.plan.params
        said = f"{dead:,} weights ({share:.0%} of all parameters) meet nothing but padding: the maps are too small"
        tries = tuple(f"model.min_size={size}" for size in (32, 64, 128, 224) if size > min(design.image))
        yield Finding(_unique(rows), said, {"parameters": dead, "of": design.plan.params}, tries)


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


def signal_lost_on_the_way(design: Design) -> Iterator[Finding]:
    """Without norms and shortcuts the size of a signal, and of its gradient on the way back, is multiplied at each
    layer by what its first weights and its activation make of it: torch's own first weights with ReLU by √(1/6), any
    with a sigmoid by 1/4 at most. Glorot & Bengio 2010 (AISTATS 9); He et al. 2015, arXiv:1502.01852, §2.2.
    """
    faint = signal(design.graph)
    if faint.size < FAINT:
        left = f"{faint.size:.1g} of the signal, or of its gradient,"
        said = f"{faint.layers} layers without norm or shortcut, which start and are activated so that {left} is left"
        tries = ("model.init=auto", "model.act=relu", "model.norm=batch")
        yield Finding((design.graph.nodes[faint.node].row,), said, {"left": faint.size, "layers": faint.layers}, tries)


def names_in_alphabetical_order(design: Design) -> Iterator[Finding]:
    """The order of blocks is the order in which they run. Tools that sort a file's keys change the network, and often it
    still builds: conv1, conv2, pool1, pool2 where conv1, pool1, conv2, pool2 was written.
    """
    for section in ("body", "head"):
        names = [stage.name for stage in design.network.sections[section]]
        if len(names) > 2 and names == sorted(names) and _out_of_count(names):
            yield Finding((section,), f"its blocks stand in alphabetical order: {', '.join(names)}", {"names": names})


def _out_of_count(names: list[str]) -> bool:
    """Whether the numbers in names go back at some place, or a tenth stands before a second: c1, c2, s1, s2."""
    counts = [int(found[1]) for name in names if (found := re.search(r"(\d+)\D*$", name))]
    return any(later < earlier for earlier, later in zip(counts, counts[1:], strict=False))


def output_is_changed(design: Design) -> Iterator[Finding]:
    """The loss takes any numbers for its logits, and makes probabilities of them. An activation behind the last layer
    bounds them: a unit whose ReLU is at 0 for every image never learns, and sigmoid and tanh keep the loss from falling.
    `features: classes` marks the output layer, which inherits no activation; a width written as a number does so only
    at the very end of the network.
    """
    for end, last in design.graph.ends.items():
        changed, layer = _behind_last_layer(design.graph, last)
        if layer is None:
            continue
        for node in changed:
            tries = (f"model.{layer.stage}.act=none",) if node.step.does == "act" else ()
            yield Finding((node.row,), f"{node.step.name} changes the {_logits(end)}{_bound(node.step, design)}", {}, tries)


def _behind_last_layer(graph: Graph, end: int) -> tuple[list[Node], Node | None]:
    """What changes the numbers that the last layer with weights leaves, and that layer."""
    changed = []
    for i in graph.back(end):
        node = graph.nodes[i]
        if node.step.does in ("convolution", "linear"):
            return changed, node
        if node.step.does in ("act", "norm", "dropout"):
            changed.append(node)
    return [], None


def _logits(end: str) -> str:
    return "logits" if end in ("head", "body") else f"logits of the auxiliary head {end.split('.')[1]}"


BOUNDS = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU6": (0.0, 6.0), "Hardsigmoid": (0.0, 1.0), "ReLU": (0.0, math.inf)}
"""activations whose values have a lowest, and most of them a highest"""


def _bound(step: Step, design: Design) -> str:
    """What an activation keeps the loss from: with one logit at its highest and all others at their lowest."""
    if step.name not in BOUNDS:
        return ""
    low, high = BOUNDS[step.name]
    if high == math.inf:
        return ": none can be below 0, and where it is 0 for every image it stays so"
    least = math.log1p((design.network.classes - 1) * math.exp(low - high))
    return f": all lie between {low:g} and {high:g}, the loss cannot fall below {least:.2f}"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _stages(design: Design, rows: Iterable[str]) -> list[str]:
    by_row = {node.row: node.stage for node in design.graph.nodes}
    return [by_row[row] for row in rows]


SMELLS: tuple[Smell, ...] = (
    output_is_changed,
    names_in_alphabetical_order,
    signal_lost_on_the_way,
    few_numbers_to_norm,
    window_beyond_map,
    field_beyond_image,
    field_smaller_than_image,
    stride_beyond_window,
    dropout_before_batch_norm,
    bias_before_norm,
    most_parameters_in_one_linear_layer,
)
"""the worst first"""


def name(smell: Smell) -> str:
    return smell.__name__.replace("_", "-")  # type: ignore[attr-defined]


