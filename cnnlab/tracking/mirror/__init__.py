"""Weights & Biases as a mirror of the record on disk.

A run's own folder is the truth; what W&B shows is made from it, at the end of each epoch and of the run, by a process
beside the one that trains (`process`). It sends what W&B does not have yet, whoever asks: a run in progress, one that
was resumed, or `task=sync` afterwards. `wandb` is imported nowhere else, and only inside functions.
"""
