"""A design looked through for all smells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnlab.lint.finding import Design, Finding
from cnnlab.lint.smells import SMELLS, name


def look(design: Design) -> list[Finding]:
    """All that is found, the worst first."""
    return list(_found(design))


def _found(design: Design) -> Iterator[Finding]:
    for smell in SMELLS:
        reason = " ".join((smell.__doc__ or "").split())
        for finding in smell(design):
            yield replace(finding, smell=name(smell), reason=reason)
