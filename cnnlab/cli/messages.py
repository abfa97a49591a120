"""What the command line says is wrong, on the error stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from cnnlab.errors import Exit
from cnnlab.untrusted.words import clean


def complain(messages: Iterable[object], code: Exit = Exit.USER) -> Exit:
    """Print each message once; the exit code."""
    for message in dict.fromkeys(map(str, messages)):
        print(clean(message), file=sys.stderr)
    return code
