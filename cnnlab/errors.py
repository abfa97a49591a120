"""What the user wrote and cannot be done: faults with the path of a setting, collected and shown together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum, IntEnum

from cnnlab.origin import Origin


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


class FaultKind(Enum):
    """What sort of thing is wrong, as far as another part of the program goes by it; the message says the rest."""

    INVALID = "what is written there cannot be, or does not go with the rest"
    MISSING = "a needed setting is not there"
    UNKNOWN_SETTING = "there is no setting of that name"
    UNKNOWN_BLOCK = "there is no block of that name"
    UNKNOWN_BLOCK_KIND = "there is no kind of block of that name"
    UNKNOWN_CHOICE = "the value is none of the words that may stand there"
    SEVERAL_VALUES = "several values stand where one can be"
    NOT_VARIED = "a claim names a factor that its sweep does not vary"
    UNKNOWN_LEVEL = "a claim names a value that its factor does not have"


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what the user wrote. Nothing is decided by the text of its message."""

    path: str
    """the dotted setting ("model.body.stem.stride"); "" where there is none"""
    message: str
    kind: FaultKind = field(default=FaultKind.INVALID, compare=False)
    word: str = field(default="", compare=False)
    """what is written where a known word was to be expected"""
    suggestion: str | None = field(default=None, compare=False)
    """the known word that it is likely a misspelling of"""
    choices: tuple[str, ...] = field(default=(), compare=False)
    """the known words"""
    factor: str = field(default="", compare=False)
    """of an UNKNOWN_LEVEL the factor that it would be a value of"""
    origin: Origin | None = None
    """where it is written"""
    lines: tuple[str, ...] = ()
    """that explain it, and say what works instead"""
    statement: str = field(default="", compare=False)
    """of a fault about a word, the message without what its writer may have meant"""

    @classmethod
    def unknown(
        cls,
        kind: FaultKind,
        path: str,
        message: str,
        word: object,
        known: Iterable[object],
        more: str = "",
        factor: str = "",
    ) -> Fault:
        """A fault about a word that is none of the `known` ones: the closest of them is named, or else all.

        >>> print(Fault.unknown(FaultKind.UNKNOWN_SETTING, "model.nrom", "no such setting", "nrom", ["norm", "act"]))
        model.nrom: no such setting; did you mean 'norm'?
        """
        choices = tuple(map(str, known))
        sentence = f"{message}{near(word, choices)}{more}"
        return cls(path, sentence, kind, str(word), meant(word, choices), choices, factor, statement=message)

    def __str__(self) -> str:
        origin = f"{self.origin}  " if self.origin else ""
        path = f"{''.join(c if c.isprintable() else '?' for c in self.path)}: " if self.path else ""
        return "\n".join([f"{origin}{path}{self.message}", *(f"    {line}" for line in self.lines)])


class UserError(Exception):
    """Faults in what the user wrote; run.py prints them without a traceback and exits with `code`."""

    def __init__(self, *faults: Fault, code: Exit = Exit.USER):
        super().__init__("\n".join(map(str, faults)))
        self.faults, self.code = faults, code


def meant(word: object, known: Sequence[str]) -> str | None:
    """The known word that an unknown one is likely a misspelling of."""
    return next(iter(get_close_matches(str(word), known, n=1, cutoff=0.55)), None)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word, where a known one is close.

    >>> did_you_mean("kernal_size", ["kernel_size", "stride"]), did_you_mean("zzz", ["kernel_size", "stride"])
    ("; did you mean 'kernel_size'?", '')
    """
    best = meant(word, list(known))
    return f"; did you mean {best!r}?" if best else ""


def near(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the closest known one, or all of them.

    >>> near("zzz", ["kernel_size", "stride"])
    '; there are kernel_size, stride'
    """
    known = list(known)
    return did_you_mean(word, known) or (f"; there are {', '.join(known)}" if known else "")
