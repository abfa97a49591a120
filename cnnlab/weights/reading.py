"""A file of weights, opened with nothing but values allowed, as tensors under our names."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cnnlab.errors import Fault, UserError
from cnnlab.settings import shown
from cnnlab.untrusted.files import Refused
from cnnlab.untrusted.machine import check_environment
from cnnlab.untrusted.pickled import Foreign, check
from cnnlab.untrusted.words import few, word
from cnnlab.weights.names import layouts, recognise
from cnnlab.weights.source import KEY

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""under which checkpoints keep the weights among other things"""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "backbone.")
"""what wrapping a network (in DataParallel, by torch.compile …) puts before the names of its weights"""


@dataclass(frozen=True)
class Weights:
    """What a file holds."""

    file: Path
    tensors: dict[str, Tensor]
    """under our names"""
    layout: str
    """whose names the file has"""
    unknown: tuple[str, ...] = ()
    """tensors that whoever's names these are has not, and nothing takes"""


def read_weights(file: Path) -> Weights:
    """The weights in `file`: one of our checkpoints or state dicts, or torchvision's, for the most part.

    UserError for anything else.
    """
    state = _bare(_state(_opened(file), file))
    for name, tensor in state.items():
        _check(name, tensor, file)
    layout, names = recognise(state)
    unknown = tuple(name for name in state if name not in names)
    if len(names) > len(unknown):
        return Weights(file, {own: state[name] for name, own in names.items()}, layout, unknown)
    nearest = f"; nearest are {layout}, of which it has {few(names)}" if names else ""
    known = ", ".join(layout.name for layout in layouts())
    message = f"{file} names its weights as no network known here does: {few(unknown)}{nearest}"
    raise UserError(Fault(KEY, f"{message}; known are cnnlab's own names and torchvision's of {known}"))


def _opened(file: Path) -> Any:
    check_environment()
    try:
        check(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch remarks on foreign files
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        message = f"{file} cannot be read: {(error.strerror or str(error)).lower()}"
    except Foreign as error:
        message = (
            f"{file} holds more than tensors ({word(error)}), and opening that could run code, so it is refused; "
            "have its owner save the weights alone: torch.save(network.state_dict(), FILE)"
        )
    except Refused as error:
        message = f"{file} {error}"
    except Exception as error:  # of a broken pickle torch raises nearly anything, too
        message = f"{file} is not a file that torch.save has written, or it is damaged ({type(error).__name__})"
    raise UserError(Fault(KEY, message))


def _state(content: Any, file: Path) -> dict[Any, Any]:
    """The mapping of names to tensors in what a file holds."""
    for name in 2 * WRAPPERS:  # as far as one is kept in another
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not content:
        what = "nothing" if content == {} else f"a {type(content).__name__}"
        raise UserError(Fault(KEY, f"{file} holds {what}, not names and tensors as network.state_dict() has them"))
    return content


def _bare(state: dict[Any, Any]) -> dict[Any, Any]:
    """The names without what stands before most of them: beside a wrapped backbone there may be a head."""
    for prefix in PREFIXES:
        begin = {name for name in state if isinstance(name, str) and name.startswith(prefix)}
        bare = {name.removeprefix(prefix) if name in begin else name: tensor for name, tensor in state.items()}
        if 2 * len(begin) > len(state) == len(bare):
            return _bare(bare)
    return state


def _check(name: Any, tensor: Any, file: Path) -> None:
    if isinstance(name, str) and isinstance(tensor, Tensor):
        if tensor.layout == torch.strided and not (tensor.is_complex() or tensor.is_quantized):
            return
        what = "quantized" if tensor.is_quantized else "complex" if tensor.is_complex() else "sparse"
        raise UserError(Fault(KEY, f"{name} in {file} is {what}; weights are plain real numbers"))
    what = type(tensor).__name__ if isinstance(name, str) else "tensor without a name"
    raise UserError(Fault(KEY, f"{file} is no mapping of names to tensors: under {shown(name)} there is {what}"))
