"""A sweep that Hydra runs: by a launcher or a sweeper that the user chose (`hydra/launcher=…`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import Arguments, quoted
from cnnlab.cli.attempt import attempted, told
from cnnlab.cli.check import check, note
from cnnlab.cli.main import complain, made, set_up_by_user
from cnnlab.cli.tasks import sweep_folder
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import start
from cnnlab.door.words import clean
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.override import Override
from cnnlab.sweep.grid import Grid, read_words

if TYPE_CHECKING:
    from cnnlab.config.engine import Engine

WORDS = ("hydra/launcher", "hydra/sweeper", "hydra.launcher", "hydra.sweeper", "hydra.sweep.subdir", "hydra.job")
"""beginnings of overrides that are Hydra's to follow"""


def is_hydras(words: Sequence[str], base: Composed) -> bool:
    """Whether the command line or a file asks for another way of running jobs than cnnlab's own."""
    chosen = {base.choices.get(f"hydra/{part}", "basic") for part in ("launcher", "sweeper")}
    asked = any(word.lstrip("+~").startswith(WORDS) for word in words)
    return asked or any(map(_is_space, words)) or chosen != {"basic"}


def _is_space(word: str) -> bool:
    """Whether an override is a range of numbers that only some sweepers can search."""
    return (Override.read(word).value or "").startswith("interval(")


def by_hydra(hydra: Engine, arguments: Arguments, known: Sequence[Fault] = ()) -> Exit:
    """Every job that can be known is checked before the first one runs; then Hydra's sweeper has it.

    `known` is what is wrong with the grid.
    """
    loader = hydra.config_loader
    asked = read_words(loader, [word for word in arguments.overrides if not _is_space(word)])
    cells = Grid(asked.fixed, asked.swept).cells()
    composed = [compose(loader, arguments.config_name, cell.words) for cell in cells]
    if faults := [*known, *(fault for one in composed for fault in check(one)[1])]:
        return complain(faults)
    overrides, folder = list(arguments.overrides), composed[0].sweep_dir
    if folder is None:
        folder = str(sweep_folder())
        overrides.append(f"hydra.sweep.dir={quoted(folder)}")
    found = {source.provider: source.path for source in loader.get_sources()}
    job = Launched(found["main"], found.get("command-line"), arguments.config_name)
    try:
        made(Path(folder), "hydra.sweep.dir")
        with set_up_by_user():
            returned = hydra.multirun(arguments.config_name, job, overrides)
    except UserError as error:
        return complain((note(fault, composed[0]) for fault in error.faults), error.code)
    return told(list(_ends(returned)))


def _ends(returned: Any) -> Iterator[Exit]:
    """What jobs returned, in the lists of lists that launchers make; some sweepers return nothing."""
    if isinstance(returned, list | tuple):
        for part in returned:
            yield from _ends(part)
    elif isinstance(end := getattr(returned, "return_value", None), int):
        yield Exit(end)


@dataclass(frozen=True)
class Launched:
    """What Hydra's launchers call, in whatever process; it composes the job anew, with origins for its messages."""

    conf: str
    more: str | None
    name: str

    def __call__(self, _: object) -> Exit:
        from hydra.core.hydra_config import HydraConfig

        settings = HydraConfig.get()
        print(clean(f"\njob {settings.job.num}: {' '.join(settings.overrides.task)}"))
        hydra = start(Path(self.conf), Path(self.more) if self.more else None)
        composed = compose(hydra.config_loader, self.name, list(settings.overrides.task))
        run, noted = check(composed)
        return complain(noted) if run is None else attempted(run, composed, settings.runtime.output_dir)
