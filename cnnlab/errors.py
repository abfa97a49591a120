"""What the user wrote and cannot be done: faults with the path of a setting, collected and shown together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of run.py; Python's own 1 is left to our bugs, which show a traceback."""

    DONE = 0
    BUG = 1
    USER = 2
    DIVERGED = 3
    EXHAUSTED = 4  # out of memory or disk
    SWEEP = 5  # a sweep that ended with jobs that failed
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Fault:
    """One thing wrong: `path` is the dotted setting ("model.body.stem.stride"; "" where there is none)."""

    path: str
    message: str

    def __str__(self) -> str:
        if not self.path:
            return self.message
        at = self.path if self.path.isprintable() else "".join(c if c.isprintable() else "?" for c in self.path)
        return f"{at}: {self.message}"


class UserError(Exception):
    """Faults in what the user wrote; run.py prints them without a traceback and exits with `code`."""

    def __init__(self, *faults: Fault, code: Exit = Exit.USER):
        super().__init__("\n".join(map(str, faults)))
        self.faults, self.code = faults, code


def meant(word: object, known: Sequence[str]) -> str | None:
    """The known word that an unknown one is likely a misspelling of."""
    return next(iter(get_close_matches(str(word), known, n=1, cutoff=0.55)), None)


def near(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the closest known one, or all of them.

    >>> near("kernal_size", ["kernel_size", "stride"])
    "; did you mean 'kernel_size'?"
    >>> near("zzz", ["kernel_size", "stride"])
    '; there are kernel_size, stride'
    """
    known = list(known)
    if best := meant(word, known):
        return f"; did you mean {best!r}?"
    return f"; there are {', '.join(known)}" if known else ""
