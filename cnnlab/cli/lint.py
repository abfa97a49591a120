"""task=lint: what in a network's design looks like a mistake."""

from __future__ import annotations

from cnnlab.config.compose import Composed
from cnnlab.config.settings import Run
from cnnlab.errors import Exit


def lint(run: Run, composed: Composed) -> Exit:
    return Exit.DONE
