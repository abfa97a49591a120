"""One training run, from its settings to its record."""

from __future__ import annotations

import logging
import math
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from rich.console import Console

from cnnlab.data.batches import Batches
from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.errors import Exit
from cnnlab.experiment.facts import fingerprint, image_shape
from cnnlab.experiment.job import Job
from cnnlab.experiment.measures import measured
from cnnlab.experiment.pictures import draw
from cnnlab.network.build import build
from cnnlab.network.plan import plan
from cnnlab.tracking.record import RunRecord
from cnnlab.training.callbacks import Lines, Signals
from cnnlab.training.checkpoint import DurableIO, Keeper, newest, read_checkpoint
from cnnlab.training.classifier import Classifier, Diverged, Steps
from cnnlab.training.evaluate import evaluate
from cnnlab.training.gradients import Gradients, first_to_last


def train(job: Job, console: Console) -> Exit:
    """Fit, test the best checkpoint once, write everything down. The exit code says how it ended."""
    torch.set_num_threads(job.hardware.threads)
    dataset = open_dataset(job.run.data, job.run.top.seed)
    paper = plan(job.run.network, image_shape(job.run))
    facts = {
        **job.facts,
        "fingerprint": fingerprint(job.run),
        "params": paper.params,
        "params_aux": 0,
        "macs": paper.macs,
    }
    record = RunRecord(job.folder, config=job.config, network=paper.record(), facts=facts, provenance=job.origins)
    console.print(_opening(job, dataset, paper.params, paper.macs), highlight=False, soft_wrap=True)
    try:
        return _fit_and_test(job, dataset, record, console)
    except Diverged as end:
        record.finish("diverged", error=str(end))
        console.print(f"diverged: {end}. The last good checkpoint is kept; a lower optimizer.lr may help.")
        return Exit.DIVERGED
    except SystemExit as end:
        record.finish("interrupted")
        console.print(f"interrupted; the same command goes on after the last finished epoch ({job.folder})")
        return Exit(end.code) if end.code in list(Exit) else Exit.INTERRUPTED
    except KeyboardInterrupt:
        record.finish("interrupted")
        return Exit.INTERRUPTED
    except Exception as error:
        record.finish("failed", error=f"{type(error).__name__}: {error}")
        if exhausted := _exhausted(error):
            console.print(f"out of {exhausted}: {_first_line(error)}. A smaller data.batch_size needs less.")
            return Exit.EXHAUSTED
        raise


def _fit_and_test(job: Job, dataset: Dataset, record: RunRecord, console: Console) -> Exit:
    module = _module(job, dataset)
    found = newest(job.folder / "checkpoints")
    record.rewind(found[1]["epoch"] + 1 if found else 0)
    if found:
        console.print(f"going on after epoch {found[1]['epoch'] + 1}", highlight=False)
    keeper = Keeper(job.folder / "checkpoints", record)
    _fit(job, module, keeper, console, found[0] if found else None)
    for warning in _warnings(record, job.run.network.classes):
        record.warn(warning)
        console.print(f"warning: {warning}")
    best = read_checkpoint(job.folder / "checkpoints" / "best.ckpt")
    module.load_state_dict(best["state_dict"])
    feed = _feed(job, dataset)
    tested = evaluate(module, feed(dataset.test), job.hardware.precision)
    more = measured(job.run.top.metrics, module, feed, job.hardware.precision, dataset, tested)
    result = record.finish(
        "ok", **{"test/acc": tested.acc, "test/loss": tested.loss}, **more, **first_to_last(record.rows)
    )
    if job.pictures:
        draw(job.folder, record.rows, tested, dataset, title(result), subtitle(result))
    _close(result, job, console)
    return Exit.DONE


def _feed(job: Job, dataset: Dataset) -> partial[Batches]:
    """How splits are fed to this run's network."""
    shape = image_shape(job.run)
    return partial(
        Batches,
        batch_size=job.run.data.batch_size,
        mean=dataset.mean,
        std=dataset.std,
        size=(shape[1], shape[2]),
        seed=job.run.top.seed,
        device=job.hardware.device,
        memory_format=job.hardware.memory_format,
    )


