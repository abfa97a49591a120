"""The terminal that tasks print on."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

from rich.console import Console
from rich.text import Text

from cnnlab.untrusted.streams import unfailing
from cnnlab.untrusted.words import clean


class Output(Console):
    """A console whose text is text: no name in it is markup, or anything else that a terminal obeys.

    Its reader may leave, and its disk may be full: that must end neither training nor its record.
    """

    def __init__(self, **how: Any):
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **how})

    @property
    def file(self) -> IO[str]:
        return unfailing(super().file)

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(clean(text), **how)

    def say(self, text: str) -> None:
        """Print sentences: wrapped between words on a terminal, on one line elsewhere, where programs read it."""
        self.print(text, soft_wrap=not self.is_terminal)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
