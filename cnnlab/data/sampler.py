"""Which training images an epoch shows, in which order: a function of (seed, epoch), with nothing to save."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cnnlab.data.draws import draws, shuffled


class BalancedSampler:
    """Draws as many images of each class in an epoch, so many in all as there are: labels (N,) -> indices (N,).

    Of the k classes that have images each comes N // k times; the N % k images that are left go to one class each,
    drawn anew in each epoch. Within a class the images come in a random order, all of them once before any comes
    again: so in one epoch no two of a class differ by more than 1 in how often they come. Images of a class that has
    more than its share rest until another epoch. Everything is drawn by (seed, epoch) and, within a class, its label:
    it does not depend on what was drawn before, so an interrupted run goes on with the same images.
    """

    def __init__(self, labels: Tensor, seed: int):
        self.count, self.seed, self.device = len(labels), seed, labels.device
        groups = ((label, (labels == label).nonzero().flatten()) for label in range(int(labels.max()) + 1))
        self.groups: list[tuple[int, Tensor]] = [(label, group) for label, group in groups if len(group)]

    def order(self, epoch: int) -> Tensor:
        """The images of an epoch, as they are shown."""
        drawn = [
            self._of_class(label, group, count, epoch)
            for (label, group), count in zip(self.groups, self.quotas(epoch), strict=True)
        ]
        return torch.cat(drawn)[shuffled(self.count, "balanced/order", self.seed, epoch, device=self.device)]

    def quotas(self, epoch: int) -> Sequence[int]:
        """How many images of each class that has any."""
        each, rest = divmod(self.count, len(self.groups))
        one_more = set(shuffled(len(self.groups), "balanced/rest", self.seed, epoch)[:rest].tolist())
        return [each + (place in one_more) for place in range(len(self.groups))]

    def _of_class(self, label: int, group: Tensor, count: int, epoch: int) -> Tensor:
        rounds = -(-count // len(group))
        numbers = draws(rounds * len(group), "balanced/class", self.seed, epoch, label, device=self.device)
        turns = numbers.view(rounds, len(group)).argsort(dim=1, stable=True)
        return group[turns.flatten()[:count]]
