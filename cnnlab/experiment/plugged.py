"""What a user's own block or callback raises while a run learns: told as theirs, with the setting that put it there."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import EarlyStopping
from torch import nn

from cnnlab.blame import own_fault, own_frames
from cnnlab.config import GROUPS
from cnnlab.errors import Fault
from cnnlab.plugins import own_callback
from cnnlab.registry import Registered
from cnnlab.training.lightning_callbacks import unknown_monitor

LOG = "run.log"


def plugin_fault(error: Exception, callbacks: Mapping[str, Mapping[str, Any]]) -> Fault | None:
    """The exception as a user's fault, where it passed through a module of theirs; None where it is ours."""
    if not (fault := own_fault(error)):
        return None
    return Fault(_setting(error, callbacks) or fault.path, f"in training, {fault.message}")


def callback_fault(error: Exception, callbacks: Mapping[str, pl.Callback], recorded: Iterable[str]) -> Fault | None:
    """The exception as the fault of what one of Lightning's callbacks was asked for; None where it is none.

    `recorded` are the keys that callbacks can watch. What is known before training is told before.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    objects = list(_selves(frames))
    path = next((f"callbacks.{name}" for name, callback in callbacks.items() if callback in objects), "callbacks")
    if frames[-1].f_code is EarlyStopping._validate_condition_metric.__code__:
        (stopping,) = (callback for callback in callbacks.values() if callback is objects[-1])
        return Fault(f"{path}.monitor", unknown_monitor(stopping.monitor, recorded))  # type: ignore[attr-defined]
    return Fault(path, f"Lightning says: {error}") if isinstance(error, MisconfigurationException) else None


def unsaved_state(callbacks: Mapping[str, pl.Callback]) -> Fault | None:
    """A callback of the user's whose state a checkpoint cannot hold: torch says so far from the callback's own code."""
    for name, callback in callbacks.items():
        if own_callback(f"{type(callback).__module__}.{type(callback).__name__}"):
            file = io.BytesIO()
            try:
                torch.save(callback.state_dict(), file)
                file.seek(0)
                torch.load(file, weights_only=True)
            except Exception:
                message = f"what {type(callback).__name__}.state_dict() returns cannot be kept in a checkpoint"
                return Fault(f"callbacks.{name}", f"{message}, which holds plain values and tensors")
    return None


def keep_traceback(error: Exception, folder: Path) -> Path:
    """Write all of it down for the module's author: what torch was doing tells what it was given. The file."""
    with suppress(OSError), (folder / LOG).open("a", encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    return folder / LOG


def _setting(error: Exception, callbacks: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The setting that put the code there whose exception it is, as far as the frames tell."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    networks = [module for module in _selves(frames) if isinstance(module, pl.LightningModule)]
    for own in _selves(own_frames(error)):
        for name, settings in callbacks.items():
            if type(own) is own_callback(settings["_target_"]):
                return f"callbacks.{name}"
        if isinstance(own, Registered) and own.registry.group in GROUPS:
            return own.registry.group
        if isinstance(own, torch.optim.Optimizer):
            return "optimizer"
        for network in networks:
            if isinstance(own, nn.Module) and (path := _path(own, network)):
                return path
    return None


def _selves(frames: Iterable[FrameType]) -> Iterator[object]:
    return (frame.f_locals["self"] for frame in frames if "self" in frame.f_locals)


def _path(module: nn.Module, network: nn.Module) -> str | None:
    """Of the block of the network that a module is, or is in: `model.body.x`; `loss` of the one that is learned by."""
    if module in getattr(network, "of_loss", ()):
        return "loss"
    name = next((name for name, inner in network.named_modules() if inner is module), "")
    return ".".join(["model", *name.split(".")[:2]]) if "." in name else None
