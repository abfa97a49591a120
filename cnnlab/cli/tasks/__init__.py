"""Tasks: what `task=NAME` does, a class a file. A task of one's own is a class in a module that `plugins=` names:

    from cnnlab.cli.tasks import Task, TaskContext
    from cnnlab.errors import Exit

    class CountLayers(Task):
        name = "count_layers"
        help = "how many blocks the network has"
        needs = ("shapes",)

        def run(self, context: TaskContext) -> Exit:
            print(sum(len(stack) for stack in context.run.network.sections.values()))
            return Exit.DONE

`--help` lists tasks before Hydra or torch start: what takes time to import, their modules import in their methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.errors import Exit, Fault
from cnnlab.extension import Extension

if TYPE_CHECKING:
    from cnnlab.config.composed import Composed
    from cnnlab.config.engine import HydraEngine
    from cnnlab.config.run import Run
    from cnnlab.data.content import Contents
    from cnnlab.sweep.grid import Grid
    from cnnlab.sweep.plan import CheckedCell, SweepPlan
    from cnnlab.sweep.pool import WorkerPool

SHIPPED = (
    *("train", "test", "predict", "report", "dashboard", "sync", "preflight", "draw", "diff", "inspect"),
    *("data", "schema", "validate", "summary", "explain", "lint", "new", "eject", "export"),
)
"""the modules of this folder, each with the task of that name, in the order of `--help`"""


@dataclass(frozen=True)
class WorkFolder:
    """The folder that a task writes into."""

    path: Path
    ended: Exit | None = None
    """how the finished run that lies in it has ended: nothing is left to do"""


@dataclass(frozen=True)
class TaskContext:
    """What a task works on: a job's configuration, composed and checked, and the folder for what it writes."""

    engine: HydraEngine
    """Hydra's, with the folders of configuration"""
    composed: Composed
    """the configuration as plain data, with the overrides and the origin of each setting"""
    checked: Run | None = None
    """the configuration as records; None for a task about files"""
    work: WorkFolder | None = None
    """None for a task without a folder"""
    sweep: str | None = None
    """the name of the sweep that the job is one of"""
    threads: int | None = None
    """how many were chosen for all jobs of a sweep; None where they are chosen for this one"""

    @property
    def run(self) -> Run:
        assert self.checked, "a task about files has no run"
        return self.checked

    @property
    def folder(self) -> Path:
        assert self.work, "has_folder is False"
        return self.work.path


class Task(Extension, ABC):
    """Base of all tasks: what one is called, what it needs, and what it does."""

    name: ClassVar[str]
    """the word behind `task=`"""
    help: ClassVar[str]
    """its line of `--help`"""
    takes: ClassVar[tuple[str, ...]] = ()
    """settings that are for some tasks only and do not name this one, such as images or dir, which it takes too"""
    needs: ClassVar[tuple[Literal["data", "shapes"], ...]] = ()
    """what is checked before it runs: data, that there are such images; shapes, that the network fits them"""
    trains: ClassVar[bool] = False
    """whether it trains, or says what training would take"""
    of_trained: ClassVar[bool] = False
    """whether it goes by what a network was trained with, so that settings of training say nothing to it"""
    formats: ClassVar[tuple[str, ...]] = ()
    """what it writes besides text and JSON: html, a page; onnx and others, a network"""
    has_folder: ClassVar[bool] = True
    """whether it has a folder of its own, with a log; as a job of a sweep every task has one"""
    about_files: ClassVar[bool] = False
    """whether it is about the configuration's files and not about a run, so that none is checked, and none swept"""

    def faults(self, composed: Composed, known: Collection[Fault]) -> Sequence[Fault]:
        """What is wrong with settings that this task alone reads, told together with those that are `known`."""
        return ()

    def work_folder(self, context: TaskContext, path: str | None) -> AbstractContextManager[WorkFolder]:
        """The folder for what it writes, entered while it runs: the one at `path`, or a new one. UserError."""
        from cnnlab.cli.folders import OUTPUTS
        from cnnlab.tracking.folder import new_folder

        name = f"{self.name}_{self.subject(context.composed)}"
        return nullcontext(WorkFolder(Path(path) if path else new_folder(OUTPUTS, name)))

    def subject(self, composed: Composed) -> str:
        """What its folder is named after: the run's `name`, or else the network that it is about."""
        name, path = composed.frozen.get("name"), composed.config.get("ckpt_path")
        if self.of_trained and not name and isinstance(path, str):
            from cnnlab.tracking.checkpoints import trained_name

            return trained_name(Path(path)) or "run"
        return run_name(composed)

    @abstractmethod
    def run(self, context: TaskContext) -> Exit:
        """Do it; the exit code. UserError for what the user can mend."""

    @classmethod
    def flaws(cls) -> Iterator[str]:
        return _flaws(cls)

    @classmethod
    def bring(cls) -> None:
        TASKS.brought[cls.name] = cls()


