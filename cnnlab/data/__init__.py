"""Data sets: sources, splits, augmentation, batches. Importing their records needs no torch."""

from cnnlab.data.augmentation import Augmentation
from cnnlab.data.entry import Entry
from cnnlab.data.source import Source

__all__ = ["Augmentation", "Entry", "Source"]
