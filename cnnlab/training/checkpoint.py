"""Checkpoints: plain values, written durably, read with nothing but values allowed.

last.ckpt      after the newest epoch
previous.ckpt  after the one before
best.ckpt      after the epoch with the best validation accuracy
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import CheckpointIO

from cnnlab.errors import Fault, UserError
from cnnlab.tracking import durable


class DurableIO(CheckpointIO):
    """How Lightning's checkpoints reach the disk: never half."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        with durable.replacing(Path(path)) as temporary:
            torch.save(checkpoint, temporary)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """One of cnnlab's checkpoints. UserError for any other file."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        kind = "cannot be read" if isinstance(error, OSError) else "is not a checkpoint, or is damaged"
        raise UserError(Fault("ckpt_path", f"{path} {kind}")) from None
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("cnnlab"), dict):
        raise UserError(Fault("ckpt_path", f"{path} is a checkpoint, but not one of cnnlab's"))
    return checkpoint


class Keeper(pl.Callback):
    """After each epoch: its row in the record, its checkpoint on disk."""

    def __init__(self, folder: Path, record: Any, best: float = -1.0):
        self.folder, self.record, self.best = folder, record, best
        folder.mkdir(exist_ok=True)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        row = module.row()  # type: ignore[operator]
        improved = row["val/acc"] > self.best
        self.best = max(self.best, row["val/acc"])
        self.record.epoch(row)
        last = self.folder / "last.ckpt"
        if last.exists():
            os.replace(last, self.folder / "previous.ckpt")
        trainer.save_checkpoint(last)
        if improved:
            durable.link(last, self.folder / "best.ckpt")


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint in `folder` that can be read, and what it holds."""
    for name in ("last.ckpt", "previous.ckpt"):
        if (folder / name).exists():
            try:
                return folder / name, read_checkpoint(folder / name)
            except UserError:
                continue
    return None
