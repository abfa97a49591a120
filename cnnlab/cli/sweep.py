"""A sweep from the command line: its grid, every job composed once and checked, then the engine, or Hydra."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.arguments import COMMAND_LINE, Arguments
from cnnlab.cli.attempt import attempted, told
from cnnlab.cli.check import Noted, check, note
from cnnlab.cli.launched import by_hydra, is_hydras
from cnnlab.cli.main import complain, made
from cnnlab.cli.output import Output
from cnnlab.cli.tasks import OUTPUTS, sweep_folder
from cnnlab.config.compose import Composed, compose
from cnnlab.errors import Exit, UserError
from cnnlab.sweep.grid import Grid, read_grid
from cnnlab.sweep.pool import Pool

if TYPE_CHECKING:
    from hydra._internal.hydra import Hydra

    from cnnlab.sweep.plan import Checked

NO_JOBS = "command line  this makes no jobs: a glob(…) matches no file"


def sweep(hydra: Hydra, arguments: Arguments) -> Exit:
    """Everything wrong with any job at once; else the sweep."""
    loader, name = hydra.config_loader, arguments.config_name
    try:
        grid = read_grid(loader, arguments.overrides)  # type: ignore[arg-type]
        base = compose(loader, name, list(grid.fixed))  # type: ignore[arg-type]
        if is_hydras(arguments.overrides, base):
            return by_hydra(hydra, arguments)
        if more := [f"{key}={value}" for key, value in base.swept.items() if arguments.value(key) is None]:
            grid = read_grid(loader, [*more, *arguments.overrides])  # type: ignore[arg-type]
    except UserError as error:
        return complain((Noted(fault, COMMAND_LINE) for fault in error.faults), error.code)
    with Pool() as pool:
        _warm(pool, base, grid)
        checked, noted = _checked(hydra, name, grid)
        if noted or not checked:
            return complain(noted or [NO_JOBS])
        try:
            return _perform(grid, checked, arguments, pool)
        except UserError as error:
            return complain((note(fault, checked[0].composed) for fault in error.faults), error.code)


def _warm(pool: Pool, base: Composed, grid: Grid) -> None:
    """Warm the jobs' processes up while the rest is made ready, unless it seems that nothing is left to train."""
    from cnnlab.sweep.sheet import seems_done

    if base.config.get("task") == "train" and not seems_done(_folder(base.sweep_dir, grid), grid):
        pool.warm()


def _folder(given: str | None, grid: Grid) -> Path:
    from cnnlab.sweep.sheet import default_folder

    return Path(given) if given else default_folder(OUTPUTS, grid)


def _checked(hydra: Hydra, name: str, grid: Grid) -> tuple[list[Checked], list[Noted]]:
    from cnnlab.sweep.plan import Checked

    checked, faults = [], []
    for cell in grid.cells():
        composed = compose(hydra.config_loader, name, cell.words)  # type: ignore[arg-type]
        run, noted = check(composed)
        faults += noted
        if run:
            checked.append(Checked(cell, composed, run))
    return checked, faults


def _perform(grid: Grid, checked: list[Checked], arguments: Arguments, pool: Pool) -> Exit:
    tasks = {one.run.top.task for one in checked}
    given = checked[0].composed.sweep_dir
    if tasks != {"train"}:
        return _one_by_one(checked, Path(given) if given else sweep_folder())
    folder = _folder(given, grid)
    made(folder, "hydra.sweep.dir")
    return train(folder, grid, checked, _typed(arguments), pool)


def _typed(arguments: Arguments) -> list[str]:
    return [*(["-m"] if arguments.multirun else []), *arguments.overrides]


def train(folder: Path, grid: Grid, checked: list[Checked], command: list[str], pool: Pool) -> Exit:
    """Train what is not yet trained, and compare."""
    from cnnlab.sweep.board import Board
    from cnnlab.sweep.engine import Engine
    from cnnlab.sweep.plan import plan
    from cnnlab.sweep.sheet import KEY
    from cnnlab.tracking.folder import Lock

    top, console = checked[0].run.top, Output()
    with Lock(folder, KEY):
        planned = plan(folder, grid, checked, command)
        planned.sheet.write(folder)
        board = Board(planned, console)
        engine = Engine(planned, board, top.retry == "failed", top.jobs, top.timeout)
        try:
            end = engine.run(pool)
        finally:
            board.close()
    if end in (Exit.INTERRUPTED, Exit.TERMINATED):
        console.print(f"interrupted; the same command goes on ({folder})", highlight=False, soft_wrap=True)
    return end


def _one_by_one(checked: Sequence[Checked], folder: Path) -> Exit:
    """Tasks that train nothing, in this process."""
    ends = []
    for number, one in enumerate(checked):
        print(f"\njob {number}: {shlex.join(one.cell.words)}")
        ends.append(attempted(one.run, one.composed, str(folder / str(number))))
    return told(ends)
