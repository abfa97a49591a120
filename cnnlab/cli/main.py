"""From the command line to a task: read it, compose and check it, then let Hydra run the job, or start the sweep."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.arguments import Arguments, quoted, read_arguments
from cnnlab.cli.completion import complete
from cnnlab.cli.help import help_text
from cnnlab.door.machine import check_environment
from cnnlab.door.words import clean, word
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.config.composed import Composed
    from cnnlab.config.engine import Engine


NOT_TO_BE_HAD = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS)
"""what the system says of paths that a user may name and nobody, or not this user, can have"""


def main(conf: Path, argv: list[str]) -> int:
    """Do what `argv` asks for, with the configuration in the folder `conf`; the exit code."""
    try:
        arguments = read_arguments(argv)
        if arguments.help:
            print(help_text(conf), flush=True)
            return Exit.DONE
        if arguments.completion:
            return complete(conf, arguments.overrides)
        check_environment()
        end = _with_hydra(conf, arguments)
        if sys.stdout:  # None where the shell has closed it
            sys.stdout.flush()  # here, where a pipe without a reader is no surprise
        return end
    except UserError as error:
        return complain(error.faults, error.code)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except OSError as error:
        if error.errno not in NOT_TO_BE_HAD or error.filename is None:
            raise
        return complain([f"{word(os.fsdecode(error.filename))}: {(error.strerror or '').lower()}"])


def complain(messages: Iterable[object], code: Exit = Exit.USER) -> Exit:
    for message in dict.fromkeys(map(str, messages)):
        print(clean(message), file=sys.stderr)
    return code


def _with_hydra(conf: Path, arguments: Arguments) -> int:
    from hydra.core.global_hydra import GlobalHydra

    from cnnlab.config.engine import start

    more = Path(arguments.config_dir) if arguments.config_dir else None
    hydra = start(Path(arguments.config_path) if arguments.config_path else conf, more)
    try:
        if arguments.shows and arguments.value("study"):
            return complain(["command line  study: is a sweep of many configurations; task=preflight lists its jobs"])
        if arguments.shows:
            return show(hydra, arguments)
        if _is_sweep(hydra, arguments):
            from cnnlab.cli.sweep import sweep

            return sweep(hydra, arguments)
        return single(hydra, arguments)
    except Exception as error:
        from cnnlab.blame import own_fault, own_lines

        if not (fault := own_fault(error)):
            raise
        return complain([fault, *(f"    {line}" for line in own_lines(error))])
    finally:
        GlobalHydra.instance().clear()


def _is_sweep(hydra: Engine, arguments: Arguments) -> bool:
    """Where the mode cannot be found out, composing again for a single run will say why."""
    if arguments.value("task") in OF_FILES:
        return False
    from hydra.types import RunMode

    named = any(text.startswith("hydra.mode=") for text in arguments.overrides)
    sweeps = arguments.multirun or arguments.value("study") or arguments.value("task") == "preflight"
    return bool(sweeps) or (named and hydra.get_mode(arguments.config_name, arguments.overrides) == RunMode.MULTIRUN)


def show(hydra: Engine, arguments: Arguments) -> Exit:
    """Hydra's own displays: the composed configuration, and what it is made of."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    name, overrides = arguments.config_name, arguments.overrides
    try:
        if arguments.cfg:
            hydra.show_cfg(name, overrides, arguments.cfg, arguments.package, arguments.resolve)
        elif arguments.info:
            hydra.show_info(arguments.info, name, overrides)
        elif arguments.hydra_help:
            from hydra._internal.utils import get_args_parser

            parser = get_args_parser()
            hydra.hydra_help(name, parser, parser.parse_args(["--hydra-help", *overrides]))
    except SystemExit:  # Hydra has said why
        return Exit.USER
    except (OSError, ValueError, RuntimeError, HydraException, OmegaConfBaseException):
        from cnnlab.cli.check import check

        faults = check(_composed(hydra, arguments))[1]  # only now: it takes as long as all the rest
        if not faults:
            raise
        return complain(faults)
    return Exit.DONE


def _composed(hydra: Engine, arguments: Arguments) -> Composed:
    from cnnlab.config.compose import compose

    return compose(hydra.config_loader, arguments.config_name, arguments.overrides, keep=True)


def single(hydra: Engine, arguments: Arguments) -> Exit:
    """One job: everything wrong with it at once, or its task."""
    from cnnlab.cli.check import check, note
    from cnnlab.cli.dashboard import dashboard
    from cnnlab.cli.explain import explain
    from cnnlab.cli.lint import lint
    from cnnlab.cli.report import report
    from cnnlab.cli.sync import sync
    from cnnlab.cli.tasks import perform, place

    composed = _composed(hydra, arguments)
    try:
        if (end := _of_files(hydra, arguments, composed)) is not None:
            return end
        run, noted = check(composed)
        if run is None:
            return complain(noted)
        match run.top.task:  # these have no folder of their own
            case "report":
                return report(run.top)
            case "explain":
                return explain(run, composed)
            case "lint":
                return lint(run, composed)
            case "sync":
                return sync(run.top)
            case "dashboard":
                return dashboard(run.top)
        with place(run, composed, composed.run_dir) as here:
            if here.done is not None:
                return here.done
            made(here.folder, "hydra.run.dir")
            overrides = [*arguments.overrides, f"hydra.run.dir={quoted(str(here.folder))}"]
            with set_up_by_user(), _own_log():
                assert composed.hydra_config is not None
                task = _caught(lambda: perform(run, composed, here))
                job = hydra.run_composed(composed.hydra_config, overrides, here.folder, task)
            if isinstance(job.return_value, Exception):
                raise job.return_value
            return job.return_value
    except UserError as error:
        return complain((note(fault, composed) for fault in error.faults), error.code)


OF_FILES = ("schema", "validate")
"""tasks that are about the configuration's files and not about a run"""


def _of_files(hydra: Engine, arguments: Arguments, composed: Composed) -> Exit | None:
    """Do such a task; None for any other."""
    if arguments.multirun and arguments.value("task") in OF_FILES:
        raise UserError(Fault("task", f"{arguments.value('task')} is of files, not of a run; leave out -m"))
    match arguments.value("task") or composed.config.get("task"):
        case "schema":
            from cnnlab.cli.schema import schema

            return schema(hydra, arguments, composed)
        case "validate":
            from cnnlab.cli.validate import validate

            return validate(hydra, arguments)


def made(folder: Path, setting: str) -> Path:
    """Make a folder that a run or a sweep can write in, before Hydra tries to. UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise UserError(Fault(setting, f"{folder} cannot be used: {(error.strerror or str(error)).lower()}")) from None
    return folder


@contextmanager
def set_up_by_user() -> Iterator[None]:
    """What Hydra cannot do for a run or a sweep is the user's: tasks keep their own exceptions."""
    from cnnlab.config.reasons import FAILURES, reason

    try:
        yield
    except (*FAILURES, OSError, RuntimeError) as error:
        raise UserError(Fault("", f"Hydra says: {reason(error)}")) from None


@contextmanager
def _own_log() -> Iterator[None]:
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


def _caught(task: Callable[[], Exit]) -> Callable[[object], Exit | Exception]:
    """What `task` raises as a value, for Hydra puts a line of its own before an exception."""

    def run(_: object) -> Exit | Exception:
        try:
            return task()
        except Exception as error:
            return error

    return run
