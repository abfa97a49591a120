"""Two arms whose runs' ends are made up, written as a sweep and judged: `batch` against `none`, a run a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import Comparison, compare
from cnnlab.comparison.verdicts import Verdict

NORM = {"factor": "model.norm", "arm": "batch"}
LOST = Outcome(status="diverged", error="the loss is not finite")


def judged(none: Sequence[float | Outcome], batch: Sequence[float | Outcome], epochs: int = 8, **claim: Any) -> Any:
    """The verdict on one claim about `batch`, given each seed's test accuracy or end of both arms."""
    return compared(none, batch, [{**NORM, **claim}], epochs).judged[0]


def compared(
    none: Sequence[float | Outcome],
    batch: Sequence[float | Outcome],
    claims: Sequence[Mapping[str, Any]],
    epochs: int = 8,
) -> Comparison:
    ends = {"none": none, "batch": batch}

    def end(at: Mapping[str, str]) -> Outcome:
        found = ends[at["model.norm"]][int(at["seed"])]
        return found if isinstance(found, Outcome) else Outcome(acc=found)

    return swept(
        {"model.norm": ["none", "batch"], "seed": [str(seed) for seed in range(len(none))]}, end, claims, epochs
    )


def reason(verdict: Verdict) -> str | None:
    """Why there is none, or not the one that the numbers alone would give."""
    return verdict.statistics.get("reason")


def swept(
    keys: Mapping[str, Sequence[str]], end: Any, claims: Sequence[Mapping[str, Any]], epochs: int = 8, **study: Any
):
    with TemporaryDirectory() as folder:
        study = {**study, "claims": list(claims)}
        return compare([write_sweep(Path(folder) / "sweep", keys, end, study=study, epochs=epochs)])


def reaching(*first: float | None, epochs: int = 8) -> list[Outcome]:
    """Runs whose validation accuracy reaches 0.7 in these epochs; None: not within the budget."""
    return [Outcome(acc=0.8, curve=[0.8 if one and at >= one else 0.3 for at in range(1, epochs + 1)]) for one in first]


NONE = [0.800, 0.812, 0.791, 0.805, 0.799]
SPREAD = [0.002, -0.001, 0.0, 0.001, -0.002]


def shifted(by: float, spread: float = 1.0) -> list[float]:
    """The accuracies of `batch` beside those of NONE, higher by so much more or less."""
    return [value + by + spread * one for value, one in zip(NONE, SPREAD, strict=True)]


FAR, NEAR, SAME, WIDE = shifted(0.05), shifted(0.005), shifted(0.0), shifted(0.005, 16)
OPEN = shifted(0.01, 8)
"""its p is .15"""
LOWER, LITTLE_LOWER = shifted(-0.05), shifted(-0.005)
