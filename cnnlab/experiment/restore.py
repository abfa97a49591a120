"""A trained network read back: as a module that takes images, and as the settings of the run that made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from cnnlab.blame import LOADED
from cnnlab.config.moved import migrated
from cnnlab.config.run import Run, read_parts
from cnnlab.data.batches import prepare
from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.data.images import LEARNED_FROM_8, Range, read_images
from cnnlab.data.sources.folder import Folder
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.hub_folder import is_hub_folder, read_hub_folder
from cnnlab.experiment.memory import unaffordable
from cnnlab.experiment.older import as_of_0_2, is_of_0_2
from cnnlab.network.build import Net, blank, build
from cnnlab.network.graph import graph
from cnnlab.network.spec import RESERVED
from cnnlab.plugins import load_plugins
from cnnlab.settings import Shape
from cnnlab.tracking.checkpoints import find_checkpoint
from cnnlab.training.checkpoint import read_checkpoint
from cnnlab.untrusted.files import Refused, bounded
from cnnlab.untrusted.machine import check_environment
from cnnlab.untrusted.words import few

Array: TypeAlias = "np.ndarray[Any, Any]"
OF_TRAINING = ("optimizer", "scheduler", "loss", "augment", "callbacks")
"""groups that a trained network no longer needs; the record may hold a variable's name where their value was"""


class Predictor(nn.Module):
    """A trained network that takes images as they are stored and knows its class names.

    uint8 (B, C, H, W), or (C, H, W) for one image, of any size, a tensor or a numpy array -> logits (B, classes).
    `classes` are their names.
    """

    def __init__(
        self,
        net: Net,
        classes: tuple[str, ...],
        mean: list[float],
        std: list[float],
        shape: Shape,
        read: Callable[[Sequence[str | Path]], Tensor] | None = None,
    ):
        """`read` makes uint8 images (N, C, H, W) of files."""
        super().__init__()
        self.net, self.classes, self.shape = net, classes, shape
        self.mean, self.std = tuple(mean), tuple(std)
        self._read = read or partial(read_images, shape=shape)  # type: ignore[arg-type]

    def forward(self, images: Tensor | Array) -> Tensor:
        given = images if isinstance(images, Tensor) else _tensor(images)
        x = given if given.dim() == 4 else given[None]
        channels = self.shape[0]
        if x.dtype != torch.uint8 or x.dim() != 4 or x.shape[1] != channels:
            message = f"takes uint8 (B, {channels}, H, W), not {x.dtype} {tuple(given.shape)}"
            raise ValueError(f"{message}{_instead(given, channels)}")
        x = x.to(next(self.parameters()).device)
        return self.net(prepare(x, self.mean, self.std, (self.shape[1], self.shape[2])))

    @torch.no_grad()
    def predict(self, paths: Iterable[str | Path], batch_size: int = 128) -> Tensor:
        """Probabilities (N, classes) for image files. Raises UserError for unreadable ones."""
        files = list(paths)
        parts = [files[i : i + batch_size] for i in range(0, len(files), batch_size)]
        return torch.cat([self(self._read(part)).softmax(1) for part in parts])


def _tensor(images: Array) -> Tensor:
    """An array's numbers as a tensor of their own: torch takes neither negative steps nor arrays that are read-only."""
    try:
        return torch.from_numpy(np.array(images, order="C"))
    except (TypeError, ValueError):
        raise ValueError(f"takes images as a tensor or an array of numbers, not {type(images).__name__}") from None


def _instead(images: Tensor, channels: int) -> str:
    """What makes images of it, where the shape or the type shows what it is."""
    shape = images.shape
    if images.dim() == 2 and channels == 1:
        return "; one gray image is images[None]"
    if images.dim() in (3, 4) and shape[-1] == channels:
        order = "0, 3, 1, 2" if images.dim() == 4 else "2, 0, 1"
        kind = "permute" if images.dtype == torch.uint8 else "permute, as uint8,"
        return f"; with the channels last, {kind} the axes: ({order})"
    if images.is_floating_point():
        return "; the network normalizes them itself: give 0 to 255 as uint8"
    return ""


