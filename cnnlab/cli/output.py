"""The terminal that tasks print on."""

import os
import sys

from rich.console import Console


class Output(Console):
    """A console whose reader may leave: `| head` must end neither training nor its record."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
