"""From the command line to a task: read it, compose and check it, then let Hydra run the job, or start the sweep."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.arguments import Arguments, read_arguments
from cnnlab.cli.help import help_text, version_text
from cnnlab.cli.messages import complain
from cnnlab.cli.tasks import TASKS, SweepTask
from cnnlab.config.own_folder import own_folder
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.program import started_as
from cnnlab.untrusted.environment import prepare_environment
from cnnlab.untrusted.machine import check_environment
from cnnlab.untrusted.words import word

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine


NOT_TO_BE_HAD = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS)
"""what the system says of paths that a user may name and nobody, or not this user, can have"""


def main(conf: Path, argv: list[str], command: str = "python run.py") -> int:
    """Do what `argv` asks for, with the configuration in the folder `conf`; the exit code.

    `command` is what the user types before `argv`, and is shown where they should type it again.
    """
    started_as(command)
    try:
        arguments = read_arguments(argv)
        if arguments.help:
            print(help_text([*_own_folders(arguments), conf]), flush=True)
            return Exit.DONE
        if arguments.version:
            print(version_text(), flush=True)
            return Exit.DONE
        if arguments.completion:
            from cnnlab.cli.completion import complete

            return complete(conf, arguments.overrides)
        check_environment()
        prepare_environment()
        end = _with_hydra(conf, arguments)
        if sys.stdout:  # None where the shell has closed it
            sys.stdout.flush()  # here, where a pipe without a reader is no surprise
        return _after_output(end, arguments)
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


def _after_output(end: int, arguments: Arguments) -> int:
    """The exit code, where lines may have been lost: a run's record is whole without them, a table is not."""
    lost = getattr(sys.stdout, "lost", None)
    if lost is None:
        return end
    complain([f"not all of the output could be written: {(getattr(lost, 'strerror', None) or str(lost)).lower()}"])
    task = TASKS.get(arguments.value("task") or "train")
    return end if end or (task and task.trains) else Exit.EXHAUSTED


def _with_hydra(conf: Path, arguments: Arguments) -> int:
    from hydra.core.global_hydra import GlobalHydra

    from cnnlab.config.engine import start

    hydra = start(Path(arguments.config_path) if arguments.config_path else conf, *_own_folders(arguments))
    try:
        if arguments.shows and arguments.value("study"):
            message = "is a sweep of many configurations; task=preflight lists its jobs"
            return complain([Fault("study", message, origin=COMMAND_LINE)])
        if arguments.shows:
            return show(hydra, arguments)
        if _is_sweep(hydra, arguments):
            from cnnlab.cli.sweep import sweep

            return sweep(hydra, arguments)
        from cnnlab.cli.jobs import run_job

        return run_job(hydra, arguments)
    except Exception as error:
        from cnnlab.blame import own_fault, own_lines

        if not (fault := own_fault(error)):
            raise
        return complain([fault, *(f"    {line}" for line in own_lines(error))])
    finally:
        GlobalHydra.instance().clear()


def _own_folders(arguments: Arguments) -> list[Path]:
    """Folders of the user's own files, the first one counts most. Says so of one that looks like it and is not."""
    folders = [Path(arguments.config_dir)] if arguments.config_dir else []
    own = None if arguments.config_path else own_folder()
    if own and own.is_ours:
        folders.append(own.path)
    elif own:
        print(own.note, file=sys.stderr)
    return folders


def _is_sweep(hydra: HydraEngine, arguments: Arguments) -> bool:
    """Where the mode cannot be found out, composing again for a single run will say why."""
    task = TASKS.get(arguments.value("task") or "")
    if task and task.about_files:
        return False
    from hydra.types import RunMode

    named = any(text.startswith("hydra.mode=") for text in arguments.overrides)
    of_sweeps_only = isinstance(task, SweepTask) and task.of_sweeps_only
    sweeps = arguments.multirun or arguments.value("study") or of_sweeps_only
    return bool(sweeps) or (named and hydra.get_mode(arguments.config_name, arguments.overrides) == RunMode.MULTIRUN)


def show(hydra: HydraEngine, arguments: Arguments) -> Exit:
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
        from cnnlab.cli.check import check  # only now: it takes as long as all the rest
        from cnnlab.config.compose import compose

        faults = check(compose(hydra.config_loader, name, overrides))[1]
        if not faults:
            raise
        return complain(faults)
    return Exit.DONE
