"""Fitting a network: the LightningModule, schedules, callbacks, checkpoints, evaluation."""
