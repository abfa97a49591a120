"""Where something is written: a file with line and column, or the command line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Origin:
    """A place that sets a setting, and what it says there.

    >>> str(Origin("conf/model/lenet.yaml", 7, 33)), str(Origin("conf/model/lenet.yaml")), str(COMMAND_LINE)
    ('conf/model/lenet.yaml:7:33', 'conf/model/lenet.yaml', 'command line')
    """

    file: str = ""
    """as the user sees it from where they stand; empty for the command line"""
    line: int | None = None
    column: int | None = None
    value: str = field(default="", compare=False)
    """what is written there, on one line"""
    rank: int = field(default=-1, compare=False)
    """of the files of a configuration their order, of the command line the highest: the higher one counts"""

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file or "command line", self.line, self.column) if part is not None)


COMMAND_LINE = Origin()
