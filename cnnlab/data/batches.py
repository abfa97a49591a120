"""Feeds a split from memory; gather, augmentation, normalisation and resizing are one operation each a batch."""

import torch
import torch.nn.functional as F

from cnnlab.data.augmentation import AugmentSettings
from cnnlab.data.augmenter import Augmenter
from cnnlab.data.draws import shuffled
from cnnlab.data.sampler import BalancedSampler
from cnnlab.data.splits import Split


class Batches:
    """An epoch of a split: `len()` batches; `batch(step)` is (x float32 (B, C, h, w), y int64 (B,)).

    The order is a function of (seed, epoch), a sample's augmentation one of (seed, epoch, sample): they depend neither
    on the batch size nor on what was read before. Without `shuffle` and `augment` images come as they are, in order.
    With `balanced` every class comes as often, and a sample's augmentation depends on its place in the epoch: one that
    comes several times is changed otherwise each time.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        size: tuple[int, int] | None = None,
        augment: AugmentSettings | None = None,
        seed: int = 0,
        shuffle: bool = False,
        balanced: bool = False,
        device: torch.device | str = "cpu",
        memory_format: torch.memory_format = torch.contiguous_format,
    ):
        x, self.y = split.x.to(device), split.y.to(device)
        self.batch_size, self.size, self.seed, self.shuffle = batch_size, size, seed, shuffle
        self.memory_format = memory_format
        self.sampler = BalancedSampler(self.y, seed) if balanced else None
        self.normalise = Normalise(mean, std, device)
        changes = augment.changes() if augment else []
        self.augmenter = Augmenter(x, changes, seed) if changes else None
        self.x = x.new_empty(0) if self.augmenter else x  # the augmenter holds the images, padded; not both
        self.start_epoch(0)

    def __len__(self) -> int:
        """Batches an epoch; a last single image joins the batch before, as batch norm cannot take one alone."""
        whole, rest = divmod(len(self.y), self.batch_size)
        alone = rest == 1 and whole > 0
        return whole + (rest > 0) - alone

    def start_epoch(self, epoch: int) -> None:
        """Draws the whole epoch's order and augmentation; epochs may be started in any order."""
        count, device = len(self.y), self.y.device
        if self.sampler:
            self.order = self.sampler.order(epoch)
        else:
            self.order = shuffled(count, "order", self.seed, epoch, device=device) if self.shuffle else None
        if self.augmenter:
            self.augmenter.start_epoch(epoch)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = self._rows(step)
        if self.order is None and self.augmenter is None:
            return self._finish(self.normalise(self.x[rows])), self.y[rows]
        index = self._places(rows) if self.order is None else self.order[rows]
        if self.augmenter:
            drawn = self._places(rows) if self.sampler else index
            x = self.augmenter.normalized(self.normalise(self.augmenter.stored(index, drawn)), drawn)
        else:
            x = self.normalise(self.x.index_select(0, index))
        return self._finish(x), self.y.index_select(0, index)

    def _places(self, rows: slice) -> torch.Tensor:
        return torch.arange(rows.start, rows.stop, device=self.y.device)

    def images(self, first: int, end: int) -> int:
        """How many images the steps from `first` on and before `end` have together."""
        return self._rows(end - 1).stop - self._rows(first).start

    def _rows(self, step: int) -> slice:
        if not 0 <= step < len(self):
            raise IndexError(f"step {step} of an epoch of {len(self)}")
        last = step == len(self) - 1
        return slice(step * self.batch_size, len(self.y) if last else (step + 1) * self.batch_size)

    def _finish(self, x: torch.Tensor) -> torch.Tensor:
        return resized(x, self.size).contiguous(memory_format=self.memory_format)


class Normalise:
    """uint8 (B, C, H, W) -> float32: (x - mean) / std of each channel, both in units of 0..255."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device | str = "cpu"):
        scale = 1 / torch.tensor(std, dtype=torch.float64)
        shift = -torch.tensor(mean, dtype=torch.float64) * scale
        self.scale, self.shift = (v.float().view(-1, 1, 1).to(device) for v in (scale, shift))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return x.float().mul_(self.scale).add_(self.shift)


def resized(x: torch.Tensor, size: tuple[int, int] | None) -> torch.Tensor:
    """float (B, C, H, W) -> (B, C, *size), bilinear; shrinking looks at all pixels (antialias). None: as it is."""
    have = x.shape[2], x.shape[3]
    if size is None or tuple(size) == have:
        return x
    shrinks = size[0] < have[0] or size[1] < have[1]
    return F.interpolate(x, size=size, mode="bilinear", antialias=shrinks, align_corners=False)


def prepare(
    images: torch.Tensor,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    size: tuple[int, int] | None = None,
) -> torch.Tensor:
    """Images uint8 (B, C, H, W) as evaluation feeds them: float32 (B, C, *size), on the same device."""
    return resized(Normalise(mean, std, images.device)(images), size)