def _module(job: Job, dataset: Dataset) -> Classifier:
    run, feed = job.run, _feed(job, dataset)
    net = build(run.network, image_shape(run), run.top.seed).to(memory_format=job.hardware.memory_format)  # type: ignore[call-overload]
    facts = {
        "config": job.config,
        "classes": list(dataset.names),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "precision": job.hardware.precision,
        "identity": job.facts["identity"],
    }
    return Classifier(
        net,
        feed(dataset.train, augment=run.augment, shuffle=True),
        feed(dataset.val),
        optimizer=run.optimizer,
        schedule=run.scheduler,
        seed=run.top.seed,
        label_smoothing=run.top.label_smoothing,
        clip=run.trainer.gradient_clip_val,
        accumulate=run.trainer.accumulate_grad_batches,
        precision=job.hardware.precision,
        facts=facts,
    )


def _fit(job: Job, module: Classifier, keeper: Keeper, console: Console, checkpoint: Path | None) -> None:
    settings, hardware = job.run.trainer, job.hardware
    lines: list[pl.Callback] = [Lines(console)] if settings.progress else []
    looks: list[pl.Callback] = [Gradients()] if "gradients" in job.run.top.metrics else []
    with _quiet():
        trainer = pl.Trainer(
            default_root_dir=job.folder,
            accelerator=hardware.accelerator,
            devices=1,
            precision="bf16-mixed" if hardware.precision == "bf16" else "32-true",
            max_epochs=settings.max_epochs,
            max_steps=settings.max_steps or -1,
            deterministic="warn" if settings.deterministic else None,
            plugins=[DurableIO()],
            callbacks=[*looks, keeper, *lines, Signals(console)],  # an epoch whose line is printed is on disk
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        trainer.fit(
            module,
            Steps(len(module.train_batches)),
            Steps(1),
            ckpt_path=checkpoint,
            weights_only=True,
        )


@contextmanager
def _quiet():
    """Lightning's remarks on dataloaders and devices are about a way of loading that is not ours."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        warnings.filterwarnings("ignore", module="lightning_fabric")
        try:
            yield
        finally:
            logger.setLevel(level)


def _warnings(record: RunRecord, classes: int) -> list[str]:
    """A loss that never left chance: a finding, not a failure, but one to be told."""
    losses = [row["train/loss"] for row in record.rows if row.get("train/loss") is not None]
    chance = math.log(classes)
    if losses and losses[-1] > 0.98 * min(losses[0], chance):
        return [f"not learning: the training loss is still flat ({losses[-1]:.3f}; chance is {chance:.3f})"]
    return []


def _exhausted(error: BaseException) -> str | None:
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return "memory"
    return "disk" if isinstance(error, OSError) and error.errno in (28, 122) else None  # ENOSPC, EDQUOT


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _opening(job: Job, dataset: Dataset, params: int, macs: int) -> str:
    shape = "×".join(map(str, image_shape(job.run)))
    counts = f"{len(dataset.train):,} training, {len(dataset.val):,} validation, {len(dataset.test):,} test images"
    numerics = {"bf16": "bf16 mixed precision", "32": "fp32"}[job.hardware.precision]
    threads = f", {job.hardware.threads} threads" if job.hardware.accelerator == "cpu" else ""
    costs = f"{params:,} parameters, {macs / 1e6:,.1f} M multiply-adds at {shape}"
    names = f"{job.facts['model']} on {job.facts['data']}"
    return f"{names}: {costs}\n{counts}; {job.hardware.accelerator}, {numerics}{threads}"


def title(result: dict[str, Any]) -> str:
    return f"{result['model']} on {result['data']}: test accuracy {result['test/acc']:.4f}"


def subtitle(result: dict[str, Any]) -> str:
    parts = [
        result["variant"],
        f"seed {result['seed']}",
        f"{result['params']:,} parameters",
        f"{result['seconds']:.0f} s",
    ]
    return "  ·  ".join(part for part in parts if part)


def _close(result: dict[str, Any], job: Job, console: Console) -> None:
    picture = f"\n  picture  {job.folder / 'overview.png'}" if job.pictures else ""
    console.print(
        f"test accuracy {result['test/acc']:.4f} (by epoch {result['best/epoch']}'s checkpoint, "
        f"validation accuracy {result['best/val_acc']:.4f}); {result['seconds']:.0f} s\n"
        f"  results  {job.folder}{picture}",
        highlight=False,
        soft_wrap=True,
    )
