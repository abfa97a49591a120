"""One training run, from its settings to its record."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import Callback

from cnnlab.config.run import model_of
from cnnlab.config.together import monitor_of
from cnnlab.data.content import check_unchanged
from cnnlab.data.data_record import DataRecord
from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.errors import Exit, UserError
from cnnlab.experiment.adoption import code_facts
from cnnlab.experiment.class_balance import ClassBalance
from cnnlab.experiment.design import design
from cnnlab.experiment.diverged import origin
from cnnlab.experiment.facts import fingerprint, image_shape
from cnnlab.experiment.fitting import callbacks, classifier, feeder, fit, steps_together
from cnnlab.experiment.following import listeners
from cnnlab.experiment.initial import stuck, transferred_weights
from cnnlab.experiment.job import Job
from cnnlab.experiment.measuring import Measuring
from cnnlab.experiment.memory import out_of_memory, what_fits
from cnnlab.experiment.pictures import draw
from cnnlab.experiment.plugged import callback_fault, keep_traceback, plugin_fault, unsaved_state
from cnnlab.experiment.preflight import preflight
from cnnlab.experiment.tested import write_tested
from cnnlab.lint.check import find_smells, opening_lines
from cnnlab.metrics import described
from cnnlab.metrics.by_class import Shares
from cnnlab.network.graph import Graph, graph
from cnnlab.network.outline import network_record
from cnnlab.text import dims, plural
from cnnlab.tracking.durable import write_json
from cnnlab.tracking.loggers import RunListener
from cnnlab.tracking.reader import RunFolder
from cnnlab.tracking.record import RunRecord
from cnnlab.training.average import slowness
from cnnlab.training.callbacks import EpochLines, StopSignals
from cnnlab.training.checkpoint import BEST, CheckpointFolder, StoredCheckpoint, read_checkpoint
from cnnlab.training.checkpoint_callback import CheckpointCallback
from cnnlab.training.classifier import Classifier, Diverged
from cnnlab.training.evaluate import evaluate
from cnnlab.untrusted.environment import sibling_processes
from cnnlab.untrusted.terminal import Output
from cnnlab.untrusted.words import few
from cnnlab.weights.report import lines as transfer_lines
from cnnlab.weights.report import report
from cnnlab.weights.source import sha256
from cnnlab.weights.transfer import Transfer

NAMED = 12
"""classes that a run names at its start"""


def train(job: Job, console: Output) -> Exit:
    """Fit, test the best checkpoint once, write everything down. The exit code says how it ended."""
    torch.set_num_threads(job.hardware.threads)
    own_callbacks = callbacks(job.run.callbacks, monitor_of(job.run.top))
    made_by = code_facts(RunFolder(job.folder), job.run.top.accept or ())
    dataset = open_dataset(job.run.data, job.run.top.seed)
    data = _data_record(job, dataset)
    paper = graph(job.run.network, image_shape(job.run))
    facts = {**job.facts, **made_by, "fingerprint": fingerprint(job.run), **paper.counts, "images": data.images}
    facts |= monitor_of(job.run.top).facts
    if own := described(job.run.top.metrics):
        facts["described"] = {key: info.plain() for key, info in own.items()}
    weights = transferred_weights(job.run)
    if weights:
        facts["weights"] = {"file": str(weights.weights.file), "sha256": sha256(weights.weights.file)}
    network = network_record(job.run.network, image_shape(job.run))
    record = RunRecord(
        job.folder, config=job.config, network=network, facts=facts, provenance=job.origins, data=data.plain()
    )
    attempt = Attempt(job, dataset, paper, weights, record, console, own_callbacks, listeners(job, console))
    console.say(_opening(attempt))
    if siblings := sibling_processes(os.environ):
        record.warn(siblings)
        console.say(f"warning: {siblings}")
    for line, weakens in dataset.notes.lines():
        if weakens:
            record.warn(line)
        console.say(f"{'warning: ' * weakens}{line}")
    code = Exit.BUG
    try:
        code = _recorded(attempt)
    except UserError as error:
        code = error.code
        raise
    finally:
        for listener in attempt.listeners:
            listener.end(code)
    return code


def _data_record(job: Job, dataset: Dataset) -> DataRecord:
    """What data.json says. UserError where the images are no longer those that the run was planned with."""
    source, planned = job.run.data, job.facts["data_digest"]
    check_unchanged(source, planned, dataset.digest_as_read)
    return dataset.record(source.source, planned)


def _recorded(attempt: Attempt) -> Exit:
    """Learn and test, and write down how it ended, whichever way."""
    job, record, console = attempt.job, attempt.record, attempt.console
    try:
        return attempt.learn_and_test()
    except Diverged as end:
        return attempt.diverged(end)
    except UserError as error:
        record.finish("failed", error="; ".join(fault.message for fault in error.faults))
        raise
    except SystemExit as end:
        record.finish("interrupted")
        console.print(f"interrupted; the same command goes on from here ({job.folder})")
        return Exit(end.code) if end.code in list(Exit) else Exit.INTERRUPTED
    except KeyboardInterrupt:
        record.finish("interrupted")
        return Exit.INTERRUPTED
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        if not (lacking := _exhausted(error)):
            named = dict(zip(job.run.callbacks, attempt.callbacks, strict=True))
            fault = plugin_fault(error, job.run.callbacks) or unsaved_state(named)
            record.finish("failed", error=str(fault or message))
            if not fault:
                raise
            log = keep_traceback(error, job.folder)
            console.print(f"what the plugin's code was doing stands in {log}", highlight=False, soft_wrap=True)
            raise UserError(fault) from None
    return attempt.exhausted(lacking, message)  # out here, where the error no longer holds on to what filled the memory


@dataclass(frozen=True)
class Attempt:
    """One go at a run, from its start or from a checkpoint."""

    job: Job
    dataset: Dataset
    paper: Graph
    weights: Transfer | None
    record: RunRecord
    console: Output
    callbacks: list[Callback]
    """of the user's"""
    listeners: list[RunListener]
    """who is told what was recorded"""

    @property
    def checkpoints(self) -> CheckpointFolder:
        return CheckpointFolder(self.job.folder / "checkpoints", self.job.facts["identity"])

    @property
    def balance(self) -> ClassBalance:
        return ClassBalance(self.dataset, self.job.run)

    @property
    def measuring(self) -> Measuring:
        job = self.job
        return Measuring(job.run.top.metrics, feeder(job, self.dataset), self.dataset, job.hardware.precision)

    def learn_and_test(self) -> Exit:
        job, record = self.job, self.record
        module = classifier(job, self.dataset, self.weights)
        preflight(module, self.checkpoints.folder)
        resumed = self.resume_point()
        if line := module.tuning.summary(job.run.trainer.max_epochs):
            self.console.print(line, highlight=False)
        if self.weights and (line := stuck(job.run, self.weights)):
            self.warn(line)
        if line := self.slow_average(module):
            self.warn(line)
        if not (resumed and resumed.state["cnnlab"]["stop"]):
            self.learn(module, resumed)
        best = read_checkpoint(self.checkpoints.folder / BEST)
        module.average = None  # the best checkpoint's weights are its average already
        module.load_state_dict(best["state_dict"])
        feed = feeder(job, self.dataset)
        tested = evaluate(module, feed(self.dataset.test), job.hardware.precision)
        for warning in self.balance.warnings(record.rows, tested.by_class):
            self.warn(warning)
        facts = {**tested.numbers("test"), "test/images": len(tested.truth)}
        facts |= self.balance.facts(tested.by_class, best["cnnlab"]["val_recall"])
        facts |= self.measuring.at_end(module, tested, record.rows)
        if count := job.run.top.logger.images:
            write_tested(job.folder, tested, self.dataset, count)
        result = record.finish("ok", **facts)
        if job.pictures:
            heading = title(result), subtitle(result, self.balance.test)
            draw(job.folder, record.rows, tested, self.dataset, *heading, self.balance.val, result["best/epoch"])
        _close(result, job, self.console, self.balance.test)
        return Exit.DONE

    def warn(self, message: str) -> None:
        """Say it, and keep it for the result."""
        self.record.warn(message)
        self.console.say(f"warning: {message}")

    def slow_average(self, module: Classifier) -> str | None:
        """What is to be said of an average that the run is too short for."""
        decay, trainer = self.job.run.top.ema.decay, self.job.run.trainer
        steps = min(trainer.max_epochs * module.steps_an_epoch, trainer.max_steps or sys.maxsize)
        return None if decay is None else slowness(decay, steps)

    def resume_point(self) -> StoredCheckpoint | None:
        """The checkpoint to go on from; the record is cut back to what it knows."""
        checkpoints = self.checkpoints
        newest = checkpoints.newest()
        for complaint in checkpoints.complaints:
            self.warn(complaint)
        self.record.rewind(newest.at[0] if newest else 0)
        if newest:
            self.console.print(f"going on after {newest}", highlight=False)
            return newest
        for line in opening_lines(find_smells(design(self.job.run, model_of(self.job.config)))):
            self.console.say(line)
        if self.weights:
            write_json(self.job.folder / "weights.json", report(self.weights))
            self.console.print("\n".join(transfer_lines(self.weights)), highlight=False, markup=False, soft_wrap=True)
        return newest

    def learn(self, module: Classifier, start: StoredCheckpoint | None) -> None:
        """Fit, with what a person sees and what is written down on the way."""
        run = self.job.run
        signals, lines = StopSignals(self.console), EpochLines(self.console, run.trainer)
        every, monitor = run.top.checkpoint.every, monitor_of(run.top)
        checkpointing = CheckpointCallback(
            self.checkpoints.folder, self.record, signals, every, self.announcing(lines), monitor
        )
        looks = [*self.measuring.callbacks(), *self.callbacks]
        together = steps_together(self.paper.macs, run.data.batch_size, looks)
        try:
            fit(self.job, module, [signals, lines, *looks, checkpointing], start.path if start else None, together)
        except (MisconfigurationException, RuntimeError) as error:
            named = dict(zip(run.callbacks, self.callbacks, strict=True))
            if fault := callback_fault(error, named, module.trainer.callback_metrics):
                raise UserError(fault) from None
            raise

    def announcing(self, epoch_lines: EpochLines) -> Callable[[dict[str, Any]], None]:
        """What tells each listener of an epoch that has ended."""

        def announce(row: dict[str, Any]) -> None:
            for listener in (epoch_lines, *self.listeners):
                listener.epoch(row)

        return announce

    def diverged(self, end: Diverged) -> Exit:
        kept = self.checkpoints.newest()
        began = origin(self.job, self.dataset, self.weights, kept)
        self.record.finish("diverged", error="; ".join(filter(None, (str(end), began))))
        self.console.print(f"diverged: {end}" + (f";\n  {began}" if began else ""), highlight=False, soft_wrap=True)
        advice = "a lower optimizer.lr may help"
        line = f"The checkpoint of {kept} is kept; {advice}." if kept else f"{advice.capitalize()}."
        self.console.print(line, highlight=False)
        return Exit.DIVERGED

    def exhausted(self, lacking: str, error: str) -> Exit:
        job = self.job
        if lacking == "disk":
            message = f"out of disk: {job.folder} is full; once there is room, the same command goes on"
        else:
            message = f"out of memory at data.batch_size={job.run.data.batch_size}; {what_fits(job, self.dataset)}"
        self.console.print(message, highlight=False, soft_wrap=True)
        with suppress(OSError):  # the disk may be too full for this too
            self.record.finish("failed", error=f"{message} ({error})")
        return Exit.EXHAUSTED


