"""Data sets: sources, splits, augmentation, batches. Import from the modules; `settings` alone needs no torch."""

from cnnlab.data.augmentation import Augmentation
from cnnlab.data.source import Entry, Source

__all__ = ["Augmentation", "Entry", "Source"]
