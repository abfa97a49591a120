"""Completion in the shell: what may stand where the cursor is.

It is asked at every press of a key, so it imports neither Hydra nor pydantic, let alone torch: what blocks and groups
take it reads from the JSON Schema beside the configuration.
"""

from __future__ import annotations

import os
from pathlib import Path

from cnnlab.cli.completion.candidates import candidates
from cnnlab.cli.completion.line import Line, printed
from cnnlab.errors import Exit, Fault, UserError, near
from cnnlab.origin import COMMAND_LINE

SHELLS = ("bash", "zsh", "fish")
REQUESTS = ("install", "uninstall", "query")


def complete(conf: Path, words: list[str]) -> Exit:
    """`--shell-completion install=SHELL` prints the shell's script, `query=SHELL` answers it for the line in COMP_LINE.

    UserError for another request. A line or a file that cannot be read is answered with nothing: a message would land
    in what the user is typing.
    """
    request, shell = _asked(words)
    if request == "install":
        print((Path(__file__).parent / f"cnnlab.{shell}").read_text(encoding="utf-8"), end="")
    elif request == "uninstall":
        print(REMOVE[shell])
    else:
        try:
            line = Line.of(os.environ)
            print(printed(shell, line, candidates(conf, line.words, line.current)), end="")
        except Exception:
            return Exit.USER
    return Exit.DONE


REMOVE = {
    "bash": "complete -r python python3 python3.{9..15} run.py cnnlab",
    "zsh": "compdef -d python python3 python3.{9..15} run.py cnnlab",
    "fish": "for command in python python3 python3.(seq 9 15) run.py cnnlab; complete -e -c $command; end",
}


def _asked(words: list[str]) -> tuple[str, str]:
    for word in words:
        request, _, shell = word.partition("=")
        if request in REQUESTS:
            if shell not in SHELLS:
                message = f"there is no script for {shell!r}{near(shell, SHELLS)}"
                raise UserError(Fault(request, message, origin=COMMAND_LINE))
            return request, shell
    message = "--shell-completion takes install=SHELL, uninstall=SHELL or query=SHELL"
    raise UserError(Fault("", message, origin=COMMAND_LINE))
