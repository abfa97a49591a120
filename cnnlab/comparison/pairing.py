"""What two arms have in common: what pairing them by seed has gained, and what they differ in beyond the factor."""

from __future__ import annotations

import json
import math
import statistics as st
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlab import dotted
from cnnlab.comparison.terms import settings
from cnnlab.comparison.trial import Trial
from cnnlab.text import shortened

UNEVEN = 3.0
"""how many times as far as the other's the runs of one arm spread, from which on a page says so"""
MOST_CHARACTERS = 40


@dataclass(frozen=True)
class Pairing:
    """Two arms' numbers over the seeds that they share."""

    correlation: float | None
    """None where one of them is the same at every seed"""
    gain: float | None
    """how many times as many seeds unpaired arms would take to be as sure; below 1 pairing has lost"""
    spreads: tuple[float, float]
    """standard deviations, the arm's and the reference's"""

    def unevenness(self, resolution: float) -> float:
        """How many times as far the one spreads as the other, of what can be told apart."""
        low, high = sorted(max(spread, resolution / math.sqrt(6)) for spread in self.spreads)
        return high / low if low else math.inf if high else 1.0


def pairing(arm: Sequence[float], reference: Sequence[float]) -> Pairing | None:
    """None for fewer than three seeds.

    >>> paired = pairing([1.0, 2.0, 3.0], [1.1, 2.0, 2.9])
    >>> round(paired.correlation, 2), round(paired.gain)
    (1.0, 181)
    """
    if len(arm) < 3:
        return None
    spreads = st.stdev(arm), st.stdev(reference)
    differences = st.stdev([a - b for a, b in zip(arm, reference, strict=True)])
    rounding = 1e-9 * max(spreads)
    gain = (spreads[0] ** 2 + spreads[1] ** 2) / differences**2 if differences > rounding else None
    return Pairing(st.correlation(arm, reference) if min(spreads) > rounding else None, gain, spreads)


@dataclass(frozen=True)
class DifferingSetting:
    """A setting in which two arms differ beyond the factor's own."""

    path: str
    arm: str
    reference: str


def other_settings(factor: str, arm: Trial, reference: Trial) -> tuple[DifferingSetting, ...]:
    """What two runs' configurations differ in besides the factor; of a block that one lacks, the block alone.

    A factor that chooses a file (`model`, `optimizer`) stands for all that the file sets, and nobody sees by its name
    what that is.
    """
    of_arm, of_reference = settings(arm), settings(reference)
    if not of_arm or not of_reference:
        return ()
    differing: dict[str, DifferingSetting] = {}
    for key in dict.fromkeys((*of_arm, *of_reference)):
        if of_arm.get(key) == of_reference.get(key) or _is_factors_own(key, factor):
            continue
        path = _whole(key, of_arm if key not in of_arm else of_reference if key not in of_reference else {})
        differing.setdefault(path, DifferingSetting(path, _shown(of_arm, path), _shown(of_reference, path)))
    return tuple(differing.values())


def _is_factors_own(key: str, factor: str) -> bool:
    if "." in factor:
        return dotted.overlap(key, factor)
    return key in (factor, f"{factor}.kind", f"{factor}.source")


def _whole(key: str, lacking: Mapping[str, Any]) -> str:
    """The largest part of `key` of which the side that lacks it has nothing."""
    parts = key.split(".")
    for length in range(1, len(parts)):
        path = ".".join(parts[:length])
        if lacking and not any(other == path or other.startswith(f"{path}.") for other in lacking):
            return path
    return key


def _shown(values: Mapping[str, Any], path: str) -> str:
    if path in values:
        return shortened(json.dumps(values[path], ensure_ascii=False, default=str), MOST_CHARACTERS)
    return "set" if any(key.startswith(f"{path}.") for key in values) else "not set"
