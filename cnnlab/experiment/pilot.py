"""How long a run will take, from a few steps on random images."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

from cnnlab.config.run import Run
from cnnlab.data.dataset import Dataset
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.hardware import Hardware
from cnnlab.network.build import build
from cnnlab.training.evaluate import autocast

MOST_MACS = 4e9
"""multiply-adds of a trial step: large networks are tried on fewer images than a batch"""
STEPS = 3
FORWARD = 1 / 3
"""cost of looking at an image beside that of learning from it"""


def seconds_an_image(run: Run, hardware: Hardware, macs: int) -> float:
    """What learning from one image takes: forward, backward and the weights' step; the best of a few."""
    torch.set_num_threads(hardware.threads)
    shape = image_shape(run)
    count = max(2, min(run.data.batch_size, int(MOST_MACS / max(macs, 1))))
    net = build(run.network, shape, run.top.seed)
    net = net.to(device=hardware.device, memory_format=hardware.memory_format)  # type: ignore[call-overload]
    x = torch.randn(count, *shape, device=hardware.device).contiguous(memory_format=hardware.memory_format)
    y = torch.arange(count, device=hardware.device) % run.network.classes
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    best = float("inf")
    for _ in range(1 + STEPS):
        since = time.perf_counter()
        optimizer.zero_grad()
        with autocast(hardware.precision, hardware.device):
            logits = net(x)
        F.cross_entropy(logits.float(), y).backward()
        optimizer.step()
        if hardware.accelerator == "gpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - since)
    return best / count


def estimate(run: Run, dataset: Dataset, an_image: float) -> float:
    """Seconds of a whole run: its epochs, each with a look at the validation images, and the test."""
    epochs, batch = run.trainer.max_epochs, run.data.batch_size
    if run.trainer.max_steps:
        epochs = min(epochs, run.trainer.max_steps * run.trainer.accumulate_grad_batches * batch / len(dataset.train))
    looks = epochs * len(dataset.val) + len(dataset.test)
    return an_image * (epochs * len(dataset.train) + FORWARD * looks)
