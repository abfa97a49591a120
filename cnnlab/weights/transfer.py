"""What of a file's weights goes into a network, by name; nothing is loaded before all of it is known.

A layer that the file has under the same name, with the same shapes, is taken. What is not in the file starts anew, and
so does a norm of another kind. Other differences are faults unless `adapt` allows them:

    channels   the first convolution reads other images: its weights are spread over the channels there are
    classes    the output layer starts anew for other classes
    shapes     layers of other shapes start anew
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cnnlab.errors import Fault
from cnnlab.text import dims
from cnnlab.untrusted.words import few
from cnnlab.weights.reading import Weights
from cnnlab.weights.source import KEY

Params = dict[str, Tensor]
"""a layer's tensors, parameters and running statistics, by their last names"""


@dataclass(frozen=True)
class Wording:
    """How notes name what the weights come from."""

    absent: str = "not in the file"
    there: str = "in the file"
    owner: str = "the file"


OF_A_FILE = Wording()
OTHER_NETWORK = Wording("the other has none", "there", "the other")


@dataclass(frozen=True)
class LayerTransfer:
    """What becomes of one layer of the network."""

    name: str
    taken: bool
    note: str = ""
    """why not, or in what form"""


@dataclass
class Transfer:
    """Found out, not done yet."""

    weights: Weights
    wording: Wording = OF_A_FILE
    layers: list[LayerTransfer] = field(default_factory=list)
    """of the network, in its order"""
    left: list[str] = field(default_factory=list)
    """layers of the file that the network has not"""
    values: dict[str, Tensor] = field(default_factory=dict)
    """what is to be put into the network, by name"""
    functions: dict[str, list[str]] = field(default_factory=dict)
    """by block, what it computes otherwise than where the weights come from"""
    remarks: list[str] = field(default_factory=list)
    """on the weights as a whole"""
    faults: list[Fault] = field(default_factory=list)

    def apply(self, net: nn.Module) -> None:
        """Put the values into the network."""
        own = net.state_dict()
        with torch.no_grad():
            for name, value in self.values.items():
                own[name].copy_(value)


def transfer(
    weights: Weights, own: dict[str, Tensor], adapt: Sequence[str] = (), wording: Wording = OF_A_FILE
) -> Transfer:
    """What of `weights` fits a network whose state dict is `own`; only its names and shapes are looked at."""
    result, from_where = Transfer(weights, wording), wording.there
    here = by_layer(own)
    there = by_layer({name: as_kernels(tensor, own.get(name)) for name, tensor in weights.tensors.items()})
    first = next((name for name, params in here.items() if _dims(params) == 4), None)
    outputs = set(output_layers(here))
    misfits: list[tuple[str, str]] = []
    for name, params in here.items():
        stored = there.get(name, {})
        if not stored:
            result.layers.append(LayerTransfer(name, False, wording.absent))
        elif "weight" not in params and not params.keys() & stored.keys():
            result.layers.append(LayerTransfer(name, False, f"{few(stored)} {from_where}, {few(params)} here"))
        elif ("running_mean" in params) != ("running_mean" in stored):
            kinds = ("batch norm", "another norm")
            there_, here_ = kinds if "running_mean" in stored else reversed(kinds)
            result.layers.append(LayerTransfer(name, False, f"{there_} {from_where}, {here_} here"))
        elif all(stored[key].shape == params[key].shape for key in params.keys() & stored.keys()):
            _take(result, name, params, stored)
        elif name in outputs and _size(stored, 0) != _size(params, 0):
            _other_classes(result, name, _size(stored, 0), _size(params, 0), "classes" in adapt)
        elif name == first and _only_inputs_differ(params, stored):
            _other_channels(result, name, params, stored, "channels" in adapt)
        else:
            differing = next(key for key in params if key in stored and stored[key].shape != params[key].shape)
            there_, here_ = _sizes(stored[differing]), _sizes(params[differing])
            whose = "" if differing == "weight" else differing
            result.layers.append(LayerTransfer(name, False, f"{whose} {there_} {from_where}, {here_} here".strip()))
            problem = f"{there_} in the file, {here_} here"
            misfits.append((f"{name}.{whose}".rstrip("."), problem))
    result.left = [name for name in there if name not in here]
    strange = [name for name, value in result.values.items() if not value.is_meta and not torch.isfinite(value).all()]
    if strange:
        result.faults.append(_fault(f"{few(strange)} has numbers in it that are not finite", weights))
    if misfits and "shapes" not in adapt:
        name, problem = misfits[0]
        more = f", and {len(misfits) - 1} more differ" if misfits[1:] else ""
        result.faults.append(_fault(f"{name} is {problem}{more}; adapt=shapes starts such layers anew", weights))
    if not result.faults and not any(layer.taken for layer in result.layers):
        problem = f"it has {few(there)}, this network {few(here)}"
        if misfits:
            problem = few(f"{name} is {sizes}" for name, sizes in misfits)
        result.faults.append(_fault(f"none of its layers fits this network: {problem}", weights))
    return result


