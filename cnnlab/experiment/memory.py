"""Out of memory: what would fit is tried, not guessed."""

from __future__ import annotations

import gc
from math import prod

import torch
import torch.nn.functional as F

from cnnlab.data.dataset import Dataset
from cnnlab.errors import Fault
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.job import Job
from cnnlab.network.build import build
from cnnlab.network.graph import Graph
from cnnlab.training.evaluate import autocast
from cnnlab.untrusted.machine import too_much


def out_of_memory(error: BaseException) -> bool:
    """Whether `error` is how torch or Python says that memory is at an end."""
    messages = "can't allocate memory", "not enough memory", "out of memory"
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in messages)
    )


def unaffordable(paper: Graph, copies: int = 3) -> list[Fault]:
    """What no machine like this one can hold, told before anything is allocated.

    `copies` of the weights: with gradients and momentum, three; with their average, four. What the batch takes besides
    shows when it is tried.
    """
    weights = 4 * (paper.params + paper.params_aux)
    largest = max([prod(paper.input), *(prod(layer.shape) for layer in paper.layers)])
    faults = []
    if demand := too_much(copies * weights):
        faults.append(Fault("model", f"its {paper.params + paper.params_aux:,} parameters would take {demand}"))
    if demand := too_much(4 * largest):
        faults.append(Fault("data.size", f"what one image becomes on its way through the network would take {demand}"))
    return faults


def what_fits(job: Job, dataset: Dataset) -> str:
    """Advice that was tried on this machine: the largest half, quarter … of the batch that can be learned from."""
    size, precision = job.run.data.batch_size, job.hardware.precision
    if precision != "bf16" and job.hardware.accelerator == "gpu" and _fits(job, dataset, size, "bf16"):
        return "trainer.precision=bf16 fits"
    while size > 1:
        size //= 2
        if _fits(job, dataset, size, precision):
            return f"data.batch_size={size} fits"
    return "not even one image at a time fits; a smaller model.width or data.size needs less"


def _fits(job: Job, dataset: Dataset, size: int, precision: str) -> bool:
    gc.collect()
    torch.cuda.empty_cache()
    try:
        device, shape = job.hardware.device, image_shape(job.run)
        net = build(job.run.network, shape, job.run.top.seed).to(device, memory_format=job.hardware.memory_format)  # type: ignore[call-overload]
        optimizer = torch.optim.SGD(net.parameters(), 0.0, 0.9)
        average = [p.detach().clone() for p in net.parameters()] if job.run.top.ema.decay is not None else []
        for _ in range(2):  # the second one beside the optimiser's state
            with autocast(precision, device):
                logits = net(torch.zeros(size, *shape, device=device))
            F.cross_entropy(logits.float(), torch.zeros(size, dtype=torch.long, device=device)).backward()
            optimizer.step()
    except Exception as error:
        if not out_of_memory(error):
            raise
        return False
    del average
    return True
