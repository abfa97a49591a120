"""`cnnlab.compare`: the sweep that the same words behind `-m` make, and its verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.errors import Exit, Fault, FaultKind, UserError
from cnnlab.library.composing import engine, override_words
from cnnlab.library.notebook import main_kinds
from cnnlab.library.runs import frame
from cnnlab.plugins import forget_main
from cnnlab.yaml_form import for_override

if TYPE_CHECKING:
    from cnnlab.comparison.comparison import Comparison
    from cnnlab.comparison.verdicts import Verdict


@dataclass(frozen=True)
class ComparedRuns:
    """A sweep's folder, read and judged; in a notebook its table and verdicts."""

    folder: Path

    @cached_property
    def comparison(self) -> Comparison:
        """All that can be said about it."""
        from cnnlab.comparison.comparison import compare

        return compare([self.folder])

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What was asked and what the runs answer; each has its `answer` and its `sentence`."""
        return self.comparison.judged

    @property
    def page(self) -> Path:
        """Its report, a page of HTML that needs nothing else."""
        return self.folder / "report.html"

    @property
    def frame(self) -> Any:
        """A row a run, as runs.csv has them: a DataFrame where pandas is installed, else a list of dicts."""
        import csv

        file = self.folder / "runs.csv"
        try:
            import pandas  # pyright: ignore[reportMissingImports]
        except ImportError:
            with file.open(encoding="utf-8", newline="") as stream:
                return list(csv.DictReader(stream))
        return pandas.read_csv(file)

    @property
    def curves(self) -> Any:
        """The epochs of all runs, each with its `run`; a DataFrame where pandas is installed, else a list of dicts."""
        trials = self.comparison.ledger.all()
        return frame([{"run": trial.name, "seed": trial.seed, **row} for trial in trials for row in trial.rows])

    def __str__(self) -> str:
        from rich.console import Console

        from cnnlab.comparison.terminal import text

        console = Console(width=110, color_system=None)
        with console.capture() as capture:
            console.print(text(self.comparison))
        return capture.get()

    def __repr__(self) -> str:
        return f"ComparedRuns({str(self.folder)!r}: {self.comparison.headline})"

    def _repr_html_(self) -> str:
        from cnnlab.pages.markup import tag

        return str(tag("pre", str(self)))


def compare(
    *overrides: str,
    vary: Mapping[str, Iterable[Any]] | None = None,
    seeds: Iterable[int] | None = None,
    plugins: Sequence[str] = (),
    **settings: Any,
) -> ComparedRuns:
    """Train every combination and judge, as `-m` does with the same words: same folder, jobs, verdicts and page.

        cmp = cnnlab.compare("model=lenet", vary={"model.norm": ["none", "batch"]}, seeds=range(5))

    `vary` has the values of each setting, `seeds` those of the seed; `"study=batchnorm"` is a study. Runs that are
    there already are not trained again. Jobs are processes of their own: kinds of your own belong into a module that
    `plugins` names, a notebook's are not known there.

    Raises UserError for what is wrong with the settings, KeyboardInterrupt where it is interrupted: the same call then
    goes on.
    """
    from cnnlab.cli.arguments import read_arguments
    from cnnlab.cli.sweep import sweep_in_folder

    varied = {**(vary or {}), **({} if seeds is None else {"seed": seeds})}
    factors = [f"{key}={','.join(map(for_override, values))}" for key, values in varied.items()]
    named = [f"plugins=[{','.join(plugins)}]"] if plugins else []
    is_study = any(word.startswith("study=") for word in overrides) or "study" in settings
    words = [*named, *override_words(overrides, settings), *factors]
    defined = main_kinds()
    forget_main()
    with engine() as hydra:
        try:
            code, folder = sweep_in_folder(hydra, read_arguments([*([] if is_study else ["-m"]), *words]))
        except UserError as error:
            raise UserError(*dict.fromkeys(_of_notebook(fault, defined) for fault in error.faults)) from None
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):
        raise KeyboardInterrupt(f"interrupted; the same call goes on in {folder}")
    if folder is None:
        raise UserError(Fault("hydra", "a sweep by Hydra's own means ends in no comparison; leave hydra/… out"))
    return ComparedRuns(folder)


def open_comparison(folder: str | Path) -> ComparedRuns:
    """A sweep that was trained before, judged anew from what is in its folder. UserError where it is none."""
    from cnnlab.comparison.report import report

    report([folder])
    return ComparedRuns(Path(folder))


def _of_notebook(fault: Fault, defined: Sequence[str]) -> Fault:
    """A fault about a kind that only the notebook knows, with what to do."""
    if fault.kind is not FaultKind.UNKNOWN_BLOCK_KIND or fault.word not in defined:
        return fault
    message = f"{fault.word} is defined here alone, and jobs are processes of their own"
    return replace(fault, message=f"{message}: put it into a file my_blocks.py, and name that: plugins=['my_blocks']")
