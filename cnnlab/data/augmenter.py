"""Random changes of training images, as their records describe them: a whole batch is changed at once."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from cnnlab.data.augmentation import Augmentation, Shift
from cnnlab.data.chance import Chance, Change, EpochDraws
from cnnlab.data.changes import Windows
from cnnlab.errors import Fault, UserError
from cnnlab.registry import returned
from cnnlab.text import dims


class Augmenter:
    """Takes images (N, C, H, W) out of memory, changed as drawn for (seed, epoch, sample)."""

    def __init__(self, images: Tensor, changes: Sequence[tuple[str, Augmentation]], seed: int):
        self.seed, self.count, self.device = seed, len(images), images.device
        shape = tuple(images.shape[1:])
        # A shift that comes first is how images are read: one contiguous span of a buffer padded once
        first = changes[0][1] if changes and isinstance(changes[0][1], Shift) else None
        self.windows = Windows(images, first.pixels if first else 0)
        self.shift = changes[0][0] if first else None
        rest = [(name, record.takes_normalized, _built(name, record, shape)) for name, record in changes[bool(first) :]]
        self.of_stored = [(name, change) for name, normalized, change in rest if not normalized]
        self.of_normalized = [(name, change) for name, normalized, change in rest if normalized]

    def start_epoch(self, epoch: int) -> None:
        self.draws = EpochDraws(self.count, self.seed, epoch, self.device)

    def stored(self, index: Tensor, drawn: Tensor) -> Tensor:
        """Images of the samples `index`, changed before they are normalized: (B, C, H, W) of 0..255.

        `drawn` says whose numbers they are changed by: those samples', or those of places in the epoch.
        """
        shifted = None if self.shift is None else Chance(self.draws, drawn, self.shift)
        return self._changed(self.windows.take(index, shifted), drawn, self.of_stored)

    def normalized(self, x: Tensor, drawn: Tensor) -> Tensor:
        """Normalized images (B, C, H, W), changed by the numbers of `drawn`; perhaps in place."""
        return self._changed(x, drawn, self.of_normalized)

    def _changed(self, x: Tensor, drawn: Tensor, changes: Sequence[tuple[str, Change]]) -> Tensor:
        for name, change in changes:
            changed = change(x, Chance(self.draws, drawn, name))
            if not isinstance(changed, Tensor) or changed.shape != x.shape:
                what = f"a batch of {dims(tuple(changed.shape))}" if isinstance(changed, Tensor) else f"{changed!r:.60}"
                raise UserError(Fault(f"augment.{name}", f"made {what} of one of {dims(tuple(x.shape))}"))
            x = changed
        return x


def _built(name: str, record: Augmentation, shape: tuple[int, ...]) -> Change:
    change = record.build(shape)
    if not callable(change):
        message = returned(record, "build", change, "a function of a batch and its Chance")
        raise UserError(Fault(f"augment.{name}", message))
    return change
