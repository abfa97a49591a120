"""A sweep's jobs: frozen, each with its folder, before the first one trains."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.config.top import Top
from cnnlab.data.content import Contents, difference
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.code_digest import code_digest
from cnnlab.experiment.facts import fingerprint, identity, image_shape
from cnnlab.experiment.hardware import Hardware, decide
from cnnlab.experiment.job import Job, job
from cnnlab.experiment.threads import ThreadChoice, choose_threads
from cnnlab.network.graph import graph
from cnnlab.sweep.grid import SEED, Cell, Grid, trains
from cnnlab.sweep.manifest import (
    KEY,
    SweepManifest,
    free_folder,
    identities,
    job_folder_name,
    merged_values,
    read_manifest,
)
from cnnlab.tracking.folder import strangers
from cnnlab.tracking.reader import RunFolder, run_in
from cnnlab.untrusted.words import few


@dataclass(frozen=True)
class CheckedCell:
    """A cell whose configuration was composed and has no faults."""

    cell: Cell
    composed: Composed
    run: Run

    @property
    def labels(self) -> dict[str, str]:
        """Those of its levels; the seed is always among them."""
        return {**self.cell.labels, SEED: str(self.run.top.seed)}


def reseeded(twin: CheckedCell, cell: Cell) -> CheckedCell:
    """What composing and checking `cell` would give, which differs from its twin's cell in the seed alone."""
    seed, old = int(cell.labels[SEED]), twin.composed
    config, frozen = {**old.config, SEED: seed}, {**old.frozen, SEED: seed}
    composed = replace(old, config=config, frozen=frozen, overrides=cell.words)
    return CheckedCell(cell, composed, replace(twin.run, top=twin.run.top.model_copy(update={SEED: seed})))


@dataclass(frozen=True)
class PlannedJob:
    """A job, and what it is called in its sweep."""

    labels: dict[str, str]
    job: Job

    @property
    def arm(self) -> tuple[tuple[str, str], ...]:
        """Its labels but the seed."""
        return tuple((name, label) for name, label in self.labels.items() if name != SEED)


@dataclass(frozen=True)
class SweepPlan:
    """All of a command's jobs, in the order in which they are to be trained, and the manifest they stand in."""

    folder: Path
    manifest: SweepManifest
    jobs: tuple[PlannedJob, ...]
    remade: int = 0
    """how many cells had other settings when the sweep was started: files, or the code, have changed"""
    earlier_code: str | None = None
    """digest of the code that trained the sweep's jobs before"""

    def waiting(self, retry: bool) -> list[Job]:
        """The jobs that are still to be trained: new, killed, interrupted, or failed and to be tried again."""
        return [job for job in self.unique() if _is_waiting(RunFolder(job.folder), retry)]

    def opened(self, seeds: int, is_open: Callable[[Mapping[str, str]], bool] = lambda _: True) -> SweepPlan:
        """The first so many seeds of the arms that are open; runs that are there already stay in the manifest."""
        first = {*self.manifest.keys[SEED][:seeds]}

        def takes_part(labels: Mapping[str, str]) -> bool:
            return labels[SEED] in first and is_open(labels)

        def stays(entry: Mapping[str, Any]) -> bool:
            there = RunFolder(self.folder / str(entry["folder"])).kind != "empty"
            return takes_part(entry["overrides"]) or there

        manifest = replace(self.manifest, jobs=[entry for entry in self.manifest.jobs if stays(entry)])
        return replace(self, manifest=manifest, jobs=tuple(job for job in self.jobs if takes_part(job.labels)))

    def unique(self) -> list[Job]:
        """Each identity once."""
        return list({planned.job.folder: planned.job for planned in self.jobs}.values())


def _is_waiting(run: RunFolder, retry: bool) -> bool:
    return run.kind != "finished" and (run.status != "failed" or retry)