def load(path: str | Path, plugins: Iterable[str] = ()) -> Predictor:
    """The trained network in a run's folder or a checkpoint, in evaluation mode. UserError where there is none.

    Everything comes from the record in the checkpoint; nothing in it can run code. `plugins` are the modules of blocks
    of your own that it was made with: those that the record names are imported only if they are named here.
    """
    check_environment()
    if faults := load_plugins(plugins, RESERVED):
        raise UserError(*faults)
    return restore(Path(path)).predictor


@dataclass(frozen=True)
class Restored:
    """What a checkpoint holds, as objects."""

    checkpoint: Path
    run: Run
    net: Net
    record: dict[str, Any]

    @property
    def predictor(self) -> Predictor:
        record = self.record
        shape = image_shape(self.run)
        classes = tuple(record["classes"])
        return Predictor(self.net, classes, record["mean"], record["std"], shape, self.read).eval()

    @property
    def value_range(self) -> Range | None:
        """What files of 16 bits were scaled by."""
        limits = self.record.get("value_range")
        return (limits[0], limits[1]) if limits else None

    def dataset(self) -> Dataset:
        """The images of its run's data, those of 16 bits scaled as the ones that it was trained on.

        UserError where there are such images and it was trained on none: their scale would be made up. Also where the
        classes are not those it knows: its answers would be taken for other classes.
        """
        data = open_dataset(self.run.data, self.run.top.seed, self.value_range)
        faults = []
        known, numbers = tuple(self.record["classes"]), tuple(map(str, range(len(data.names))))
        if known != data.names and numbers not in (known, data.names):  # numbers stand for classes without names
            message = (
                f"the classes are {few(data.names)}, the network knows {few(known)}; "
                "where they mean the same, data.names=[…] gives them the network's names"
            )
            faults.append(Fault("data.dir" if self.run.data.dir else "data", message))
        if self.value_range is None and data.notes.value_range is not None:
            count = sum(one.count for one in data.notes.odd if one.kind == "sixteen_bits")
            images = "1 image has" if count == 1 else f"{count:,} images have"
            faults.append(Fault("data.dir", f"{images} 16 bits, and {LEARNED_FROM_8}"))
        if faults:
            raise UserError(*faults)
        return data

    def read(self, files: Sequence[str | Path], shape: Shape | None = None) -> Tensor:
        """Files as images uint8 (N, C, H, W), read as those that it was trained on. UserError for unreadable ones.

        `shape` is what they are brought to; None: that of the network's input.
        """
        background = self.run.data.background if isinstance(self.run.data, Folder) else "white"
        return read_images(files, shape or image_shape(self.run), background, self.value_range)  # type: ignore[arg-type]


def restore(path: Path, changes: dict[str, Any] | None = None) -> Restored:
    """The run that a checkpoint holds, a run's folder, or one in Hugging Face's form.

    `changes` are dotted settings put in place of its own.
    """
    is_hub = is_hub_folder(path)
    file = path if is_hub else find_checkpoint(path)
    checkpoint = read_hub_folder(path) if is_hub else read_checkpoint(file)
    record = _record(checkpoint["cnnlab"], file)
    config, names = migrated(record["config"]), record["classes"]
    try:
        fed = {"data.size": config["data"]["size"]}  # other data are brought to the size it was trained at
        if "data.dir" in (changes or {}):  # another folder names its own classes
            fed["data.names"] = None
        for key, value in {**_first(changes or {}, "data"), **fed, **(changes or {})}.items():
            config = _changed(config, key.split("."), value)
    except (KeyError, TypeError, AttributeError):
        raise UserError(Fault("ckpt_path", f"{file} holds no usable record of its run")) from None
    parts, faults = read_parts(config, reads_images=False)
    if wrong := [fault for fault in faults if fault.path.split(".")[0] not in OF_TRAINING]:
        hint = _of_plugins(config.get("plugins"))
        raise UserError(*(_told(fault, changes or {}, f"{file}", hint) for fault in wrong))
    run = Run(**parts)
    if is_of_0_2(record["config"]):
        run = replace(run, network=as_of_0_2(run.network, str(file)))
    if run.network.classes != len(names):
        message = f"{file} was trained on {len(names)} classes, these data have {run.network.classes}"
        raise UserError(Fault("data.classes", message))
    if len(record["mean"]) != image_shape(run)[0]:
        message = f"{file} normalises {len(record['mean'])} channels, not those of its images"
        raise UserError(Fault("ckpt_path", message))
    net = _built(run, checkpoint.get("state_dict"), file)
    return Restored(file, run, net, record)


