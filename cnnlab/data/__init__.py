"""Data sets: sources, splits, augmentation, batches. Import from the modules; `settings` alone needs no torch."""
