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
from cnnlab.untrusted.safetensors import is_safetensors, read_header
from cnnlab.untrusted.words import few, word
from cnnlab.weights.names import layouts, recognise
from cnnlab.weights.source import KEY

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""under which checkpoints keep the weights among other things"""
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")
"""under which they keep the weights' average over training (exponential moving average)"""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "backbone.")
"""what wrapping a network (in DataParallel, by torch.compile …) puts before the names of its weights"""

DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64},
    **{"I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool},
}
"""by what safetensors calls them"""


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
    key: str = ""
    """under which they stand in the file; none where they are all of it"""
    others: tuple[str, ...] = ()
    """under which the file has other weights"""


def read_weights(file: Path, key: str | None = None) -> Weights:
    """The weights in `file`: one of our checkpoints or state dicts, or torchvision's, for the most part.

    Of several in it those under `key`, else those that learned, else their average. UserError for anything else.
    """
    content = _opened(file)
    chosen, others = _chosen(content, file, key)
    state = _bare(_state(content[chosen] if chosen else content, file))
    for name, tensor in state.items():
        _check(name, tensor, file)
    state, layout, names = _recognised(state)
    unknown = tuple(name for name in state if name not in names)
    if len(names) > len(unknown):
        return Weights(file, {own: state[name] for name, own in names.items()}, layout, unknown, chosen, others)
    nearest = f"; nearest are {layout}, of which it has {few(names)}" if names else ""
    known = ", ".join(layout.name for layout in layouts())
    message = f"{file} names its weights as no network known here does: {few(unknown)}{nearest}"
    raise UserError(Fault(KEY, f"{message}; known are cnnlab's own names and torchvision's of {known}"))


def _recognised(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], str, dict[str, str]]:
    """`state`, whose names they are, and what they are called here.

    Any first word that all names share is left out where the rest is known wholly.
    """
    layout, names = recognise(state)
    if 2 * len(names) > len(state):
        return state, layout, names
    bare = state
    while bare and len({name.partition(".")[0] for name in bare}) == 1 and all("." in name for name in bare):
        bare = {name.partition(".")[2]: tensor for name, tensor in bare.items()}
        of_bare, known = recognise(bare)
        if len(known) == len(bare):
            return bare, of_bare, known
    return state, layout, names


def _chosen(content: Any, file: Path, key: str | None) -> tuple[str, tuple[str, ...]]:
    """The key of the weights to take ("" for those that are all of the file), and those of others in it."""
    several = content if isinstance(content, dict) else {}
    kept = [name for name, inner in several.items() if isinstance(name, str) and _holds_tensors(inner)]
    if key is not None and key not in kept:
        known = f"it has {few(kept)}" if kept else "it has one set of weights, without a key"
        raise UserError(Fault("weights_key", f"{file} keeps no weights under {key!r}; {known}"))
    usual = next((name for name in (*WRAPPERS, *AVERAGES) if name in kept), kept[0] if len(kept) == 1 else "")
    chosen = key or (usual if not any(isinstance(inner, Tensor) for inner in several.values()) else "")
    others = tuple(name for name in kept if name != chosen and name in (*WRAPPERS, *AVERAGES))
    return chosen, others if chosen else ()


def _holds_tensors(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    if any(_holds_tensors(value.get(name)) for name in WRAPPERS):
        return True
    return all(isinstance(name, str) for name in value) and any(isinstance(inner, Tensor) for inner in value.values())


def _read_safetensors(file: Path) -> dict[str, Tensor]:
    tensors = {}
    with file.open("rb") as raw:
        for name, stored in read_header(file).items():
            raw.seek(stored.start)
            content = bytearray(raw.read(stored.length))
            flat = torch.frombuffer(content, dtype=DTYPES[stored.dtype]) if content else torch.empty(0)
            tensors[name] = flat.reshape(stored.shape)
    return tensors


def _opened(file: Path) -> Any:
    check_environment()
    try:
        if file.is_file() and is_safetensors(file):
            return _read_safetensors(file)
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
