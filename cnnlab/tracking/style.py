"""What the pictures of a run share: colors, and the types of the numbers they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

INK, MUTED = "#222222", "#6b6b6b"

Rows = Sequence[Mapping[str, Any]]
"""the lines of metrics.jsonl, one per epoch"""
Matrix = Sequence[Sequence[int]] | np.ndarray
"""counts, (true class × predicted class)"""


@dataclass(frozen=True)
class Mistake:
    """A test image with the class it was taken for; `image` is uint8, (C, H, W)."""

    image: np.ndarray
    true: str
    predicted: str
    probability: float
    """what the network gave the predicted class, 0 to 1"""


@dataclass(frozen=True)
class Baseline:
    """What can be had without looking at the images."""

    acc: float
    """of naming the commonest class alone"""
    loss: float
    """of giving every image the classes' shares"""
    words: str
    """what gives that accuracy, such as: always 'cat'"""
