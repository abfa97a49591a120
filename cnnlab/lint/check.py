"""Lint: a design is looked through for all smells, and the overrides that may help are tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnlab.lint.finding import Design, Finding
from cnnlab.lint.smells import SMELLS, Smell, name
from cnnlab.network.overridden import fitting, overridden
from cnnlab.override import Override


def find_smells(design: Design) -> list[Finding]:
    """All findings in a design, the worst first."""
    return [
        replace(finding, smell=name(smell), reason=" ".join((smell.__doc__ or "").split()))
        for smell in SMELLS
        for finding in smell(design)
    ]


def what_helps(design: Design, finding: Finding) -> list[str]:
    """Those of the overrides that may help which do, of several values for one setting the first."""
    smell = next(smell for smell in SMELLS if name(smell) == finding.smell)
    helpful: dict[str, str] = {}
    for text in finding.tries:
        setting = Override.read(text).key
        if setting not in helpful and _helps(text, design, finding, smell):
            helpful[setting] = text
    return list(helpful.values())


def _helps(text: str, design: Design, finding: Finding, smell: Smell) -> bool:
    """Whether the network builds with an override, and the smell is gone from there and not come up elsewhere."""
    other = under_override(design, text)
    if other is None:
        return False
    remaining = list(smell(other))
    same = any(set(again.where) & set(finding.where) for again in remaining)
    return not same and len(remaining) < len(list(smell(design)))


def under_override(design: Design, text: str) -> Design | None:
    """The design under an override; None where it does not fit."""
    override = Override.read(text)
    if override.key == "data.batch_size":
        return replace(design, batch_size=int(override.value or 0))
    raw = overridden(design.raw, text)
    other = fitting(raw, design.network.classes, design.image_shape_of)
    return replace(design, network=other[0], graph=other[1], raw=raw) if other else None


def opening_lines(findings: list[Finding]) -> Iterator[str]:
    """A line each, and where to read more."""
    for finding in findings:
        yield f"design: {finding.message} ({finding.places(1)})"
    if findings:
        yield "design: task=lint says where, why, and what helps"
