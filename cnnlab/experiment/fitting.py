"""A run's settings as objects that learn: how its images are fed, its module, its trainer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import pytorch_lightning.callbacks as lightning
from lightning_fabric.utilities.exceptions import MisconfigurationException

from cnnlab.blame import own_fault, own_line
from cnnlab.data.batches import Batches
from cnnlab.data.dataset import Dataset
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.job import Job
from cnnlab.metrics.monitor import Monitor
from cnnlab.network.build import build
from cnnlab.plugins import own_callback
from cnnlab.training.checkpoint import DurableIO
from cnnlab.training.classifier import Classifier
from cnnlab.training.learned import built_loss
from cnnlab.training.one_device import OneDeviceTrainer
from cnnlab.training.steps import Steps, ranges
from cnnlab.weights.transfer import Transfer


def feeder(job: Job, dataset: Dataset) -> partial[Batches]:
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


def classifier(job: Job, dataset: Dataset, weights: Transfer | None = None) -> Classifier:
    """The network with its first weights, drawn or given, and what it learns from."""
    run, feed = job.run, feeder(job, dataset)
    net = build(run.network, image_shape(run), run.top.seed).to(memory_format=job.hardware.memory_format)  # type: ignore[call-overload]
    facts = {
        "config": job.config,
        "classes": list(dataset.names),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "precision": job.hardware.precision,
        "identity": job.facts["identity"],
        "value_range": list(dataset.notes.value_range or ()),
    }
    module = Classifier(
        net,
        feed(dataset.train, augment=run.augment, shuffle=True, balanced=run.data.sampler == "balanced"),
        feed(dataset.val),
        optimizer=run.optimizer,
        schedule=run.scheduler,
        seed=run.top.seed,
        loss=built_loss(run.loss, run.network.classes, dataset.train.counts(run.network.classes)),
        clip=run.trainer.gradient_clip_val,
        accumulate=run.trainer.accumulate_grad_batches,
        precision=job.hardware.precision,
        freeze=dict(run.network.freeze),
        ema_decay=run.top.ema.decay,
        facts=facts,
    )
    if weights:
        weights.apply(module)
    return module


def callbacks(settings: dict[str, dict[str, Any]], monitor: Monitor | None = None) -> list[pl.Callback]:
    """Lightning's callbacks and plugins' own, as the settings name them. UserError for one that cannot be made.

    Early stopping goes by `monitor`, that of the best checkpoint, where the settings name none.
    """
    made, faults = [], []
    for name, callback in settings.items():
        own, named = own_callback(callback["_target_"]), callback["_target_"].rpartition(".")[2]
        kind = own or getattr(lightning, named)
        arguments = {key: value for key, value in callback.items() if key != "_target_"}
        if kind is lightning.EarlyStopping and arguments.get("monitor") is None:
            by = monitor or Monitor()
            if arguments.get("mode", by.mode) != by.mode:
                message = f"checkpoint.monitor={by.key} is followed, which is better the other way; leave mode out"
                faults.append(Fault(f"callbacks.{name}.mode", message))
            arguments |= {"monitor": by.key, "mode": by.mode}
        try:
            made.append(kind(**arguments))
        except (TypeError, ValueError, MisconfigurationException) as error:
            faults.append(Fault(f"callbacks.{name}", f"{kind.__name__} cannot be made: {error}{own_line(error)}"))
        except Exception as error:
            if not (fault := own_fault(error)):
                raise
            faults.append(Fault(f"callbacks.{name}", f"{kind.__name__} cannot be made: {fault.message}"))
    if faults:
        raise UserError(*faults)
    for callback in made:
        for hook in STEPWISE:
            if wants(callback, hook):
                setattr(callback, hook, partial(_of_steps, getattr(callback, hook)))
    return made


def _of_steps(hook: Callable[..., None], trainer: pl.Trainer, module: pl.LightningModule, *rest: Any) -> None:
    """Call a callback's hook, but not for the empty range that closes an epoch: nothing was learned from it."""
    first, end = rest[-2]  # (outputs,) batch, batch_idx
    if first < end:
        hook(trainer, module, *rest)


def wants(callback: pl.Callback, hook: str) -> bool:
    """Whether it has more than Lightning's own empty hook."""
    return getattr(type(callback), hook) is not getattr(pl.Callback, hook)


TOGETHER = 10**9
"""multiply-adds that make a range of steps: 10 to 50 ms on one core, for which a signal may wait"""
MOST = 32
"""steps in a range; more gain nothing (measured at batch 32: 1.14, 1.07 and 1.04 of a bare loop for 1, 8 and 32)"""
STEPWISE = ("on_train_batch_start", "on_train_batch_end")
"""hooks that a callback has to see each step"""


def steps_together(macs: int, batch_size: int, callbacks: Iterable[pl.Callback]) -> int:
    """How many steps Lightning's loop is given at once: small networks' are too quick for its 0.4 ms a step.

    One where a callback wants to see each. It changes no result, but an interrupted epoch must go on with the same.
    """
    if any(wants(callback, hook) for callback in callbacks for hook in STEPWISE):
        return 1
    return max(1, min(MOST, TOGETHER // (3 * macs * batch_size)))  # 3: forwards, and twice backwards


def fit(
    job: Job, module: Classifier, callbacks: Iterable[pl.Callback], checkpoint: Path | None, together: int = 1
) -> None:
    """Train from the start or from `checkpoint`, `together` steps at a time."""
    settings, hardware, stops = job.run.trainer, job.hardware, job.run.top.checkpoint.every.steps
    accumulate = settings.accumulate_grad_batches
    together = -(-together // accumulate) * accumulate  # a range ends with an optimiser's step
    parts = ranges(len(module.train_batches), together, stops and stops * accumulate)
    with _quiet():
        trainer = OneDeviceTrainer(
            default_root_dir=job.folder,
            accelerator=hardware.accelerator,
            precision="bf16-mixed" if hardware.precision == "bf16" else "32-true",
            max_epochs=settings.max_epochs,
            max_steps=settings.max_steps or -1,
            deterministic="warn" if settings.deterministic else None,
            plugins=[DurableIO()],
            callbacks=list(callbacks),
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        steps, whole = Steps(parts, lambda: module.progress.step), Steps([(0, 0)])
        trainer.fit(module, steps, whole, ckpt_path=checkpoint, weights_only=True)


@contextmanager
def _quiet() -> Iterator[None]:
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
