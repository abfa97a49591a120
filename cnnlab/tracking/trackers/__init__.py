"""Trackers other than W&B: each follows a run's record in a process of its own; training goes on whatever it does."""
