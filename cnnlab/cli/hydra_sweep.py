"""A sweep that Hydra runs: by a launcher or a sweeper that the user chose (`hydra/launcher=…`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import Arguments, quoted
from cnnlab.cli.check import check, locate
from cnnlab.cli.folders import make_writable, new_sweep_folder
from cnnlab.cli.hydra_search import check_direction, conclude, value_of
from cnnlab.cli.jobs import run_sweep_job, sweep_exit
from cnnlab.cli.messages import complain
from cnnlab.cli.tasks import TASKS, Task
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import start
from cnnlab.config.reasons import as_user_error
from cnnlab.config.run import Run
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override
from cnnlab.sweep.grid import Grid, read_words
from cnnlab.untrusted.terminal import Output
from cnnlab.untrusted.words import clean

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine

WORDS = ("hydra/launcher", "hydra/sweeper", "hydra.launcher", "hydra.sweeper", "hydra.sweep.subdir", "hydra.job")
"""beginnings of overrides that are Hydra's to follow"""


def is_hydras_own(words: Sequence[str], base: Composed) -> bool:
    """Whether the command line or a file asks for another way of running jobs than cnnlab's own."""
    chosen = {base.choices.get(f"hydra/{part}", "basic") for part in ("launcher", "sweeper")}
    follows_hydra = any(Override.read(word).key.startswith(WORDS) for word in words)
    return follows_hydra or any(map(_is_space, words)) or chosen != {"basic"}


def _is_space(word: str) -> bool:
    """Whether an override is a range of numbers that only some sweepers can search."""
    return re.match(r"(tag\(.*,\s*)?interval\(", Override.read(word).value or "") is not None


def sweep_by_hydra(hydra: HydraEngine, arguments: Arguments, known: Sequence[Fault] = ()) -> Exit:
    """Every job that can be known is checked before the first one runs; then Hydra's sweeper has it.

    `known` is what is wrong with the grid.
    """
    loader = hydra.config_loader
    typed = read_words(loader, [word for word in arguments.overrides if not _is_space(word)])
    cells = Grid(typed.fixed, typed.swept).cells()
    composed = [compose(loader, arguments.config_name, cell.words, keep=True) for cell in cells]
    checked = [check(job_config) for job_config in composed]
    searches = composed[0].choices.get("hydra/sweeper", "basic") != "basic"
    spaces = [] if searches else [_unsearched(word) for word in arguments.overrides if _is_space(word)]
    if faults := [*known, *spaces, *(fault for _, faults in checked for fault in faults)]:
        return complain(faults)
    run, task = checked[0][0], TASKS.of(composed[0])
    assert run, "it has no faults"
    trains = task is not None and task.trains
    overrides, folder = list(arguments.overrides), composed[0].sweep_dir
    if folder is None:
        folder = str(new_sweep_folder())
        overrides.append(f"hydra.sweep.dir={quoted(folder)}")
    job = LaunchedJob(
        tuple(map(str, hydra.folders)), arguments.config_name, _threads(run, composed[0]) if trains else None, searches
    )
    try:
        if searches:
            check_search(task)
            check_direction(composed[0], run)
        make_writable(Path(folder), "hydra.sweep.dir")
        with as_user_error():
            returned = hydra.multirun(arguments.config_name, job, overrides)
    except UserError as error:
        return complain((locate(fault, composed[0]) for fault in error.faults), error.code)
    if searches:
        said, code = conclude(Path(folder), run)
        Output().print(said, soft_wrap=True)
        return code
    if trains:
        from cnnlab.comparison import report, text

        Output().print(text(report([Path(folder)])))
    return sweep_exit(list(_exits(returned)))


def _unsearched(word: str) -> Fault:
    """What to do where a range is to be searched, and nobody searches."""
    key, value = (override := Override.read(word)).key, override.value
    message = f"{value} is a range to search, which hydra/sweeper=optuna or the like does"
    return Fault(key, f"{message}; without one, write values: {key}=VALUE,VALUE,VALUE", origin=COMMAND_LINE)


def check_search(task: Task | None) -> None:
    """UserError for a task that leaves nothing to look for."""
    if not (task and task.trains):
        name = task.name if task else None
        raise UserError(Fault("task", f"a sweeper that searches needs runs that are trained, not task={name}"))


def _threads(run: Run, composed: Composed) -> int | None:
    """How many threads each job has where nobody said: one for each job of those that may run side by side."""
    if run.top.threads:
        return None
    if composed.choices.get("hydra/launcher", "basic") != "basic":
        return 1
    from cnnlab.experiment.threads import choose_threads

    return choose_threads().count


def _exits(returned: Any) -> Iterator[Exit]:
    """What jobs returned, in the lists of lists that launchers make; some sweepers return nothing."""
    if isinstance(returned, list | tuple):
        for part in returned:
            yield from _exits(part)
    elif isinstance(code := getattr(returned, "return_value", None), int):
        yield Exit(code)


@dataclass(frozen=True)
class LaunchedJob:
    """A job as Hydra's launchers call it, in whatever process: composed anew, with origins for its messages."""

    folders: tuple[str, ...]
    """of configuration, the shipped one last"""
    name: str
    threads: int | None = None
    """how many each job has; None where the command says it"""
    searches: bool = False
    """whether a sweeper wants to know what a job is worth, and not how it ended"""

    def __call__(self, _: object) -> Exit | float:
        from hydra.core.hydra_config import HydraConfig

        settings = HydraConfig.get()
        print(clean(f"\njob {settings.job.num}: {' '.join(settings.overrides.task)}"))
        *own, shipped = map(Path, self.folders)
        hydra = start(shipped, *own)
        composed = compose(hydra.config_loader, self.name, list(settings.overrides.task))
        run, faults = check(composed)
        folder = settings.runtime.output_dir
        code = complain(faults) if run is None else run_sweep_job(hydra, run, composed, folder, self.threads)
        return value_of(Path(folder), run) if self.searches else code
