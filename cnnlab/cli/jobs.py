"""Jobs: a command's one run, with Hydra's log and folder, or one of a sweep in this process."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cnnlab.blame import own_fault, own_lines
from cnnlab.cli.arguments import Arguments, quoted
from cnnlab.cli.check import check, locate
from cnnlab.cli.folders import make_writable
from cnnlab.cli.messages import complain
from cnnlab.cli.tasks import TASKS, Task, TaskContext, WorkFolder
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import HydraEngine
from cnnlab.config.reasons import as_user_error
from cnnlab.config.run import Run
from cnnlab.errors import Exit, Fault, UserError


def run_job(engine: HydraEngine, arguments: Arguments) -> Exit:
    """Tell everything wrong with the command's job at once, or do its task."""
    composed = compose(engine.config_loader, arguments.config_name, arguments.overrides, keep=True)
    try:
        if (task := TASKS.get(arguments.value("task") or "") or TASKS.of(composed)) and task.about_files:
            if arguments.multirun:
                raise of_files(task)
            return task.run(TaskContext(engine, composed))
        task, context = _checked(engine, composed)
        return run_in_folder(task, context)[0] if task.has_folder else task.run(context)
    except UserError as error:
        return complain((locate(fault, composed) for fault in error.faults), error.code)


def checked_context(engine: HydraEngine, name: str, overrides: list[str]) -> tuple[Task, TaskContext]:
    """The task of the job that `name` and `overrides` make, and what it works on. UserError with all faults."""
    return _checked(engine, compose(engine.config_loader, name, overrides, keep=True))


def _checked(engine: HydraEngine, composed: Composed) -> tuple[Task, TaskContext]:
    run, faults = check(composed)
    if run is None:
        raise UserError(*faults)
    task = TASKS.of(composed)
    assert task, "check() refuses a task that there is not"
    return task, TaskContext(engine, composed, run)


def of_files(task: Task) -> UserError:
    return UserError(Fault("task", f"{task.name} is of files, not of a run; leave out -m"))


def run_in_folder(task: Task, context: TaskContext) -> tuple[Exit, Path]:
    """Have Hydra run the task, for its log and its callbacks; its exit code and its folder."""
    composed = context.composed
    config = composed.hydra_config
    assert config is not None
    with task.work_folder(context, composed.run_dir) as work:
        if work.ended is not None:
            return work.ended, work.path
        make_writable(work.path, "hydra.run.dir")
        words = [*composed.overrides, f"hydra.run.dir={quoted(str(work.path))}"]
        with as_user_error(), _log_closed():
            run = _returning_errors(lambda: run_in(work, task, context))
            returned = context.engine.run_composed(config, words, work.path, run).return_value
        if isinstance(returned, Exception):
            raise returned
        return returned, work.path


def run_in(work: WorkFolder, task: Task, context: TaskContext) -> Exit:
    work.path.mkdir(parents=True, exist_ok=True)  # there already, but where hydra.job.chdir has gone into it
    return task.run(replace(context, work=work))


def _returning_errors(task: Callable[[], Exit]) -> Callable[[object], Exit | Exception]:
    """What `task` raises as a value, for Hydra puts a line of its own before an exception."""

    def run(_: object) -> Exit | Exception:
        try:
            return task()
        except Exception as error:
            return error

    return run


@contextmanager
def _log_closed() -> Iterator[None]:
    """The job's log file is closed at its end, and whoever called us in their process has their handlers back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)


def run_sweep_job(engine: HydraEngine, run: Run, composed: Composed, folder: str, threads: int | None = None) -> Exit:
    """Do a job of a sweep in `folder`, and say what went wrong. SystemExit where the user ends it."""
    context = TaskContext(engine, composed, run, sweep=Path(folder).resolve().parent.name, threads=threads)
    try:
        task = TASKS[run.top.task]
        if task.about_files:
            raise of_files(task)
        with task.work_folder(context, folder) as work:
            ended = run_in(work, task, context) if work.ended is None else work.ended
    except UserError as error:
        return complain((locate(fault, composed) for fault in error.faults), error.code)
    except Exception as error:
        if fault := own_fault(error):
            return complain([replace(locate(fault, composed), lines=tuple(own_lines(error)))])
        traceback.print_exc()
        return Exit.BUG
    if ended in (Exit.INTERRUPTED, Exit.TERMINATED):
        raise SystemExit(int(ended))
    return ended


def sweep_exit(ended: Sequence[Exit]) -> Exit:
    """A sweep's exit code, from those of its jobs; says how many failed."""
    failed = sum(code != Exit.DONE for code in ended)
    if failed:
        print(f"{failed} of {len(ended)} jobs did not end well", file=sys.stderr)
    return Exit.SWEEP if failed else Exit.DONE
