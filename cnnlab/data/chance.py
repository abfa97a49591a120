"""What is random about a batch of training images: numbers that depend on (seed, epoch, sample) alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnlab.data.draws import draws


class EpochDraws:
    """Numbers of every sample of an epoch, by words; drawn at once when a word is first asked for."""

    def __init__(self, count: int, seed: int, epoch: int, device: torch.device):
        self.count, self.seed, self.epoch, self.device = count, seed, epoch, device
        self._drawn: dict[str, Tensor] = {}

    def of(self, word: str) -> Tensor:
        """int64 (count,), uniform in [0, 2**62)."""
        if word not in self._drawn:
            self._drawn[word] = draws(self.count, word, self.seed, self.epoch, device=self.device)
        return self._drawn[word]


@dataclass(frozen=True)
class Chance:
    """The numbers of one batch's samples for one change; equal words give equal numbers."""

    epoch: EpochDraws
    index: Tensor
    """the batch's samples, int64 (B,)"""
    name: str = ""
    """of the change: two changes of one kind draw apart"""

    def whole(self, word: str) -> Tensor:
        """int64 (B,), uniform in [0, 2**62)."""
        return self.epoch.of(f"{self.name}/{word}" if self.name else word).index_select(0, self.index)

    def unit(self, word: str) -> Tensor:
        """float32 (B,), uniform in [0, 1), in steps of 2**-24."""
        return (self.whole(word) % 2**24).float() / 2**24


Change = Callable[[Tensor, Chance], Tensor]
"""(images (B, C, H, W), what is random about them) -> images of the same shape"""
