"""A trained network on the test images of its own data."""

from __future__ import annotations

import torch

from cnnlab.data.batches import Batches
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.hardware import decide
from cnnlab.experiment.restore import Restored
from cnnlab.training.evaluate import Evaluation, evaluate
from cnnlab.training.settings import TrainerSettings


def on_test_split(restored: Restored, trainer: TrainerSettings, threads: int | None) -> Evaluation:
    """Evaluate on the test split, normalised as in training, with the numerics of the run."""
    run = restored.run
    hardware = decide(run.trainer.model_copy(update={"accelerator": trainer.accelerator}), threads or run.top.threads)
    torch.set_num_threads(hardware.threads)
    shape = image_shape(run)
    batches = Batches(
        restored.dataset().test,
        run.data.batch_size,
        tuple(restored.record["mean"]),
        tuple(restored.record["std"]),
        (shape[1], shape[2]),
        device=hardware.device,
        memory_format=hardware.memory_format,
    )
    net = restored.net.to(device=hardware.device, memory_format=hardware.memory_format)  # type: ignore[call-overload]
    return evaluate(net, batches, hardware.precision)