def check_code(plan: SweepPlan, top: Top) -> None:
    """Enter in the manifest by what code its jobs are trained, if any are still to be.

    UserError where others were trained by other code, unless that is accepted.
    """
    manifest, now, earlier = plan.manifest, code_digest(), plan.earlier_code
    if earlier in (None, now):
        manifest.code = now
        return
    if not plan.waiting(top.retry == "failed"):
        manifest.code = earlier
        return
    if "code" not in (top.accept or ()):
        message = (
            f"{plan.folder} was trained by other code of cnnlab ({earlier}, this is {now}), and its runs would differ "
            f"in that, too; accept=code adds to it all the same, {KEY}=FOLDER trains all of it in another folder"
        )
        raise UserError(Fault(KEY, message))
    manifest.code, manifest.accepted = now, ["code"]


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def plan(
    folder: Path,
    grid: Grid,
    cells: Sequence[CheckedCell],
    command: list[str],
    contents: Contents,
    data_digest: str | None,
) -> SweepPlan:
    """Decide where and on what each job runs, and enter it in the sweep's manifest, which is not yet written.

    `data_digest` is of the images that all jobs have in common. UserError where the folder holds another sweep.
    """
    old = read_manifest(folder)
    keys = {factor.name: [level.label for level in factor.levels] for factor in grid.factors}
    keys = merged_values(old.keys if old else {}, {SEED: list(dict.fromkeys(c.labels[SEED] for c in cells)), **keys})
    manifest = SweepManifest(command, list(grid.fixed), keys, grid.study, data=data_digest)
    if old:
        _check_same_sweep(folder, old, replace(manifest, data=old.data), keys)
        if old.data and data_digest:
            _check_same_images(folder, old.data, cells[0].run.data, contents)
        manifest.created, manifest.threads, manifest.precision = old.created, old.threads, old.precision
        manifest.accepted = old.accepted
    elif folder.is_dir() and run_in(folder, KEY).kind != "empty":
        raise UserError(Fault(KEY, f"{folder} is a run's folder; choose another"))
    elif others := strangers(folder):
        message = f"{folder} holds other files ({few(others)}); choose an empty folder, or one that is not there yet"
        raise UserError(Fault(KEY, message))
    manifest.declare(grid.looks, old)
    planned = list(_place_jobs(folder, cells, manifest, contents))
    manifest.threads, manifest.precision = _shared(planned, "threads"), _shared(planned, "precision")
    before = {_cell(entry): entry for entry in (old.jobs if old else ())}
    entries = {_key(planned_job.labels): _entry(folder, planned_job) for planned_job in planned}
    remade = sum(key in before and before[key].get("identity") != entry["identity"] for key, entry in entries.items())
    manifest.jobs = [entries.pop(key, entry) for key, entry in before.items()] + list(entries.values())
    return SweepPlan(folder, manifest, tuple(planned), remade, old.code if old else None)


def _check_same_sweep(folder: Path, old: SweepManifest, new: SweepManifest, keys: dict[str, list[str]]) -> None:
    if old.compares() != new.compares() or (old.study or {}).get("name") != (new.study or {}).get("name"):
        shown = " × ".join(key for key in old.keys if key != SEED) or "seeds"
        fixed = f" with {' '.join(old.compares()[0])}" if old.compares()[0] else ""
        what = f"study={old.study['name']}" if old.study else f"{shown}{fixed}"
        raise UserError(Fault(KEY, f"{folder} holds another sweep ({what}); choose another folder"))


def _check_same_images(folder: Path, earlier: str, source: Source, contents: Contents) -> None:
    if change := difference(source, contents.of(source), earlier):
        raise UserError(Fault(KEY, f"{folder} holds this sweep on other images: {change}; choose another folder"))


def _place_jobs(
    folder: Path, cells: Sequence[CheckedCell], manifest: SweepManifest, contents: Contents
) -> Iterator[PlannedJob]:
    known, seen, reads_images = identities(folder), {}, trains(manifest.study)
    choose = cache(choose_threads)  # once for all jobs
    for checked in cells:
        run = checked.run
        hardware = _hardware(run, manifest, len(cells), choose)
        data = contents.of(run.data).digest if reads_images else None
        which = identity(run, hardware.threads, hardware.precision, hardware.accelerator, data)
        if which not in seen:
            name = job_folder_name(replace(checked.cell, labels=checked.labels), run.top.seed)
            job_folder = known.get(which) or free_folder(folder, name, which, known)
            known[which] = job_folder
            of_sweep = {"pictures": False, "sweep": folder.resolve().name}
            made = job(run, checked.composed, hardware, job_folder, which, data, **of_sweep)
            seen[which] = replace(made, facts={**made.facts, **_costs(run)})
        yield PlannedJob(checked.labels, seen[which])


def _costs(run: Run) -> dict[str, Any]:
    return {"fingerprint": fingerprint(run), **graph(run.network, image_shape(run)).counts}


def _hardware(run: Run, manifest: SweepManifest, count: int, choose: Callable[[int], ThreadChoice]) -> Hardware:
    """What a job runs on: as the sweep's first command decided, else so that there is a job a processor.

    Where there are more processors than jobs at once, a job has what is quickest up to its share of them.
    """
    trainer = run.trainer
    if manifest.precision and trainer.precision == "auto":
        trainer = trainer.model_copy(update={"precision": manifest.precision})
    asked = run.top.threads or manifest.threads
    at_once = min(count, cores()) if run.top.jobs == "auto" else run.top.jobs
    share = max(1, cores() // at_once)
    return decide(trainer, asked or (1 if share == 1 else None), lambda: choose(share))


def _shared(planned: list[PlannedJob], name: str) -> Any:
    """What all jobs have in common; None where it is swept."""
    values = {getattr(planned_job.job.hardware, name) for planned_job in planned}
    return values.pop() if len(values) == 1 else None


def _entry(folder: Path, planned: PlannedJob) -> dict[str, Any]:
    facts = planned.job.facts
    words = [word for word in facts["overrides"] if not word.startswith("hydra")]
    names = {name: facts[name] for name in ("identity", "fingerprint", "variant")}
    name = os.path.relpath(planned.job.folder, folder)
    return {"folder": name, "overrides": planned.labels, "words": words, **names}


def _cell(entry: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return _key(entry.get("overrides") or {})


def _key(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
