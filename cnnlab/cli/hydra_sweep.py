"""A sweep that Hydra runs: by a launcher or a sweeper that the user chose (`hydra/launcher=…`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import Arguments, quoted
from cnnlab.cli.check import check, locate
from cnnlab.cli.folders import make_writable, new_sweep_folder
from cnnlab.cli.jobs import run_sweep_job, sweep_exit
from cnnlab.cli.messages import complain
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import start
from cnnlab.config.reasons import as_user_error
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.override import Override
from cnnlab.sweep.grid import Grid, read_words
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
    return (Override.read(word).value or "").startswith("interval(")


def sweep_by_hydra(hydra: HydraEngine, arguments: Arguments, known: Sequence[Fault] = ()) -> Exit:
    """Every job that can be known is checked before the first one runs; then Hydra's sweeper has it.

    `known` is what is wrong with the grid.
    """
    loader = hydra.config_loader
    typed = read_words(loader, [word for word in arguments.overrides if not _is_space(word)])
    cells = Grid(typed.fixed, typed.swept).cells()
    composed = [compose(loader, arguments.config_name, cell.words) for cell in cells]
    if faults := [*known, *(fault for job_config in composed for fault in check(job_config)[1])]:
        return complain(faults)
    overrides, folder = list(arguments.overrides), composed[0].sweep_dir
    if folder is None:
        folder = str(new_sweep_folder())
        overrides.append(f"hydra.sweep.dir={quoted(folder)}")
    job = LaunchedJob(tuple(map(str, hydra.folders)), arguments.config_name)
    try:
        make_writable(Path(folder), "hydra.sweep.dir")
        with as_user_error():
            returned = hydra.multirun(arguments.config_name, job, overrides)
    except UserError as error:
        return complain((locate(fault, composed[0]) for fault in error.faults), error.code)
    return sweep_exit(list(_exits(returned)))


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

    def __call__(self, _: object) -> Exit:
        from hydra.core.hydra_config import HydraConfig

        settings = HydraConfig.get()
        print(clean(f"\njob {settings.job.num}: {' '.join(settings.overrides.task)}"))
        *own, shipped = map(Path, self.folders)
        hydra = start(shipped, *own)
        composed = compose(hydra.config_loader, self.name, list(settings.overrides.task))
        run, faults = check(composed)
        if run is None:
            return complain(faults)
        return run_sweep_job(hydra, run, composed, settings.runtime.output_dir)
