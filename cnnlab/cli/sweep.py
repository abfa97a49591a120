"""A sweep from the command line: its grid, every job composed once and checked, then its task, or Hydra."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.arguments import Arguments
from cnnlab.cli.check import locate
from cnnlab.cli.folders import OUTPUTS, make_writable, new_sweep_folder
from cnnlab.cli.grid import SweepRequest, read_request
from cnnlab.cli.hydra_sweep import is_hydras_own, sweep_by_hydra
from cnnlab.cli.jobs import run_sweep_job, sweep_exit
from cnnlab.cli.messages import complain
from cnnlab.cli.sweep_checks import check_jobs
from cnnlab.cli.tasks import TASKS, SweepContext, SweepTask
from cnnlab.config.composed import Composed
from cnnlab.config.data_group import read_data
from cnnlab.config.files import Unreadable
from cnnlab.data.content import Contents
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.sweep.grid import Grid, trains
from cnnlab.sweep.manifest import KEY, default_folder, seems_finished, shared_digest
from cnnlab.sweep.pool import WorkerPool
from cnnlab.untrusted.words import clean

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine
    from cnnlab.sweep.plan import CheckedCell

NO_JOBS = Fault("", "this makes no jobs: a glob(…) matches no file, or a range(…) is empty", origin=COMMAND_LINE)

NOTHING_SWEPT = Fault(
    "-m",
    "no setting has several values to go through, as in seed=0,1,2; leave -m out for one run, or name the sweep "
    "that it joins: hydra.sweep.dir=PATH",
    origin=COMMAND_LINE,
)


def sweep(hydra: HydraEngine, arguments: Arguments) -> Exit:
    """Everything wrong with any job at once; else the sweep."""
    try:
        return sweep_in_folder(hydra, arguments)[0]
    except UserError as error:
        return complain(error.faults, error.code)


def sweep_in_folder(hydra: HydraEngine, arguments: Arguments) -> tuple[Exit, Path | None]:
    """The sweep: its exit code and, where it is one of cnnlab's own, its folder. UserError with all faults."""
    try:
        request = read_request(hydra, arguments)
    except Unreadable as error:
        raise UserError(*error.faults) from None
    except UserError as error:
        raise UserError(*(replace(fault, origin=COMMAND_LINE) for fault in error.faults), code=error.code) from None
    hydras = is_hydras_own(arguments.overrides, request.base)
    if hydras and not request.study and not request.too_large:
        return sweep_by_hydra(hydra, arguments, request.located), None
    if _varies_nothing(request):
        raise UserError(NOTHING_SWEPT)
    contents = Contents()
    with WorkerPool() as pool:
        if not request.located:
            _warm(pool, request.base, request.grid, contents)
        checked, faults = check_jobs(hydra, arguments.config_name, request)
        if hydras and request.study:
            message = "runs by cnnlab's own means; leave hydra/launcher and the like out"
            faults.append(Fault("study", message, origin=COMMAND_LINE))
        if faults or not checked:
            raise UserError(*(faults or [NO_JOBS]))
        try:
            return _run(hydra, request.grid, checked, arguments, pool, contents)
        except UserError as error:
            located = (locate(fault, checked[0].composed) for fault in error.faults)
            raise UserError(*located, code=error.code) from None


def _varies_nothing(request: SweepRequest) -> bool:
    """Whether nothing makes a sweep of it: a lone job may still be meant as one of a sweep that is there already."""
    task = TASKS.of(request.base)
    of_one = isinstance(task, SweepTask) and task.of_sweeps_only
    named = request.base.sweep_dir is not None
    return not (request.grid.factors or request.study or request.located or of_one or named)


def _warm(pool: WorkerPool, base: Composed, grid: Grid, contents: Contents) -> None:
    """Warm the jobs' processes up while the rest is made ready, unless it seems that nothing is left to train."""
    task = TASKS.of(base)
    will_train = isinstance(task, SweepTask) and task.uses_processes and trains(grid.study)
    data, faults = read_data(base.config.get("data"), reads_images=True)
    if not will_train or not data or faults:
        return
    with suppress(UserError):  # told once the jobs are checked
        if not seems_finished(_folder(base.sweep_dir, grid, shared_digest(grid, data, contents)), grid):
            pool.warm()


def _folder(folder: str | None, grid: Grid, data_digest: str | None) -> Path:
    return Path(folder) if folder else default_folder(OUTPUTS, grid, data_digest)


def _run(
    hydra: HydraEngine,
    grid: Grid,
    checked: list[CheckedCell],
    arguments: Arguments,
    pool: WorkerPool,
    contents: Contents,
) -> tuple[Exit, Path]:
    """Do the jobs' task for all of them at once, where it can; else one after the other."""
    tasks = [TASKS[name] for name in TASKS if any(job.run.top.task == name for job in checked)]
    of_sweeps = [task for task in tasks if isinstance(task, SweepTask)]
    folder = checked[0].composed.sweep_dir
    if of_sweeps == tasks:
        digest = shared_digest(grid, checked[0].run.data, contents)
        place = _folder(folder, grid, digest)
        context = SweepContext(grid, checked, place, arguments.typed, pool, contents, digest)
        return of_sweeps[-1].run_sweep(context), context.folder
    made = make_writable(Path(folder) if folder else new_sweep_folder(), KEY)
    return _one_by_one(hydra, checked, made), made


def _one_by_one(hydra: HydraEngine, checked: Sequence[CheckedCell], folder: Path) -> Exit:
    exits = []
    for number, job in enumerate(checked):
        print(clean(f"\njob {number}: {shlex.join(job.cell.words)}"))
        exits.append(run_sweep_job(hydra, job.run, job.composed, str(folder / str(number))))
    return sweep_exit(exits)
