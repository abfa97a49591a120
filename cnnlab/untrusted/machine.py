"""What of this machine decides what may be opened: its memory, its environment."""

from __future__ import annotations

import os

from cnnlab.errors import Fault, UserError

FORCED = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
"""makes torch.load run code that a file holds, wherever a library does not forbid it itself"""
SHARE = 0.5
"""of the machine's memory that one thing may take"""


def check_environment() -> None:
    """UserError where the environment takes the lock off torch.load: ours says weights_only=True, others' may not."""
    if os.environ.get(FORCED, "0").lower() in ("1", "y", "yes", "true"):
        message = f"{FORCED}={os.environ[FORCED]} lets files of weights run code; unset it, cnnlab does not run with it"
        raise UserError(Fault("", message))


def memory() -> int | None:
    """Bytes of physical memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return None


def too_much(needed: float) -> str | None:
    """Where `needed` bytes are more than this machine should give for one thing, a sentence's end that says so."""
    there = memory()
    if there is None or needed <= SHARE * there:
        return None
    return f"{size(needed)} of memory, this machine has {size(there)}"


def size(count: float) -> str:
    """
    >>> size(3 << 30), size(5 << 20)
    ('3.0 GiB', '5.0 MiB')
    """
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