def _exhausted(error: BaseException) -> str | None:
    """Which of memory and disk is at an end, if that is what `error` says."""
    if isinstance(error, OSError):
        return "disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    return "memory" if out_of_memory(error) else None


def _opening(attempt: Attempt) -> str:
    job, dataset, paper = attempt.job, attempt.dataset, attempt.paper
    shape = dims(image_shape(job.run))
    counts = f"{len(dataset.train):,} training, {len(dataset.val):,} validation, {len(dataset.test):,} test images"
    numerics = {"bf16": "bf16 mixed precision", "32": "fp32"}[job.hardware.precision]
    count = job.hardware.threads
    why = f" ({job.hardware.threads_reason})" if job.hardware.threads_reason else ""
    threads = f", {plural(count, 'thread')}{why}" if job.hardware.accelerator == "cpu" else ""
    costs = f"{paper.params:,} parameters, {paper.macs / 1e6:,.1f} M multiply-adds at {shape}"
    names = f"{job.facts['model']} on {job.facts['data']}"
    classes = f"{len(dataset.names)} classes: {few(dataset.names, NAMED)}"
    return f"{names}: {costs}\n{counts}; {job.hardware.accelerator}, {numerics}{threads}\n{classes}"


def title(result: dict[str, Any]) -> str:
    return f"{result['model']} on {result['data']}: test accuracy {result['test/acc']:.4f}"


def subtitle(result: dict[str, Any], test: Shares) -> str:
    parts = [
        f"{test.words} gives {test.majority:.4f}",
        result["variant"],
        f"seed {result['seed']}",
        f"{result['params']:,} parameters",
        f"{result['seconds']:.0f} s",
    ]
    return "  ·  ".join(part for part in parts if part)


def _close(result: dict[str, Any], job: Job, console: Output, test: Shares) -> None:
    picture = f"\n  picture  {job.folder / 'overview.png'}" if job.pictures else ""
    by = "" if result["monitor"] in (None, "val/acc") else f" of the best {result['monitor']}"
    console.print(
        f"test accuracy {result['test/acc']:.4f}, balanced {result['test/balanced_acc']:.4f}; "
        f"{test.words} gives {test.majority:.4f}\n"
        f"  by epoch {result['best/epoch']}'s checkpoint{by}, validation accuracy {result['best/val_acc']:.4f}; "
        f"{result['seconds']:.0f} s\n"
        f"  results  {job.folder}{picture}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
