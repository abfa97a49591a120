"""How many threads a run computes with where nobody says: what is quickest on the machine as it is at the start.

As many threads as processors are the quickest where nobody else computes. Where somebody does they wait for each other
at the end of each operation, with LeNet up to ten times as long as one thread takes (docs/environment.md).
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from cnnlab.tracking.reader import FINISHED, RunFolder

TORCHS_OWN = torch.get_num_threads()
"""what torch takes by itself: the processors that this process may use, or OMP_NUM_THREADS"""
BUDGET = 0.25
"""seconds that the measurement may take, on an idle machine as on a busy one"""
GAIN = 1.15
"""how much quicker several threads must be: a wrong choice of several costs far more than a wrong choice of one"""


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads, and why."""

    count: int
    reason: str


def choose_threads(most: int = TORCHS_OWN) -> ThreadChoice:
    """The quickest number of threads up to `most`, now. Computes for a quarter of a second where there is a choice."""
    most = min(most, TORCHS_OWN, _quota() or most)
    if most == 1:
        limited = "OMP_NUM_THREADS" in os.environ
        return ThreadChoice(1, f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}" if limited else "one processor")
    if (others := running_elsewhere()) and others >= (os.cpu_count() or 1):
        return ThreadChoice(1, f"{others} others compute here")
    seconds = measure(candidates(most))
    best = min(seconds, key=lambda count: seconds[count])
    quicker = seconds[1] / seconds[best]
    if quicker >= GAIN:
        return ThreadChoice(best, f"{quicker:.1f} times as quick as one")
    slowest = seconds[most] / seconds[1]
    return ThreadChoice(
        1, f"{most} take {slowest:.1f} times as long" if slowest > 1.05 else f"{most} are hardly quicker"
    )


def candidates(most: int) -> list[int]:
    """
    >>> candidates(2), candidates(8), candidates(64)
    ([1, 2], [1, 4, 8], [1, 4, 16, 64])
    """
    return sorted({1, most, *(count for count in (4, 16) if count < most)})


def measure(counts: Iterable[int]) -> dict[int, float]:
    """Mean seconds of a small step with each number of threads, taken in turns until the budget is spent.

    The step is of the size of LeNet's operations: larger ones gain more from threads, and lose less where they wait.
    """
    counts, before = list(counts), torch.get_num_threads()
    images = torch.linspace(-1, 1, 16 * 16 * 28 * 28).view(16, 16, 28, 28)
    weight = torch.linspace(-0.1, 0.1, 16 * 16 * 9).view(16, 16, 3, 3).requires_grad_()

    def step() -> None:
        torch.autograd.grad(F.relu(F.conv2d(images, weight, padding=1)).sum(), weight)

    spent: dict[int, list[float]] = {count: [] for count in counts}
    try:
        step()  # the first one prepares what later ones use
        end = time.perf_counter() + BUDGET
        while time.perf_counter() < end or not all(spent.values()):
            for count in counts:
                torch.set_num_threads(count)
                for _ in range(4):
                    began = time.perf_counter()
                    step()
                    spent[count].append(time.perf_counter() - began)
                    if spent[count][-1] > BUDGET / 8:  # too slow to be looked at for long
                        break
    finally:
        torch.set_num_threads(before)
    return {count: statistics.fmean(seconds) for count, seconds in spent.items()}


def running_elsewhere() -> int | None:
    """How many other processes and threads of this machine compute just now; None where the system does not tell."""
    counts = []
    try:
        for _ in range(5):
            counts.append(int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0]) - 1)
            time.sleep(0.004)
    except (OSError, ValueError, IndexError):
        return None
    return max(0, round(statistics.median(counts)))


def _quota() -> int | None:
    """Processors that a container may use, where that is fewer than there are."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def adopted_threads(folders: Iterable[Path], identity: Callable[[int], str], any_end: bool) -> int | None:
    """The number of threads of the first run among `folders` that differs from this one in nothing else.

    `any_end`: whether a run that has ended is one to go on with, too, as in a folder that the user names.
    """
    for folder in folders:
        run = RunFolder(folder)
        if run.identity is None or (not any_end and run.status in (*FINISHED, "failed")):
            continue
        threads = run.config.get("threads")
        if type(threads) is int and threads > 0 and identity(threads) == run.identity:
            return threads
    return None