def as_kernels(tensor: Tensor, own: Tensor | None) -> Tensor:
    """A linear layer's weights as those of the 1×1 convolution that they are, position by position, in `own`."""
    same = own is not None and own.dim() == 4 and tensor.dim() == 2 and own.shape == (*tensor.shape, 1, 1)
    return tensor[..., None, None] if same else tensor


def by_layer(state: dict[str, Tensor]) -> dict[str, Params]:
    layers: dict[str, Params] = {}
    for name, tensor in state.items():
        layer, _, last = name.rpartition(".")
        layers.setdefault(layer, {})[last] = tensor
    return layers


def output_layers(layers: dict[str, Params]) -> Iterable[str]:
    """The last layer with weights of the network itself, and of each auxiliary head."""
    last: dict[str, str] = {}
    for name, params in layers.items():
        if _dims(params) >= 2:
            section, block = name.split(".")[:2]
            last[block if section == "aux" else ""] = name
    return last.values()


def _take(result: Transfer, name: str, params: Params, stored: Params) -> None:
    lacking = [key for key in params if key not in stored and key != "num_batches_tracked"]
    if "weight" in lacking:
        result.faults.append(_fault(f"it has {few(stored)} of {name}, but no weight", result.weights))
    notes = [f"its {key} starts anew, {result.wording.owner} has none" for key in lacking]
    notes += [f"{result.wording.owner}'s {key} has no place here" for key in stored if key not in params]
    result.layers.append(LayerTransfer(name, True, "; ".join(notes)))
    result.values.update({f"{name}.{key}": stored[key] for key in params if key in stored})


def _other_classes(result: Transfer, name: str, there: int, here: int, allowed: bool) -> None:
    result.layers.append(LayerTransfer(name, False, f"{there} classes {result.wording.there}, {here} here"))
    if not allowed:
        problem = f"made for {there} classes, these data have {here}; adapt=classes starts {name} anew"
        result.faults.append(_fault(problem, result.weights))


def _other_channels(result: Transfer, name: str, params: Params, stored: Params, allowed: bool) -> None:
    there, here = _size(stored, 1), _size(params, 1)
    result.layers.append(LayerTransfer(name, True, f"fitted to {here} channel{'s' * (here > 1)} from {there}"))
    result.values |= {f"{name}.{key}": tensor for key, tensor in stored.items() if key in params}
    result.values[f"{name}.weight"] = spread(stored["weight"], here)
    if not allowed:
        problem = f"made for images of {there} channels, these have {here}; adapt=channels fits {name} to them"
        result.faults.append(_fault(problem, result.weights))


def spread(weight: Tensor, channels: int) -> Tensor:
    """A first convolution's weights (O, I, k, k) for another number of input channels.

    One channel gets the sum over all, so that a grey image has the response it had as a colour image. For more, the
    channels repeat in their order and are scaled by I/channels, which keeps the size of the response.
    """
    if channels == 1:
        return weight.sum(1, keepdim=True)
    inputs = weight.shape[1]
    return weight[:, torch.arange(channels) % inputs] * (inputs / channels)


def _only_inputs_differ(params: Params, stored: Params) -> bool:
    others = (key for key in params.keys() & stored.keys() if key != "weight")
    a, b = params["weight"].shape, stored["weight"].shape
    return len(b) == 4 and (a[0], *a[2:]) == (b[0], *b[2:]) and all(params[k].shape == stored[k].shape for k in others)


def _dims(params: Params) -> int:
    return params["weight"].dim() if "weight" in params else 0


def _size(params: Params, dim: int) -> int:
    return params["weight"].shape[dim] if _dims(params) > dim else 0


def _sizes(tensor: Tensor) -> str:
    return dims(tensor.shape) or "a single number"


def _fault(message: str, weights: Weights) -> Fault:
    return Fault(KEY, f"{weights.file}: {message}")
