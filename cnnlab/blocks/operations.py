"""How torch's operations and layers are called here, and what formulas need to know of one."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnnlab.blocks.receptive_field import aten, pair, window

Pads = tuple[int, int, int, int]
"""zeros, or a mirrored edge: top, bottom, left, right"""
UNPADDED: Pads = (0, 0, 0, 0)

OPERATIONS: dict[Any, str] = {
    aten.convolution: "convolution",
    aten.max_pool2d: "max_pool",
    aten.max_pool2d_with_indices: "max_pool",
    aten.avg_pool2d: "avg_pool",
    aten._adaptive_avg_pool2d: "adaptive_pool",
    aten.adaptive_max_pool2d: "adaptive_max_pool",
    aten.mean: "mean",
    aten.sum: "sum",
    aten.addmm: "linear",
    aten.mm: "linear",
    aten.constant_pad_nd: "pad",
    aten.reflection_pad2d: "pad",
    aten.replication_pad2d: "pad",
    aten.cat: "concat",
    aten.add: "add",
    aten.add_: "add",
    aten.mul: "mul",
    aten.mul_: "mul",
    aten.maximum: "max",
    aten.amax: "largest",
    aten.index: "select",
    aten.slice: "slice",
    aten.view: "flatten",
    aten._unsafe_view: "flatten",
}
"""torch's operation -> the word for it here; where a layer runs several, the one listed first names it"""
RANKS = {op: rank for rank, op in enumerate(OPERATIONS)}

MAIN = ("convolution", "max_pool", "avg_pool", "adaptive_pool", "adaptive_max_pool", "linear")
"""those of which a layer has but one, unless it is something else altogether"""


def is_layer(module: nn.Module) -> bool:
    """Whether it is one of torch's own layers, or derived from one, and has no others inside."""
    modules = [cls.__module__ for cls in type(module).__mro__ if cls is not nn.Module]
    return not list(module.children()) and any(
        name.startswith("torch.nn.") and not name.endswith(".container") for name in modules
    )


def kind_of_layer(layer: nn.Module) -> str:
    """norm, act, dropout, shuffle or identity: what names layers that have no operation of their own name; else ""."""
    norms = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm)
    if isinstance(layer, norms):
        return "norm"
    if isinstance(layer, nn.modules.dropout._DropoutNd):
        return "dropout"
    if isinstance(layer, nn.Identity):
        return "identity"
    if isinstance(layer, nn.ChannelShuffle):
        return "shuffle"
    activations = any(cls.__module__ == "torch.nn.modules.activation" for cls in type(layer).__mro__)
    return "act" if activations and not isinstance(layer, nn.MultiheadAttention) else ""


def operation_word(op: Any, args: Any) -> str:
    """The word for an operation, torch's name where there is none."""
    if op is aten.convolution and args[6]:
        return "transposed_convolution"
    return OPERATIONS.get(op) or torch_name(op)


def torch_name(op: Any) -> str:
    return op._qualified_op_name.partition("::")[2]


def operation_details(op: Any, args: Any, out: Any) -> dict[str, Any]:
    """The fields of a Step that the formulas of an operation need: window, weight, pads, ceil, count."""
    tensors = [x for x in tree_leaves(args) if isinstance(x, Tensor)]
    outs = [y for y in tree_leaves(out) if isinstance(y, Tensor)]
    details: dict[str, Any] = {"window": window(op, args, tensors[0], outs[0]) if tensors and outs else None}
    match OPERATIONS.get(op):
        case "convolution":
            rows, columns = pair(args[4])
            details |= {"weight": tuple(args[1].shape), "pads": (rows, rows, columns, columns)}
        case "max_pool" | "avg_pool" as word:
            rows, columns = pair(args[3] if len(args) > 3 else 0)
            ceil_mode = 5 if word == "max_pool" else 4  # its place among the arguments
            ceil = len(args) > ceil_mode and bool(args[ceil_mode])
            details |= {"pads": (rows, rows, columns, columns), "ceil": ceil}
        case "linear":
            details |= {"weight": tuple(tensors[-1].shape)}
        case "pad":
            details |= {"pads": pads_of(args), "count": sum(args[1][4:6])}
        case "slice" if outs and outs[0].dim() > 1:
            details |= {"count": outs[0].shape[1]}
        case "select":
            details |= {"count": next((x.numel() for x in tree_leaves(args[1]) if isinstance(x, Tensor)), 0)}
    return details


def pads_of(args: Any) -> Pads:
    """Those of a pad operation; torch counts from the last axis on."""
    left, right, top, bottom, *_ = [*args[1], 0, 0, 0, 0]
    return (top, bottom, left, right)
