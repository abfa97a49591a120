"""A sweep from the command line: its grid, every job composed once and checked, then the engine, or Hydra."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import Arguments
from cnnlab.cli.attempt import attempted, told
from cnnlab.cli.check import check, note
from cnnlab.cli.grid import Asked, ask, check_claims
from cnnlab.cli.launched import by_hydra, is_hydras
from cnnlab.cli.main import complain, made
from cnnlab.cli.output import Output
from cnnlab.cli.tasks import OUTPUTS, sweep_folder
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.files import Unreadable
from cnnlab.door.words import clean, json_text
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.sweep.grid import Grid
from cnnlab.sweep.pool import Pool
from cnnlab.sweep.sheet import KEY, default_folder, seems_done
from cnnlab.tracking.lock import Lock
from cnnlab.tracking.mirror.note import whereabouts

if TYPE_CHECKING:
    from cnnlab.config.engine import Engine
    from cnnlab.config.top import Top
    from cnnlab.sweep.plan import Checked, Plan

NO_JOBS = Fault("", "this makes no jobs: a glob(…) matches no file, or a range(…) is empty", origin=COMMAND_LINE)
SAMPLES = 50
"""cells of a grid too large to be trained that are checked all the same, at a tenth of a second each"""


def sweep(hydra: Engine, arguments: Arguments) -> Exit:
    """Everything wrong with any job at once; else the sweep."""
    try:
        asked = ask(hydra, arguments)
    except Unreadable as error:
        return complain(error.faults)
    except UserError as error:
        return complain((replace(fault, origin=COMMAND_LINE) for fault in error.faults), error.code)
    hydras = is_hydras(arguments.overrides, asked.base)
    if hydras and not asked.study and not asked.too_large:
        return by_hydra(hydra, arguments, asked.located)
    with Pool() as pool:
        if not asked.located:
            _warm(pool, asked.base, asked.grid)
        checked, faults = check_jobs(hydra, arguments.config_name, asked)
        if hydras and asked.study:
            message = "runs by cnnlab's own means; leave hydra/launcher and the like out"
            faults.append(Fault("study", message, origin=COMMAND_LINE))
        if faults or not checked:
            return complain(faults or [NO_JOBS])
        try:
            return _perform(asked.grid, checked, arguments, pool)
        except UserError as error:
            return complain((note(fault, checked[0].composed) for fault in error.faults), error.code)


def _warm(pool: Pool, base: Composed, grid: Grid) -> None:
    """Warm the jobs' processes up while the rest is made ready, unless it seems that nothing is left to train."""
    trains = base.config.get("task") == "train" and _trains(grid.study)
    if trains and not seems_done(_folder(base.sweep_dir, grid), grid):
        pool.warm()


def _folder(given: str | None, grid: Grid) -> Path:
    return Path(given) if given else default_folder(OUTPUTS, grid)


def check_jobs(hydra: Engine, name: str, asked: Asked) -> tuple[list[Checked], list[Fault]]:
    """Every job that can be trained, and everything wrong with any, or with what is claimed of them."""
    checked, faults = check_cells(hydra, name, asked)
    return checked, [*asked.located, *faults, *check_claims(asked, checked, faults)]


def check_cells(hydra: Engine, name: str, asked: Asked) -> tuple[list[Checked], list[Fault]]:
    """Every cell, composed and checked; cells that differ in the seed alone are composed once.

    Where it is not known what a study holds fixed, nothing is known of its cells; of too many some are tried.
    """
    from cnnlab.sweep.plan import Checked, reseeded

    if asked.study and "base" in asked.study.unknown:
        return [], []
    cells = islice(asked.grid.samples(), SAMPLES) if asked.too_large else asked.grid.cells()
    checked, faults = [], []
    twins: dict[tuple[str, ...], Checked | None] = {}
    for cell in cells:
        if cell.is_plainly_seeded and cell.apart_from_seed in twins:
            if twin := twins[cell.apart_from_seed]:
                checked.append(reseeded(twin, cell))
            continue
        composed = compose(hydra.config_loader, name, cell.words)
        run, wrong = check(composed)
        for fault in wrong:
            from_command = fault.origin == COMMAND_LINE
            faults.append(replace(fault, origin=asked.origin(fault.path)) if from_command else fault)
        if run:
            checked.append(Checked(cell, composed, run))
        if cell.is_plainly_seeded and not composed.refers_to_seed:
            twins[cell.apart_from_seed] = checked[-1] if run else None
    return checked, faults


