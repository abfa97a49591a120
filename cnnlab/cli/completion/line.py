"""The command line that is being typed, and answers as each shell takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

QUOTES = "'\""


@dataclass(frozen=True)
class Candidate:
    """What may stand where the cursor is."""

    text: str
    """the whole word"""
    description: str = ""
    """what it is"""


@dataclass(frozen=True)
class Line:
    """What stands left of the cursor."""

    words: tuple[str, ...]
    """those before the current one and after run.py, without their quotes"""
    current: str
    """the word that is being typed, without its quote"""
    quote: str = ""
    """the quote that is still open"""
    breaks: str = ""
    """characters at which the shell, too, begins a new word"""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Line:
        """As bash has it in its variables; the other shells' scripts set the same ones."""
        text = environment.get("COMP_LINE", "")
        point = environment.get("COMP_POINT", "")
        words, quote = split(text[: int(point)] if point.isdigit() else text)
        *before, current = words
        script = next((i for i, word in enumerate(before) if word.endswith(".py")), 0)
        return cls(tuple(before[script + 1 :]), current, quote, environment.get("COMP_WORDBREAKS", ""))


def split(text: str) -> tuple[list[str], str]:
    """A line's words without their quotes, the last one perhaps empty, and the quote that is open at its end.

    >>> split("run.py 'a b'c d\\\\ e 'f g")
    (['run.py', 'a bc', 'd e', 'f g'], "'")
    >>> split("run.py ")
    (['run.py', ''], '')
    """
    words, quote, escaped = [""], "", False
    for char in text:
        if escaped:
            words[-1], escaped = words[-1] + char, False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char == quote:
            quote = ""
        elif not quote and char in QUOTES:
            quote = char
        elif not quote and char.isspace():
            words += [""] if words[-1] else []
        else:
            words[-1] += char
    return words, quote


def printed(shell: str, line: Line, candidates: Iterable[Candidate]) -> str:
    """The answer, a candidate a line; fish and zsh show what it is, too."""
    if shell == "bash":
        return "".join(f"{_for_bash(candidate.text, line)}\n" for candidate in candidates)
    return "".join(f"{_escaped(candidate.text, line.quote)}\t{candidate.description}\n" for candidate in candidates)


def _for_bash(text: str, line: Line) -> str:
    """bash replaces only what stands behind the last of its word breaks."""
    kept = "" if line.quote else re.sub(rf"[^{re.escape(line.breaks)}]*$", "", line.current) if line.breaks else ""
    return _escaped(text.removeprefix(kept), line.quote)


def _escaped(text: str, quote: str) -> str:
    """With backslashes where the shell would see more than text.

    >>> print(_escaped("my run (1)", ""))
    my\\ run\\ \\(1\\)
    """
    return text if quote else re.sub(r"([^\w./=,@%+:~-])", r"\\\1", text)
