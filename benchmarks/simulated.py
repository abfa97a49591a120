"""Sweeps that were never trained: folders with the records that a real sweep leaves, from numbers that are made up.

For measuring what the comparison's verdicts are worth (`benchmarks.calibration`) and for its tests.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnlab.settings import digest

VERSIONS = {"python": "3.11.7", "torch": "2.13.0", "pytorch_lightning": "2.6.6", "numpy": "2.4.6", "cnnlab": "0.1.0"}


@dataclass(frozen=True)
class Outcome:
    """How one run ends: its status (None: still running, "waiting": not begun), accuracy and validation curve."""

    acc: float | None = None
    status: str | None = "ok"
    curve: Sequence[float] = ()
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """further keys of result.json"""
    config: Mapping[str, Any] = field(default_factory=dict)
    """settings that this run has otherwise, dotted"""
    network: Mapping[str, Any] | None = None


def write_sweep(
    folder: Path,
    keys: Mapping[str, Sequence[str]],
    outcome: Callable[[Mapping[str, str]], Outcome],
    *,
    fixed: Sequence[str] = ("model=lenet", "threads=1"),
    study: Mapping[str, Any] | None = None,
    epochs: int = 3,
    images: int = 2000,
    looks: Sequence[int] = (),
) -> Path:
    """The sweep of all combinations of `keys` (the seed among them) under `folder`; `outcome` is asked for each run."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for values in itertools.product(*keys.values()):
        at = dict(zip(keys, values, strict=True))
        name = "_".join(f"{key.rpartition('.')[2]}={value}" for key, value in at.items()).replace("/", "-")
        words = [*fixed, *(f"{key}={value}" for key, value in at.items())]
        job = {"folder": name, "overrides": at, "identity": digest(words), "words": words}
        job["variant"] = " ".join(word for word in words if not word.startswith("seed="))
        jobs.append(job)
        if (end := outcome(at)).status != "waiting":
            write_run(folder / name, job, end, epochs, images)
    manifest = {
        "version": 1, "command": ["-m", *fixed], "fixed": list(fixed), "keys": {k: list(v) for k, v in keys.items()},
        "study": study, "threads": 1, "precision": "bf16", "created": "2026-11-24T08:00:00+00:00", "jobs": jobs,
        "looks": list(looks),
    }  # fmt: skip
    (folder / "sweep.json").write_text(json.dumps(manifest))
    return folder


def write_run(folder: Path, job: Mapping[str, Any], end: Outcome, epochs: int, images: int) -> None:
    """One run's folder, as cnnlab.tracking.record leaves it."""
    folder.mkdir(exist_ok=True)
    network = end.network or {"params": 61706, "macs": 416520, "input": [1, 28, 28], "layers": []}
    facts = {
        "versions": VERSIONS, "git": {"commit": "0" * 40, "dirty": False}, "model": "lenet", "data": "fashion_mini",
        "seed": int(job["overrides"].get("seed", 0)), "variant": job["variant"], "overrides": job["words"],
        "identity": job["identity"], "fingerprint": digest(network), "params": network["params"], "params_aux": 0,
        "macs": network["macs"], "started": "2026-11-24T08:00:00+00:00", "resumed": 0,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "network.json").write_text(json.dumps(network))
    (folder / "config.yaml").write_text(json.dumps(_config(job, end, epochs)))  # JSON is YAML
    rows = [_row(epoch, acc, end) for epoch, acc in enumerate(end.curve, start=1)]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    if end.status is None:
        return
    best = max(end.curve, default=None)
    result = {
        "status": end.status, "warnings": [], "seconds": 2.0 * len(rows),
        "best/epoch": list(end.curve).index(best) + 1 if best is not None else None, "best/val_acc": best,
        "images_per_second": 9000.0, **facts, "peak_memory_mb": 480.0, "device": "cpu", "threads": 1,
    }  # fmt: skip
    if end.status == "ok" and end.acc is not None:
        result |= {"test/acc": end.acc, "test/loss": 2.5 * (1 - end.acc), "test/images": images}
    if end.error:
        result["error"] = end.error
    (folder / "result.json").write_text(json.dumps({**result, **end.extra}))


def _row(epoch: int, acc: float, end: Outcome) -> dict[str, Any]:
    loss = 2.3 * (1 - acc) ** 0.8
    return {
        "epoch": epoch, "step": 79 * epoch, "train/loss": loss * 0.97, "train/acc": min(1.0, acc * 1.01),
        "val/loss": loss, "val/acc": acc, "lr": 0.05, "seconds": 2.0, "images_per_second": 9000.0,
    }  # fmt: skip


def _config(job: Mapping[str, Any], end: Outcome, epochs: int) -> dict[str, Any]:
    config: dict[str, Any] = {
        "task": "train", "seed": int(job["overrides"].get("seed", 0)), "threads": 1,
        "loss": {"kind": "cross_entropy", "label_smoothing": 0.0},
        "model": {"act": "relu", "body": {"c1": {"block": "conv", "channels": 6, "kernel_size": 5}}},
        "data": {"source": "fashion_mini", "shape": [1, 28, 28], "classes": 10, "size": [28, 28], "batch_size": 128},
        "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}, "scheduler": {"kind": "one_cycle"},
        "trainer": {"max_epochs": epochs, "accelerator": "cpu", "precision": "bf16"},
    }  # fmt: skip
    changes = {k: v for k, v in job["overrides"].items() if "." in k and k != "seed"}
    for key, value in {**changes, **end.config}.items():
        *path, name = key.split(".")
        inner = config
        for part in path:
            inner = inner.setdefault(part, {})
        inner[name] = value
    return config