@dataclass(frozen=True)
class SweepContext:
    """A sweep's jobs, composed and checked."""

    grid: Grid
    jobs: Sequence[CheckedCell]
    folder: Path
    command: list[str]
    """the words of the command line"""
    pool: WorkerPool
    contents: Contents
    """of the data sets that the jobs read"""
    data_digest: str | None = None
    """of the images that all jobs have in common"""

    def plan(self) -> SweepPlan:
        """Where and on what each job runs. UserError where the folder holds another sweep."""
        from cnnlab.sweep.plan import plan

        return plan(self.folder, self.grid, self.jobs, self.command, self.contents, self.data_digest)


class SweepTask(Task):
    """Base of tasks that see all jobs of a sweep at once; other tasks are done for one job after the other."""

    of_sweeps_only: ClassVar[bool] = False
    """whether a single run, too, is a sweep to it"""

    uses_processes: ClassVar[bool] = False
    """whether it trains a sweep's jobs in processes of their own, which are worth warming up"""

    @abstractmethod
    def run_sweep(self, sweep: SweepContext) -> Exit:
        """Do it for a whole sweep; the exit code."""


class TaskRegistry(Mapping[str, Task]):
    """Tasks by name: those of this folder, each imported when it is asked for, then those of plugins."""

    def __init__(self) -> None:
        self.brought: dict[str, Task] = {}
        """by plugins"""

    def __getitem__(self, name: str) -> Task:
        return _shipped(name) if name in SHIPPED else self.brought[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*SHIPPED, *self.brought))

    def __len__(self) -> int:
        return len(SHIPPED) + len(self.brought)

    def of(self, composed: Composed) -> Task | None:
        """The task of a configuration; None where it names none that there is."""
        name = composed.config.get("task", "train")
        return self[name] if isinstance(name, str) and name in self else None


@cache
def _shipped(name: str) -> Task:
    module = import_module(f"{__name__}.{name}")
    own = (value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__)
    (cls,) = (value for value in own if isinstance(value, type) and issubclass(value, Task))
    return cls()


TASKS = TaskRegistry()


def _flaws(cls: type[Task]) -> Iterator[str]:
    """What is wrong with a task of a plugin."""
    from inspect import isabstract, signature

    from cnnlab.blame import written_at

    for attribute, example in (("name", "count_layers"), ("help", "how many blocks the network has")):
        if not isinstance(value := getattr(cls, attribute, None), str) or not value:
            yield f"{cls.__name__} needs a {attribute}, such as {attribute} = {example!r}{written_at(cls, attribute)}"
    name = getattr(cls, "name", None)
    if isinstance(name, str) and name and not name.isidentifier():
        yield f"{cls.__name__}.name: {name!r} is no word{written_at(cls, 'name')}"
    elif name in TASKS:
        yield f"{cls.__name__}: there is a task {name!r} already; give it another `name`{written_at(cls, 'name')}"
    for attribute in ("takes", "needs"):
        if not isinstance(value := getattr(cls, attribute), tuple):
            wanted = f"should be a tuple of words, as in {attribute} = ('shapes',)"
            yield f"{cls.__name__}.{attribute}: {wanted}, not {value!r}{written_at(cls, attribute)}"
    if isinstance(cls.needs, tuple) and (wrong := set(cls.needs) - {"data", "shapes"}):
        unknown = ", ".join(map(repr, sorted(map(str, wrong))))
        yield f"{cls.__name__}.needs: there are data and shapes, not {unknown}{written_at(cls, 'needs')}"
    if isabstract(cls):
        missing = " and ".join(f"{method}(self, {CONTEXTS[method]})" for method in sorted(cls.__abstractmethods__))
        yield f"{cls.__name__} needs a method {missing}{written_at(cls)}"
    elif len(signature(cls.run).parameters) != 2:
        yield f"{cls.__name__}.run should take (self, context), not {signature(cls.run)}{written_at(cls, 'run')}"


CONTEXTS = {"run": "context", "run_sweep": "sweep"}
"""what the methods that a task has to have take"""


def run_name(composed: Composed) -> str:
    """What a run is called where it has no `name`: its network."""
    return composed.frozen.get("name") or composed.choices.get("model", "run")
