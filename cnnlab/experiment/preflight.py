"""What would end a run after hours is tried before its first step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.errors import Exit, Fault, UserError
from cnnlab.training.classifier import Classifier
from cnnlab.training.evaluate import autocast

KEPT = 3
"""checkpoints of a whole state at once: last, previous and one being written; best is one of them more"""


def preflight(module: Classifier, folder: Path) -> None:
    """UserError where the disk has no room for the checkpoints, or a batch does not pass through the network."""
    check_room(module, folder)
    check_pass(module)


def check_room(module: Classifier, folder: Path) -> None:
    """Is there room for the checkpoints that are still to come?"""
    weights = sum(p.numel() * p.element_size() for p in module.parameters())
    state = weights * (1 + module.optimizer.kept + (module.ema_decay is not None))
    there = sum(file.stat().st_size for file in folder.glob("*.ckpt")) if folder.is_dir() else 0
    needed, free = (KEPT + 1) * state - there, shutil.disk_usage(folder.parent).free
    if needed > free:
        message = f"{folder.parent} has {_size(free)} free; checkpoints of this network need {_size(needed)}"
        raise UserError(Fault("hydra.run.dir", message), code=Exit.EXHAUSTED)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def check_pass(module: Classifier) -> None:
    """Two images, or the one that batches have, forwards and backwards, leaving no trace.

    UserError for batch norm that would see one number a channel, whose variance is then nothing to divide by, and for
    images that users' own blocks lose in training alone.
    """
    batches = module.train_batches
    count = 1 if batches.batch_size == 1 or len(batches.y) == 1 else 2
    x, y = batches.batch(0)
    with _traceless(module), autocast(module.precision, x.device), _alone(module):
        logits = module(x[:count]).float()
        if len(logits) != count:
            raise UserError(Fault("plugins", f"in training, a block of theirs makes {len(logits)} images of {count}"))
        F.cross_entropy(logits, y[:count]).backward()


@contextmanager
def _traceless(module: nn.Module) -> Iterator[None]:
    """Running statistics and random states are afterwards what they were before; gradients are gone."""
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    training = module.training
    module.train()
    with torch.random.fork_rng(devices=[]):
        yield
    module.train(training)
    module.zero_grad()
    for name, buffer in module.named_buffers():
        buffer.copy_(before[name])


@contextmanager
def _alone(module: nn.Module) -> Iterator[None]:
    def check(norm: Any, inputs: tuple[Any, ...]) -> None:
        x = inputs[0]
        if x.numel() == x.shape[1]:
            message = (
                f"batch norm at {names[norm]} would see a single number a channel: one image of one pixel; "
                f"write data.batch_size=2 or more, or another norm (group, layer)"
            )
            raise UserError(Fault("data.batch_size", message))

    names = {
        layer: name for name, layer in module.named_modules() if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d)
    }
    hooks = [layer.register_forward_pre_hook(check) for layer in names]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
