"""What a step does, in words."""

from __future__ import annotations

from torch import nn

from cnnlab.blocks.channel_modules import ChannelLayerNorm
from cnnlab.blocks.trace import TracedStep
from cnnlab.text import dims, plural


def _of(pair: tuple[float, ...]) -> str:
    return dims(f"{n:g}" for n in pair)


def described(step: TracedStep) -> str:
    """What a step does, in words."""
    channels = step.inputs[0][0] if step.inputs and step.inputs[0] else 0
    match step.operation:
        case "convolution" if len(step.weight) == 4 and step.window:
            count = plural(f"{step.weight[0]:,}", "kernel")
            kernels = f"convolution, {count} of {_of(step.weight[1:])}"
            groups = channels // step.weight[1]
            return f"{kernels}{_moves(step)}" + (f", in {groups} groups" if groups > 1 else "")
        case "max_pool":
            return f"the largest of each {_window(step)}{_moves(step)}"
        case "avg_pool":
            return f"the mean of each {_window(step)}{_moves(step)}"
        case "sum" if step.window:
            return "the sum of each channel"
        case "mean" if step.window:
            return "the mean of each channel"
        case "mean" | "largest" if step.shape[:1] == (1,) and len(step.inputs) == 1:
            return f"the {'mean' if step.operation == 'mean' else 'largest'} of {channels} channels at each position"
        case "shuffle":
            return f"channels shuffled, one of each of {getattr(step.layer, 'groups', 0)} groups in turn"
        case "transposed_convolution" if len(step.weight) == 4:
            return f"transposed convolution, {plural(f'{step.weight[0]:,}', 'kernel')} of {_of(step.weight[1:])}"
        case "convolution" if len(step.weight) == 5:
            return f"convolution along the channels, {step.weight[2]} neighbours"
        case "adaptive_max_pool":
            return f"the largest of each of {_of(step.shape[1:])} bins"
        case "slice":
            return f"{step.count} neighbouring channels of {channels}"
        case "adaptive_pool":
            return f"the means of {_of(step.shape[1:])} bins"
        case "linear":
            return f"{step.weight[0]:,} numbers to {step.weight[-1]:,}, each from all" if step.weight else "linear"
        case "flatten":
            return "all of it in one row"
        case "norm":
            return _norm(step)
        case "act":
            return f"{step.name}, each number by itself"
        case "dropout":
            return _dropped(step)
        case "identity":
            return "as it is"
        case "concat":
            return f"{len(step.inputs)} inputs, one behind the other"
        case "add":
            return (
                "their sum" if len(step.inputs) > 1 else "plus numbers of its own" if step.params else "plus a number"
            )
        case "mul":
            many = "times numbers of its own" if step.params else "times a number"
            return "their product" if len(step.inputs) > 1 else many
        case "max" if len(step.inputs) > 1:
            return "the larger of both"
        case "pad":
            return "zeros in more channels" if step.count else f"padding: {_sides(step)}"
        case "select":
            return f"{step.count} of {channels} channels"
    return step.name


def _window(step: TracedStep) -> str:
    assert step.window
    return f"{_of(step.window.kernel)} window"


def _moves(step: TracedStep) -> str:
    """Stride, padding and dilation, where there is something to say of them."""
    words = ""
    if step.window and step.window.stride != (1, 1):
        rows, columns = step.window.stride
        words += f", step {rows:g}" if rows == columns else f", step {rows:g} down and {columns:g} across"
    if any(step.pads):
        words += f", padded by {_sides(step)}"
    if step.window and step.window.dilation != (1, 1):
        words += f", taps {_of(step.window.dilation)} apart"
    return words + (", sizes rounded up" if step.ceil else "")


def _sides(step: TracedStep) -> str:
    top, bottom, left, right = step.pads
    if (top, left) != (bottom, right):
        return f"{top} above, {bottom} below, {left} left, {right} right"
    return f"{top} a side" if top == left else f"{top} (rows) and {left} (columns) a side"


def _norm(step: TracedStep) -> str:
    over = {
        nn.modules.batchnorm._BatchNorm: "a channel over the batch",
        nn.modules.instancenorm._InstanceNorm: "a channel of an image",
        ChannelLayerNorm: "the channels at each position",
        nn.LayerNorm: "all numbers of an image",
    }
    layer = step.layer
    if isinstance(layer, nn.GroupNorm):
        groups = layer.num_groups
        numbers = "all numbers of an image" if groups == 1 else f"each of {groups} groups of channels of an image"
    elif isinstance(layer, nn.LocalResponseNorm):
        return f"{step.name}, over {layer.size} neighbouring channels"
    else:
        numbers = next((words for kind, words in over.items() if isinstance(layer, kind)), "")
    return f"{step.name}: mean 0, variance 1 of {numbers}" if numbers else step.name


def _dropped(step: TracedStep) -> str:
    share = getattr(step.layer, "p", 0.0)
    what = "the body of an image is left out" if step.name == "StochasticDepth" else "a number is set to 0"
    return f"in training, {what} with probability {share:g}"
