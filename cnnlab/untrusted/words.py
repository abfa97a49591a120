"""Names and messages from anywhere, made into what a terminal shows and does not obey."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

SHOWN = 3
"""names that a message lists"""
LONGEST = 80
"""characters of a name in a message"""


def clean(text: str) -> str:
    """`text` without what a terminal would obey, or cannot encode; its lines stay.

    >>> clean("a\\x1b[31mb\\u202ec")
    'a?[31mb?c'
    """
    shown = text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return shown.encode("utf-8", "replace").decode()


def word(name: object) -> str:
    """A name on one line, cut where it is long.

    >>> word("a\\nb")
    'a?b'
    """
    text = clean(str(name)).replace("\n", "?")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def few(names: Iterable[object], shown: int = SHOWN) -> str:
    """The first of several names, and how many more there are.

    >>> few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    known = [*names]
    return ", ".join(map(word, known[:shown])) + (f" and {len(known) - shown} more" if known[shown:] else "")


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON for whatever reads the output; what a terminal would obey is escaped, letters of any script are not.

    >>> json_text({"é": "\\x9b31m"})
    '{"é": "\\\\u009b31m"}'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return re.sub(r"[^\n -~]", lambda m: m[0] if m[0].isprintable() else json.dumps(m[0])[1:-1], text)
