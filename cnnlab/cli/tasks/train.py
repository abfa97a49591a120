"""`task=train`: a run, or all that is not yet trained of a sweep, and then the sweep's comparison."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.tasks import SweepContext, SweepTask, TaskContext, WorkFolder, run_name
from cnnlab.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnlab.config.top import Top
    from cnnlab.experiment.hardware import Hardware
    from cnnlab.sweep.manifest import SweepManifest
    from cnnlab.sweep.plan import SweepPlan
    from cnnlab.sweep.pool import WorkerPool

STOPPED = (Exit.INTERRUPTED, Exit.TERMINATED)


@dataclass(frozen=True)
class HeldFolder(WorkFolder):
    """The folder of one run, held while it trains."""

    identity: str = ""
    hardware: Hardware | None = None
    data_digest: str | None = None


class Train(SweepTask):
    """Task that trains a network and tests its best checkpoint once."""

    name = "train"
    help = "fit the network, then test its best checkpoint once (the default)"
    needs = ("data", "shapes")
    trains = True
    uses_processes = True

    @contextmanager
    def work_folder(self, context: TaskContext, path: str | None) -> Iterator[WorkFolder]:
        """The folder at `path`, that of an interrupted run of the same identity, or a new one.

        UserError where it is in use, or holds another experiment.
        """
        from functools import partial

        from cnnlab.cli.folders import OUTPUTS, from_here
        from cnnlab.data.content import content
        from cnnlab.experiment.adoption import code_facts, made_by_other_code, run_difference
        from cnnlab.experiment.facts import config_to_keep, identity
        from cnnlab.experiment.hardware import decide
        from cnnlab.experiment.threads import adopted_threads
        from cnnlab.tracking.folder import by_age, enter, enter_any
        from cnnlab.untrusted.terminal import Output

        run, name = context.run, run_name(context.composed)
        data, console = content(run.data), Output()
        for remark in data.remarks:
            console.print(remark)
        hardware = decide(run.trainer, run.top.threads or context.threads or 1)
        decided = {"precision": hardware.precision, "accelerator": hardware.accelerator, "data_digest": data.digest}
        identify = partial(identity, run, **decided)
        if run.top.threads is None:
            threads = adopted_threads([Path(path)] if path else by_age(OUTPUTS), identify, any_end=path is not None)
            hardware = decide(run.trainer, threads or context.threads)
        which = identify(hardware.threads)
        settings = config_to_keep(
            run, context.composed.frozen, hardware.threads, hardware.precision, hardware.accelerator
        )
        model = context.composed.choices.get("model")
        differs = partial(run_difference, config=settings, model=model, source=run.data, content=data)
        lock, state = enter(path, which, differs=differs) if path else enter_any(OUTPUTS, name, which)
        exits = {"ok": Exit.DONE, "diverged": Exit.DIVERGED}
        ended = exits.get(state.status or "") if state.kind == "finished" else None
        try:
            if ended is not None and state.result:
                accuracy = state.result.get("test/acc")
                outcome = state.status if accuracy is None else f"test accuracy {accuracy:.4f}"
                by = "" if not made_by_other_code(state) else ", by other code of cnnlab than this"
                console.print(f"{from_here(lock.folder)} holds this run, finished{by}: {outcome}. Nothing to do.")
            elif state.kind == "unfinished":
                code_facts(state, run.top.accept or ())
                console.print(f"taking up the {state.status or 'killed'} run in {from_here(lock.folder)}")
            yield HeldFolder(lock.folder, ended, which, hardware, data.digest)
        finally:
            lock.release()
            if state.kind == "empty" and not path:
                _remove_if_unused(lock.folder)

    def run(self, context: TaskContext) -> Exit:
        from cnnlab.experiment.job import job
        from cnnlab.experiment.train import train
        from cnnlab.untrusted.terminal import Output

        work = context.work
        assert isinstance(work, HeldFolder)
        assert work.hardware
        known = (work.hardware, work.path, work.identity, work.data_digest)
        return train(job(context.run, context.composed, *known, sweep=context.sweep), Output())

    def run_sweep(self, sweep: SweepContext) -> Exit:
        from cnnlab.cli.folders import make_writable
        from cnnlab.sweep.manifest import KEY
        from cnnlab.sweep.plan import check_code
        from cnnlab.tracking.lock import Lock
        from cnnlab.untrusted.terminal import Output

        make_writable(sweep.folder, KEY)
        with Lock(sweep.folder, KEY):
            plan, top = sweep.plan(), sweep.jobs[0].run.top
            check_code(plan, top)
            for remark in sweep.contents.remarks:
                Output().print(remark)
            if not plan.manifest.looks:  # those are written round by round
                plan.manifest.write(sweep.folder)
            return train_sweep(plan, top, sweep.pool)


def _remove_if_unused(folder: Path) -> None:
    """Remove a folder in which no run began: it may hold an empty log and the lock's file."""
    files = {path.name for path in folder.iterdir()}
    if files <= {"run.lock", "run.log"}:
        for name in files:
            (folder / name).unlink()
        folder.rmdir()


def train_sweep(plan: SweepPlan, top: Top, pool: WorkerPool) -> Exit:
    """Train what is not yet trained, or count where nothing is to be, and compare."""
    from functools import partial

    from cnnlab.comparison import report, text
    from cnnlab.sweep.board import SweepTable
    from cnnlab.sweep.engine import SweepEngine
    from cnnlab.sweep.grid import trains
    from cnnlab.sweep.outcome import count
    from cnnlab.tracking.mirror.note import whereabouts
    from cnnlab.untrusted.terminal import Output

    console, folder = Output(), plan.folder
    if not trains(plan.manifest.study):
        for job in plan.unique():
            count(job)
        console.print(text(report([folder])))
        return Exit.DONE
    settings = (top.retry == "failed", top.jobs, top.timeout, partial(report, [folder]))

    def train_jobs(part: SweepPlan) -> Exit:
        board = SweepTable(part, console)
        try:
            return SweepEngine(part, board, *settings).run(pool)
        finally:
            board.close()

    ended, manifest = _in_rounds(plan, train_jobs)
    console.print(text(report([folder])))
    if ended not in STOPPED:
        manifest.note_look()
        manifest.write(folder)
    if top.logger.wandb and (note := whereabouts(folder, [job.folder for job in plan.unique()])):
        console.print(note, highlight=False, markup=False, soft_wrap=True)
    if ended in STOPPED:
        console.print(f"interrupted; the same command goes on ({folder})", highlight=False, soft_wrap=True)
    return ended


def _in_rounds(plan: SweepPlan, train_jobs: Callable[[SweepPlan], Exit]) -> tuple[Exit, SweepManifest]:
    """Train the jobs, where looks are declared in rounds: after each, the arms of claims that are settled stop.

    The exit code is the worst of all rounds, and the manifest that of the last.
    """
    from cnnlab.comparison import compare

    rounds = [seeds for seeds in plan.manifest.looks if seeds <= len(plan.manifest.keys["seed"])]
    if not rounds:
        return train_jobs(plan), plan.manifest
    part, ended = plan.opened(rounds[0]), Exit.DONE
    for later in (*rounds[1:], None):
        part.manifest.write(plan.folder)
        of_round = train_jobs(part)
        ended = ended if of_round is Exit.DONE else of_round
        comparison = compare([plan.folder])
        if later is None or ended in STOPPED or not any(comparison.is_open(job.labels) for job in part.jobs):
            break
        part = plan.opened(later, comparison.is_open)
    return ended, part.manifest
