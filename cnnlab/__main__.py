"""`cnnlab …`, also as `python -m cnnlab …`: what `python run.py …` does in a clone, in any folder."""

from __future__ import annotations

import sys
from pathlib import Path

from cnnlab.cli.fast_exit import exiting_fast
from cnnlab.cli.main import main
from cnnlab.program import shipped_conf


def command() -> int:
    """The exit code; the entry point of the command that an installer makes."""
    named = "python -m cnnlab" if Path(sys.argv[0]).name == "__main__.py" else "cnnlab"
    return exiting_fast(lambda: main(shipped_conf(), sys.argv[1:], named))


if __name__ == "__main__":
    sys.exit(command())
