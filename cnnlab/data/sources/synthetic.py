"""Made-up images that a network can learn from: a smooth pattern for each class, under noise. No files."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.source import Source

if TYPE_CHECKING:
    from torch import Tensor

    from cnnlab.data.splits import Parts, Split

NOISE = 48.0
"""standard deviation of the noise, of 0..255; the patterns' is about as large"""


class Synthetic(Source):
    """Made-up images of any shape, a noisy pattern for each class."""

    source: Literal["synthetic"] = "synthetic"  # type: ignore[assignment]
    reads_folder: ClassVar[bool] = False
    takes_samples: ClassVar[bool] = True

    def own_digest(self) -> str:
        """Of the settings: the images are a function of them, and of the version."""
        made_of = repr((self.source, self.shape, self.classes, self.samples))
        return sha256(made_of.encode()).hexdigest()[:32]

    def read(self) -> Parts:
        from cnnlab.data.splits import Parts, check_memory

        samples = self.samples or 0
        check_memory(samples + 4 * (self.classes or 1), self.shape)  # patterns are floats
        patterns = self._patterns()
        test = max(samples // 5, len(patterns))
        return Parts(_split(patterns, samples, "train"), _split(patterns, test, "test"))

    def _patterns(self) -> Tensor:
        """A random 4×4 checkerboard for each class, enlarged: float (classes, C, H, W)."""
        import torch.nn.functional as F

        channels, rows, columns = self.shape
        coarse = _normal((self.classes or 1, channels, 4, 4), "pattern")
        return 128 + 64 * F.interpolate(coarse, size=(rows, columns), mode="bilinear", align_corners=False)


def _split(patterns: Tensor, count: int, part: str) -> Split:
    import torch

    from cnnlab.data.splits import Split

    y = torch.arange(count) % len(patterns)
    x = torch.empty(count, *patterns.shape[1:], dtype=torch.uint8)
    for i, (images, labels) in enumerate(zip(x.split(1000), y.split(1000), strict=True)):
        noise = NOISE * _normal(tuple(images.shape), part, i)
        images.copy_((patterns[labels] + noise).clamp_(0, 255))
    return Split(x, y)


def _normal(shape: tuple[int, ...], *key: object) -> Tensor:
    """Nearly normal numbers: the sum of four uniform ones, scaled to mean 0 and variance 1 (float32)."""
    import torch

    from cnnlab.data.draws import draws

    count = torch.Size(shape).numel()
    bits = draws(count, "synthetic", *key)
    parts = [(bits >> shift & 0x7FFF).float() for shift in (0, 15, 30, 45)]
    return (sum(parts, torch.zeros(count)) / 0x8000 - 2).mul_(3**0.5).view(shape)
