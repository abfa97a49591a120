"""From the command line to a task: read, compose, check everything, then let Hydra run the job or the sweep."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import Arguments, read_arguments
from cnnlab.cli.help import help_text
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.cli.check import Noted
    from cnnlab.config.compose import Composed


def main(conf: Path, argv: list[str]) -> int:
    """Do what `argv` asks for, with the configuration in the folder `conf`; the exit code."""
    try:
        arguments = read_arguments(argv)
        if arguments.help:
            print(help_text(conf))
            return Exit.DONE
        if arguments.info:
            return show(conf, arguments)
        return run(conf, arguments)
    except UserError as error:
        return complain(list(error.faults), error.code)


def complain(faults: list[Fault] | list[Noted], code: Exit = Exit.USER) -> int:
    """Print the faults, one below the other."""
    for fault in faults:
        print(fault, file=sys.stderr)
    return code


def show(conf: Path, arguments: Arguments) -> int:
    """Hydra's own displays; a configuration that does not compose is reported as for a run."""
    from cnnlab.config.compose import register

    register()
    try:
        hydra(conf, arguments, lambda config: None)
    except SystemExit as end:
        if end.code not in (0, None):
            return Exit.USER
    return Exit.DONE


def run(conf: Path, arguments: Arguments) -> int:
    """Check every job, then run them."""
    from cnnlab.config.compose import loading, register

    with loading(folder(conf, arguments)) as loader:
        jobs = compose_all(loader, arguments)
    faults = list(dict.fromkeys(str(noted) for job in jobs for noted in check_job(job)))
    if faults:
        return complain([Fault("", text) for text in faults])
    register()
    return 0


def folder(conf: Path, arguments: Arguments) -> Path:
    return conf


def compose_all(loader: Any, arguments: Arguments) -> list[Composed]:
    raise NotImplementedError


def check_job(job: Composed) -> list[Noted]:
    raise NotImplementedError


def hydra(conf: Path, arguments: Arguments, task: Callable[[Any], None]) -> None:
    raise NotImplementedError
