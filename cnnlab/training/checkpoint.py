"""Checkpoints: plain values, written durably, read back before they count, and read with nothing but values allowed.

last.ckpt      the newest
previous.ckpt  the one before
best.ckpt      after the epoch with the best validation accuracy

They are torch's zip files; each part's checksum stands in the archive (CRC-32). torch.load does not look at it: a
flipped bit would load as another weight.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import CheckpointIO

from cnnlab.errors import Fault, UserError
from cnnlab.tracking import durable
from cnnlab.untrusted.files import Refused
from cnnlab.untrusted.machine import check_environment
from cnnlab.untrusted.pickled import Foreign, check
from cnnlab.untrusted.words import word

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"


class DurableIO(CheckpointIO):
    """How Lightning's checkpoints reach the disk: never half, and never one that cannot be read again."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        with durable.replacing(Path(path)) as temporary:
            with temporary.open("wb") as file:  # a file of ours: torch tells a full disk only by its own names
                torch.save(checkpoint, file)
            _checked(temporary, mmap=True)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)


class Damaged(Exception):
    """The file is not what was written."""


def _checked(path: Path, mmap: bool = False) -> Any:
    """What a checkpoint file holds, its checksums compared. Raises Damaged and OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken:
            raise Damaged(f"is damaged (the checksum of its part {word(broken)} does not hold)")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except (Damaged, OSError):
        raise
    except Exception as error:  # a broken zip or pickle raises nearly anything
        raise Damaged("is not a checkpoint, or is damaged") from error


def _opened(path: Path) -> Any:
    """The same of a file that anybody may have written: what it claims is looked at before it is opened."""
    check_environment()
    try:
        check(path)
    except Foreign as error:
        contents = f"holds more than tensors and plain values ({word(error)}), and opening that could run code"
        raise Damaged(f"{contents}, so it is refused") from None
    except Refused as error:
        raise Damaged(str(error).replace("a file that torch.save has written, or it", "a checkpoint, or")) from None
    return _checked(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """One of cnnlab's checkpoints. UserError for any other file."""
    try:
        checkpoint = _opened(path)
    except (OSError, Damaged) as error:
        what = "cannot be read" if isinstance(error, OSError) else error
        raise UserError(Fault("ckpt_path", f"{path} {what}")) from None
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("cnnlab"), dict):
        raise UserError(Fault("ckpt_path", f"{path} is a checkpoint, but not one of cnnlab's"))
    return checkpoint


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint of this run to go on from."""

    path: Path
    state: dict[str, Any]

    @property
    def at(self) -> tuple[int, int]:
        """Epochs finished, and steps of the one after them."""
        return self.state["cnnlab"]["epochs"], self.state["cnnlab"]["steps"]

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights should be in best.ckpt; 0 before the first."""
        return self.state["cnnlab"]["best_epoch"]

    @property
    def is_best(self) -> bool:
        return self.at == (self.best_epoch, 0)

    def __str__(self) -> str:
        epochs, steps = self.at
        return f"epoch {epochs}" + (f" and {steps} steps" if steps else "") if epochs else f"{steps} steps"


class CheckpointFolder:
    """The checkpoints in a run's folder: which to go on from, and what is wrong with the others."""

    def __init__(self, folder: Path, identity: str):
        self.folder, self.identity = folder, identity
        self.complaints: list[str] = []

    def newest(self) -> StoredCheckpoint | None:
        """The newest valid checkpoint whose best.ckpt is there too, by what they hold and not by their names.

        That may be best.ckpt itself, where the newest is damaged. Damaged ones are kept aside as `….damaged`, so that
        no later save counts them among the two that are kept.
        """
        valid = list(self._valid(LAST, PREVIOUS, BEST))
        bests = {stored.at[0]: stored for stored in valid if stored.is_best}
        kept = max((epoch for epoch, stored in bests.items() if stored.path.name == BEST), default=0)
        candidates = [stored for stored in valid if stored.path.name != BEST or kept]
        newest_first = sorted(candidates, key=lambda stored: stored.at, reverse=True)
        for stored in newest_first:
            if kept >= stored.best_epoch:
                return stored
            if stored.best_epoch in bests:  # killed between the two names, or best.ckpt is damaged
                durable.copy(bests[stored.best_epoch].path, self.folder / BEST)
                return stored
        if newest_first:
            self.complaints.append(f"no {BEST} for what {newest_first[0].path.name} holds; starting again")
        return None

    def _valid(self, *names: str) -> Iterator[StoredCheckpoint]:
        for name in names:
            path = self.folder / name
            if not path.exists():
                continue
            try:
                state = _opened(path)
                if state["cnnlab"]["identity"] != self.identity:
                    raise Damaged("belongs to another run")
                yield StoredCheckpoint(path, state)
            except (Damaged, KeyError, TypeError, AttributeError) as error:
                reason = error if isinstance(error, Damaged) else "is not a checkpoint of this run"
                self.complaints.append(f"{path} {reason}; it is passed by")
                os.replace(path, path.with_suffix(".damaged"))
