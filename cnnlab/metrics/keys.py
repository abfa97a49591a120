"""The keys that runs are recorded under: how each is spoken of, what differences are counted in, which way is better.

This table is the one place that says so. What a plugin's metric records is described by that metric, in the record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST_CHARACTERS = 80
"""that a description from somebody's record may have"""


@dataclass(frozen=True)
class KeyInfo:
    """How a recorded number is spoken of and compared."""

    words: str
    unit: str = ""
    """what differences are counted in; `points` are hundredths of a share"""
    better: int = 0
    """1 where more is better, -1 where less is"""
    margin: float | None = None
    """the smallest difference that counts where a claim does not say"""
    exact: bool = False
    """a count, which seeds do not change"""
    resolution: float | None = None
    """the step between two values that can be told apart; None: to be found from the runs"""
    signed: bool = False
    """whether it may be below zero although it is counted in points"""

    def plain(self) -> dict[str, Any]:
        """As a record on disk has it."""
        return asdict(self)

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.unit == "points" and not self.signed


def share(words: str, better: int = 1) -> KeyInfo:
    """A share of images: between 0 and 1, one point is the smallest difference that counts."""
    return KeyInfo(words, "points", better, 0.01)


def count(words: str) -> KeyInfo:
    """A number that the network alone decides."""
    return KeyInfo(words, better=-1, exact=True, resolution=1.0)


RESULT: Mapping[str, KeyInfo] = {
    "test/acc": share("test accuracy"),
    "test/loss": KeyInfo("test loss", better=-1),
    "test/balanced_acc": share("balanced test accuracy"),
    "test/f1": share("macro F1 of the test images"),
    "test/acc5": share("top-5 test accuracy"),
    "best/val_acc": share("validation accuracy"),
    "data/majority": share("share of the commonest class of the test images", better=0),
    "data/val_majority": share("share of the commonest class of the validation images", better=0),
    "best/monitor": KeyInfo("best value of checkpoint.monitor"),
    "best/epoch": KeyInfo("best epoch", "epochs", margin=1.0, resolution=1.0),
    "seconds": KeyInfo("seconds", "s", better=-1),
    "images_per_second": KeyInfo("images a second", better=1),
    "peak_memory_mb": KeyInfo("peak memory", "MiB", better=-1),
    "peak_gpu_memory_mb": KeyInfo("peak GPU memory", "MiB", better=-1),
    "params": count("parameters"),
    "params_aux": count("parameters of auxiliary heads"),
    "macs": count("multiply-adds"),
}
"""what every run's result has"""

PER_CLASS: Mapping[str, KeyInfo] = {
    "test/per_class/": share("test recall of"),
    "val/per_class/": share("validation recall of"),
}
"""what the numbers of one class begin with, which are kept in mappings by its name; and what is said before that"""

NOT_LEARNING, ONE_CLASS = "not learning", "one class only"
"""kinds of warnings in a run's result, which stand before their colon: what it has learned is nothing, or one answer"""

DIVERGED = KeyInfo("share of runs that diverged", "points", better=-1, resolution=0.0)

ROW: Mapping[str, KeyInfo] = {
    "train/loss": KeyInfo("train/loss", better=-1),
    "train/acc": share("train/acc"),
    "val/loss": KeyInfo("val/loss", better=-1),
    "val/acc": share("val/acc"),
    "val/balanced_acc": share("val/balanced_acc"),
    "val/f1": share("val/f1"),
    "val/acc5": share("val/acc5"),
    "lr": KeyInfo("lr"),
    "step": KeyInfo("step"),
    "seconds": KeyInfo("seconds", better=-1),
    "images_per_second": RESULT["images_per_second"],
    "epoch": KeyInfo("epoch"),
}
"""what every epoch's row has"""


def read_info(raw: Any) -> KeyInfo | None:
    """A description from a record on disk; None where it is none. Its words are anybody's, and bounded."""
    if not isinstance(raw, Mapping):
        return None
    words, unit, better = raw.get("words"), raw.get("unit", ""), raw.get("better", 0)
    numbers = [raw.get("margin"), raw.get("resolution")]
    if not (isinstance(words, str) and isinstance(unit, str)) or better not in (-1, 0, 1):
        return None
    if not all(map(_is_size, numbers)):
        return None
    margin, resolution = (None if number is None else float(number) for number in numbers)
    words, unit = (re.sub(r"\s+", " ", text).strip()[:MOST_CHARACTERS] for text in (words, unit))
    return KeyInfo(words, unit, int(better), margin, bool(raw.get("exact")), resolution, bool(raw.get("signed")))


def _is_size(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value) and value >= 0)
