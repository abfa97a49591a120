"""A design looked through for all smells, and what would help, tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnlab.lint.finding import Design, Finding
from cnnlab.lint.smells import SMELLS, Smell, name
from cnnlab.network.graph import graph
from cnnlab.network.overridden import overridden
from cnnlab.network.read import read_network
from cnnlab.override import Override


def look(design: Design) -> list[Finding]:
    """All that is found, the worst first."""
    return [
        replace(finding, smell=name(smell), reason=" ".join((smell.__doc__ or "").split()))
        for smell in SMELLS
        for finding in smell(design)
    ]


def instead(design: Design, finding: Finding) -> list[str]:
    """Those of the overrides that may help which do, of several values for one setting the first."""
    smell = next(smell for smell in SMELLS if name(smell) == finding.smell)
    found: dict[str, str] = {}
    for text in finding.tries:
        setting = Override.read(text).key
        if setting not in found and _helps(text, design, finding, smell):
            found[setting] = text
    return list(found.values())


def _helps(text: str, design: Design, finding: Finding, smell: Smell) -> bool:
    """Whether the network builds with an override, and the smell is gone from there and not come up elsewhere."""
    other = changed(design, text)
    if other is None:
        return False
    left = list(smell(other))
    same = any(set(one.where) & set(finding.where) for one in left)
    return not same and len(left) < len(list(smell(design)))


def changed(design: Design, text: str) -> Design | None:
    """The design under an override; None where it does not fit."""
    override = Override.read(text)
    if override.key == "data.batch_size":
        return replace(design, batch_size=int(override.value or 0))
    raw = overridden(design.raw, text)
    network, faults = read_network(raw, design.network.classes)
    if network is None or faults:
        return None
    fitted = graph(network, design.fit(network))
    return None if fitted.faults else replace(design, network=network, graph=fitted, raw=raw)


def short(findings: list[Finding]) -> Iterator[str]:
    """A line each, and where to read more."""
    for finding in findings:
        yield f"design: {finding.said} ({finding.at(1)})"
    if findings:
        yield "design: task=lint says where, why, and what helps"
