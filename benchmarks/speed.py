"""How long does an epoch take, against a bare PyTorch loop and against what people usually write?

    python -m benchmarks.speed                      lenet, lenet at batch 32, resnet18, start-up, memory
    python -m benchmarks.speed lenet start repeats=10 -- threads=1

Every variant trains two epochs on the same images with the same network, batch and options; the second one, with its
validation, is timed (ours with its checkpoint and its record too). Variants are interleaved; a ratio is the median over
repeats of ours divided by the other's time in the same repeat. `start` is the time from the command to the first step
against importing torch and Lightning; `memory` the peak of a process that trains, ours against the bare loop's.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks import peers
from benchmarks.setting import CONF, ROOT, heading, run_of
from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.data.sources.mnist import DEBIAN
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.fitting import classifier, fit, steps_together
from cnnlab.experiment.hardware import decide
from cnnlab.experiment.job import Job
from cnnlab.network.graph import graph
from cnnlab.tracking.record import RunRecord
from cnnlab.training.callbacks import StopSignals
from cnnlab.training.checkpoint_callback import CheckpointCallback

FASHION = ["data=fashion_mnist"] if DEBIAN.exists() else ["data=fashion_mini"]
SMALL_STEM = ["model.body.stem={block: conv, channels: 64, kernel_size: 3, stride: 1}", "model.body.pool=null"]
CASES = {
    "lenet": ["model=lenet", *FASHION, "data.batch_size=256", "data.subset=20000"],
    "lenet-32": ["model=lenet", *FASHION, "data.batch_size=32", "data.subset=6000"],
    "resnet18": [
        "model=resnet18",
        *SMALL_STEM,
        "data=synthetic",
        "data.shape=[3,32,32]",
        "data.samples=640",
        "data.batch_size=64",
    ],
}


def job_of(words: list[str], folder: Path) -> Job:
    run = run_of(["trainer.max_epochs=2", "trainer.progress=false", *words])
    facts = {"identity": "benchmark", "seed": run.top.seed}
    return Job(run, decide(run.trainer, run.top.threads), folder, config={}, facts=facts, origins={})


class Clock(StopSignals):
    """Seconds of the last epoch, to when its row and its checkpoint are on disk."""

    def on_train_epoch_start(self, *_: Any) -> None:
        self.began = time.perf_counter()

    def told(self, _: dict[str, Any]) -> None:
        self.seconds = time.perf_counter() - self.began


def ours(job: Job, dataset: Dataset, at_once: int | None = None, precision: str | None = None) -> float:
    """An epoch of a run as the command line trains it. Seconds."""
    job = replace(job, hardware=replace(job.hardware, precision=precision or job.hardware.precision))
    with TemporaryDirectory(prefix="cnnlab-speed-") as place:
        job = replace(job, folder=Path(place))
        macs = graph(job.run.network, image_shape(job.run)).macs
        record = RunRecord(job.folder, config={}, network={}, facts=job.facts)
        module, clock = classifier(job, dataset), Clock(None)  # type: ignore[arg-type]
        keeper = CheckpointCallback(job.folder / "checkpoints", record, clock, job.run.top.checkpoint.every, clock.told)
        fit(job, module, [clock, keeper], None, at_once or steps_together(macs, job.run.data.batch_size, []))
    return clock.seconds


Variant = Callable[[Job, Dataset], float]
VARIANTS: dict[str, Variant] = {
    "bare": peers.bare,
    "bare fp32": partial(peers.bare, precision="32"),
    "course": peers.course,
    "template": peers.template,
    "ours": ours,
    "ours fp32": partial(ours, precision="32"),
}
RATIOS = [
    ("ours", "bare"),
    ("ours fp32", "bare fp32"),
    ("ours", "bare fp32"),
    ("ours fp32", "course"),
    ("ours", "course"),
    ("ours fp32", "template"),
    ("ours", "template"),
]


def measure(case: str, words: list[str], repeats: int, variants: dict[str, Variant]) -> dict[str, list[float]]:
    """Milliseconds a step of each variant, one number a repeat."""
    job = job_of([*CASES[case], *words], Path())
    torch.set_num_threads(job.hardware.threads)
    dataset = open_dataset(job.run.data, job.run.top.seed)
    steps = -(-len(dataset.train) // job.run.data.batch_size)
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, variant in variants.items():
            times[name].append(1000 * variant(job, dataset) / steps)
    return times


def show(case: str, times: dict[str, list[float]]) -> None:
    for name, took in times.items():
        print(f"{case:<9} {name:<20} ms/step  min {min(took):9.3f}  median {median(took):9.3f}")
    for name, other in RATIOS:
        if name in times and other in times:
            pairs = [a / b for a, b in zip(times[name], times[other], strict=True)]
            mins = min(times[name]) / min(times[other])
            print(f"{case:<9} {name} / {other:<12} mins {mins:.3f}   median of pairs {median(pairs):.3f}")


FIRST_STEP = """
import os, sys
from pathlib import Path
from cnnlab.cli.main import main
from cnnlab.training import classifier
classifier.Classifier.step = lambda *_: os._exit(0)
main(Path(sys.argv[1]), sys.argv[2:])
"""


def start_up(repeats: int) -> None:
    """Seconds from the command to the first training step, and those of importing torch and Lightning alone."""
    with TemporaryDirectory(prefix="cnnlab-speed-") as place:
        commands = {
            "imports": ["-c", "import torch, pytorch_lightning"],
            "first step": ["-c", FIRST_STEP, str(CONF), "model=lenet", f"hydra.run.dir={place}/run"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, words in commands.items():
                began = time.perf_counter()
                subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - began)
    pairs = [b - a for a, b in zip(*times.values(), strict=True)]
    shown = "   ".join(f"{name} {median(took):.2f} s" for name, took in times.items())
    print(f"start     {shown}   more: median {median(pairs):.2f} s")


PEAK = """
import resource, sys
from pathlib import Path
from benchmarks import peers, speed
from cnnlab.data.dataset import open_dataset
variant, case, *words = sys.argv[1:]
job = speed.job_of([*speed.CASES[case], *words], Path())
speed.torch.set_num_threads(job.hardware.threads)
dataset = open_dataset(job.run.data, job.run.top.seed)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{"bare": peers.bare, "ours": speed.ours}[variant](job, dataset)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory(words: list[str]) -> None:
    """Peak resident memory of a process that trains, and how much of it training took."""
    for case in CASES:
        peaks = {}
        for variant in ("bare", "ours"):
            command = [sys.executable, "-c", PEAK, variant, case, *words]
            before, peak = map(int, subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout.split())
            peaks[variant] = peak
            took = (peak - before) / 1024
            print(f"memory    {case:<9} {variant:<5} {peak / 1024:.0f} MB, {took:.0f} of it for training")
        print(f"memory    {case:<9} ours / bare {peaks['ours'] / peaks['bare']:.3f}")


def main(argv: list[str]) -> int:
    at = argv.index("--") if "--" in argv else len(argv)
    words, overrides = argv[:at], argv[at + 1 :]
    repeats = next((int(word[8:]) for word in words if word.startswith("repeats=")), 5)
    cases = [word for word in words if word in (*CASES, "start", "memory")] or [*CASES, "start", "memory"]
    print(heading("benchmarks.speed", argv, job_of([*CASES["lenet"], *overrides], Path()).hardware))
    for case in cases:
        match case:
            case "start":
                start_up(repeats)
            case "memory":
                memory(overrides)
            case _:
                show(case, measure(case, overrides, repeats, VARIANTS))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
