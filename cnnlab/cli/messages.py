"""What the command line says is wrong, on the error stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from cnnlab.errors import Exit
from cnnlab.untrusted.words import clean

MOST = 200
"""messages that are printed: a folder's thousand files that are no images make one each"""


def complain(messages: Iterable[object], code: Exit = Exit.USER) -> Exit:
    """Print each message once, of very many the first; the exit code."""
    known = [*dict.fromkeys(map(str, messages))]
    for message in known[:MOST]:
        print(clean(message), file=sys.stderr)
    if known[MOST:]:
        print(f"… and {len(known) - MOST:,} more like these", file=sys.stderr)
    return code
