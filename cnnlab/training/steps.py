"""An epoch as Lightning iterates it, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor


@dataclass
class Progress:
    """How far an epoch has come: all that going on within it needs, since nothing random has a state."""

    step: int = 0
    """batches learned from"""
    seen: int = 0
    """images learned from"""
    sums: Tensor = field(default_factory=lambda: torch.zeros(2))
    """loss and right answers, summed over these images, on the training device"""
    seconds: float = 0.0
    """spent learning"""

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "sums": self.sums.tolist()}

    @classmethod
    def of(cls, plain: dict[str, Any], device: torch.device | str = "cpu") -> Progress:
        return cls(**{**plain, "sums": torch.tensor(plain["sums"], dtype=torch.float32, device=device)})


def ranges(count: int, together: int, stops: int | None = None) -> list[tuple[int, int]]:
    """`count` steps in ranges (first, end) of `together`, which also end at each multiple of `stops`, and an empty one.

    The empty one closes the epoch: a checkpoint that is taken after an epoch's last batch makes Lightning miscount, so
    its last batch is not the last step.

    >>> ranges(7, 3, stops=5)
    [(0, 3), (3, 5), (5, 6), (6, 7), (7, 7)]
    """
    edges = {0, count, *range(together, count, together), *(range(stops, count, stops) if stops else ())}
    return [*pairwise(sorted(edges)), (count, count)]


class Steps:
    """What Lightning iterates: ranges of steps. The images are in memory; nothing is loaded.

    It holds no epoch and no order, and where it begins is looked up when the first range is asked for: so it does not
    matter when Lightning calls iter() on it.
    """

    def __init__(self, parts: list[tuple[int, int]], begin: Callable[[], int] = lambda: 0):
        self.parts, self.begin = parts, begin

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return (part for part in self.parts if part[0] >= self.begin())

    def __len__(self) -> int:
        return len(self.parts)