def _told(fault: Fault, changes: Iterable[str], file: str, hint: str) -> Fault:
    """A fault of the checkpoint's own record; or of what was put in its place, at the setting that said so."""
    if any(fault.path.split(".")[0] == key.split(".")[0] for key in changes):
        return replace(fault, message=f"{fault.message} (with {file}){hint}")
    return Fault("ckpt_path", f"{file}: {fault}{hint}")


def _record(record: dict[str, Any], file: Path) -> dict[str, Any]:
    """What a checkpoint says of its run, as far as it is used here. UserError where it cannot be."""
    names, mean, std = (record.get(name) or [] for name in ("classes", "mean", "std"))
    sound = (
        isinstance(record.get("config"), dict)
        and (isinstance(names, list) and names and all(isinstance(name, str) for name in names))
        and all(isinstance(some, list) and all(map(_is_finite, some)) for some in (mean, std))
        and len(mean) == len(std)
        and _is_range(record.get("value_range") or [])
        and min(std, default=0) > 0
    )
    try:
        bounded(record)
    except Refused:
        sound = False
    if not sound:
        raise UserError(Fault("ckpt_path", f"{file} holds no usable record of its run"))
    return record


def _is_range(limits: object) -> bool:
    if not isinstance(limits, list) or not all(type(limit) is int for limit in limits):
        return False
    return not limits or (len(limits) == 2 and limits[0] <= limits[1])


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _built(run: Run, weights: Any, file: Path) -> Net:
    """The run's network with its weights, and no memory before they are seen to fit. UserError where they do not."""
    shape = image_shape(run)
    paper = graph(run.network, shape)
    if wrong := paper.faults or unaffordable(paper, copies=1):
        raise UserError(*(Fault("ckpt_path", f"{file}: {fault}") for fault in wrong))
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise UserError(Fault("ckpt_path", f"{file} holds no weights"))
    _compare(blank(run.network, shape), weights, file)
    if strange := [name for name, tensor in weights.items() if not tensor.isfinite().all()]:
        message = f"{file}: not all numbers in {few(strange)} are finite; training saves no such checkpoint"
        raise UserError(Fault("ckpt_path", message))
    net = build(run.network, shape, run.top.seed)
    net.load_state_dict(weights)
    return net


def _of_plugins(named: Any) -> str:
    """A hint where the run had blocks of its maker's own, which nobody has named this time."""
    words = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    names = [str(name) for name in words if name not in LOADED]
    if not names:
        return ""
    return f"; it was made with plugins={','.join(names)}, whose code is run only if you name them, too"


def _first(changes: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: changes[key]} if key in changes else {}


def _changed(config: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any]:
    key, *rest = keys
    return {**config, key: _changed(config.get(key) or {}, rest, value) if rest else value}


def _compare(net: Net, weights: dict[str, Tensor], file: Path) -> None:
    own = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    others = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if own != others:
        wrong = sorted((name for name in own.keys() | others.keys() if own.get(name) != others.get(name)), key=str)
        raise UserError(Fault("ckpt_path", f"the weights in {file} are not this network's: {few(wrong)}"))