def _perform(grid: Grid, checked: list[Checked], arguments: Arguments, pool: Pool) -> Exit:
    from cnnlab.sweep.plan import plan

    tasks = {one.run.top.task for one in checked}
    given = checked[0].composed.sweep_dir
    if tasks - {"train", "preflight"}:
        return _one_by_one(checked, made(Path(given) if given else sweep_folder(), KEY))
    folder = _folder(given, grid)
    command = arguments.typed
    top = checked[0].run.top
    if "preflight" in tasks:
        return preflight(plan(folder, grid, checked, command), top)
    made(folder, KEY)
    with Lock(folder, KEY):
        planned = plan(folder, grid, checked, command)
        planned.sheet.write(folder)
        return train(planned, top, pool)


def train(planned: Plan, top: Top, pool: Pool) -> Exit:
    """Train what is not yet trained, or count where nothing is to be, and compare."""
    from cnnlab.compare import report, text
    from cnnlab.sweep.board import Board
    from cnnlab.sweep.counts import count
    from cnnlab.sweep.engine import Engine

    console, folder = Output(), planned.folder
    if not _trains(planned.sheet.study):
        for job in planned.unique():
            count(job)
        console.print(text(report([folder])))
        return Exit.DONE
    board = Board(planned, console)
    engine = Engine(planned, board, top.retry == "failed", top.jobs, top.timeout, partial(report, [folder]))
    try:
        end = engine.run(pool)
    finally:
        board.close()
    console.print(text(report([folder])))
    if top.logger.wandb and (said := whereabouts(folder, [job.folder for job in planned.unique()])):
        console.print(said, highlight=False, markup=False, soft_wrap=True)
    if end in (Exit.INTERRUPTED, Exit.TERMINATED):
        console.print(f"interrupted; the same command goes on ({folder})", highlight=False, soft_wrap=True)
    return end


def preflight(planned: Plan, top: Top) -> Exit:
    """What it would take."""
    from cnnlab.sweep.board import opening, span
    from cnnlab.sweep.engine import Engine, Silent
    from cnnlab.sweep.preflight import as_json, preflight, table, total
    from cnnlab.tracking.reader import RunFolder

    engine = Engine(planned, Silent(), top.retry == "failed", top.jobs)
    waiting = engine.waiting()
    trains = _trains(planned.sheet.study)
    arms, places = preflight(planned, trains), engine.places(len(waiting))
    if top.format == "json":
        print(json_text({"folder": str(planned.folder), "waiting": len(waiting), "arms": as_json(arms)}, indent=2))
        return Exit.DONE
    console = Output()
    console.print(table(arms), highlight=False)
    there = {job.folder: RunFolder(job.folder).result or {} for job in planned.unique() if job not in waiting}
    said = opening(planned, there, waiting, places) if trains else f"{planned.folder}: nothing is trained"
    rest = f"; about {span(total(arms, waiting, planned, places))}" if waiting and trains else ""
    console.print(f"{said}{rest}", highlight=False, soft_wrap=True)
    return Exit.DONE


def _trains(study: dict[str, Any] | None) -> bool:
    return (study or {}).get("train", True)


def _one_by_one(checked: Sequence[Checked], folder: Path) -> Exit:
    """Tasks that train nothing, in this process."""
    ends = []
    for number, one in enumerate(checked):
        print(clean(f"\njob {number}: {shlex.join(one.cell.words)}"))
        ends.append(attempted(one.run, one.composed, str(folder / str(number))))
    return told(ends)
