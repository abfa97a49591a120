"""Made-up images that a network can learn from: a smooth pattern for each class, under noise. No files."""

import torch
import torch.nn.functional as F

from cnnlab.data.draws import draws
from cnnlab.data.settings import DataSettings
from cnnlab.data.splits import Parts, Split, check_memory

NOISE = 48.0
"""standard deviation of the noise, of 0..255; the patterns' is about as large"""


def read_parts(settings: DataSettings) -> Parts:
    samples = settings.samples or 0
    check_memory(samples + 4 * (settings.classes or 1), settings)  # patterns are floats
    patterns = _patterns(settings)
    test = max(samples // 5, len(patterns))
    return Parts(_split(patterns, samples, "train"), _split(patterns, test, "test"))


def _patterns(settings: DataSettings) -> torch.Tensor:
    """A random 4×4 checkerboard for each class, enlarged: float (classes, C, H, W)."""
    channels, rows, columns = settings.shape
    coarse = _normal((settings.classes or 1, channels, 4, 4), "pattern")
    return 128 + 64 * F.interpolate(coarse, size=(rows, columns), mode="bilinear", align_corners=False)


def _split(patterns: torch.Tensor, count: int, part: str) -> Split:
    y = torch.arange(count) % len(patterns)
    x = torch.empty(count, *patterns.shape[1:], dtype=torch.uint8)
    for i, (images, labels) in enumerate(zip(x.split(1000), y.split(1000), strict=True)):
        noise = NOISE * _normal(tuple(images.shape), part, i)
        images.copy_((patterns[labels] + noise).clamp_(0, 255))
    return Split(x, y)


def _normal(shape: tuple[int, ...], *key: object) -> torch.Tensor:
    """Nearly normal numbers: the sum of four uniform ones, scaled to mean 0 and variance 1 (float32)."""
    count = torch.Size(shape).numel()
    bits = draws(count, "synthetic", *key)
    parts = [(bits >> shift & 0x7FFF).float() for shift in (0, 15, 30, 45)]
    return (sum(parts, torch.zeros(count)) / 0x8000 - 2).mul_(3**0.5).view(shape)
