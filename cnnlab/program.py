"""The program as it was started and as it is installed: the command to type again, and the shipped configuration."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

COMMAND = "CNNLAB_COMMAND"
"""environment variable by which processes that a sweep starts know what its user typed"""

_PACKAGE = Path(__file__).parent


def installed() -> bool:
    """Whether the package lies where an installer has put it, and not in a clone of its repository."""
    return (_PACKAGE / "conf").is_dir()


def shipped_conf() -> Path:
    """The folder of the shipped configuration: inside of an installed package, beside it in a clone."""
    return _PACKAGE / "conf" if installed() else _PACKAGE.parent / "conf"


def started_as(command: str) -> None:
    """Note how the user starts the program, such as `cnnlab`, for this process and those that it starts."""
    os.environ[COMMAND] = command


def command_words() -> list[str]:
    """How the user starts the program."""
    usual = "cnnlab" if installed() else "python run.py"
    return (os.environ.get(COMMAND) or usual).split()


def command(*words: str) -> str:
    """A command line of this program, as it can be pasted into a shell.

    >>> started_as("cnnlab")
    >>> command("task=sync", "dir=my runs")
    "cnnlab task=sync 'dir=my runs'"
    >>> started_as("")
    """
    return shlex.join([*command_words(), *words])


def extra(name: str) -> str:
    """The command that installs the packages of an extra."""
    return f"pip install 'cnnlab[{name}]'" if installed() else f"pip install -e '.[{name}]'"
