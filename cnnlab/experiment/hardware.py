"""What a run is to be done on: decided once, by what the machine can do, and written into the run's configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import torch

from cnnlab.errors import Fault, UserError
from cnnlab.experiment.threads import TORCHS_OWN, ThreadChoice, choose_threads
from cnnlab.training.settings import TrainerSettings

MOST_THREADS = 16
"""a processor, beyond which a number of threads is taken for a mistake"""


@dataclass(frozen=True)
class Hardware:
    """Decided, no `auto` left."""

    accelerator: str
    precision: str
    threads: int
    threads_reason: str = ""
    """why so many, where nobody said how many"""

    @property
    def device(self) -> torch.device:
        return torch.device({"gpu": "cuda"}.get(self.accelerator, self.accelerator))

    @property
    def memory_format(self) -> torch.memory_format:
        """Channels last, in which convolutions are quicker, in fp32, too.

        With and without units for bf16: an epoch took 0.74 to 0.93 of the time (docs/engine.md). Apple's units, where
        that is not known, get torch's own order.
        """
        return torch.contiguous_format if self.accelerator == "mps" else torch.channels_last


def decide(
    trainer: TrainerSettings, threads: int | None, choose: Callable[[], ThreadChoice] = choose_threads
) -> Hardware:
    """Turn `auto` into what this machine has; `choose` is asked for threads that nobody said. UserError for what it
    has not."""
    accelerator = _best() if trainer.accelerator == "auto" else trainer.accelerator
    if not _available(accelerator):
        there = ", ".join(name for name in ("cpu", "gpu", "mps") if _available(name))
        raise UserError(Fault("trainer.accelerator", f"this machine has no {accelerator}; it has {there}"))
    if trainer.devices not in (1, "auto"):
        raise UserError(
            Fault("trainer.devices", f"training on {trainer.devices} devices at once is not supported; write 1")
        )
    if threads and threads > MOST_THREADS * (os.cpu_count() or 1):
        raise UserError(Fault("threads", f"{threads} threads are too many for {os.cpu_count()} processors"))
    precision = trainer.precision
    if precision == "auto":
        precision = "bf16" if _has_bf16(accelerator) else "32"
    if threads or accelerator != "cpu":  # a GPU's work waits for no other thread
        return Hardware(accelerator, precision, threads or TORCHS_OWN)
    choice = choose()
    return Hardware(accelerator, precision, choice.count, choice.reason)


def _best() -> str:
    return next(name for name in ("gpu", "mps", "cpu") if _available(name))


def _available(accelerator: str) -> bool:
    match accelerator:
        case "gpu":
            return torch.cuda.is_available()
        case "mps":
            return torch.backends.mps.is_available()
    return accelerator == "cpu"


def _has_bf16(accelerator: str) -> bool:
    """Whether there are units for bf16: without them a CPU emulates it, slowly."""
    if accelerator == "gpu":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if accelerator == "cpu":
        checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
        return any(check() for check in checks if check)
    return False
