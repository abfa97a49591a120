"""One number a run: what each side of a question has at each seed, read once, or why it has none."""

from __future__ import annotations

import itertools
import math
import statistics as st
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cnnlab.comparison.ledger import Cell, Ledger
from cnnlab.comparison.metrics import Quantity, Reading
from cnnlab.comparison.question import Question, WeightedCells
from cnnlab.comparison.trial import Trial


@dataclass(frozen=True)
class Readings:
    """side -> seed -> its number, or as text why there is none; for every seed of any side."""

    by_side: Mapping[WeightedCells, Mapping[str, Reading | str]]

    def of(self, side: WeightedCells) -> Mapping[str, Reading]:
        return {seed: reading for seed, reading in self.by_side[side].items() if isinstance(reading, Reading)}

    def at(self, seed: str, sides: Iterable[WeightedCells]) -> Mapping[WeightedCells, Reading | str]:
        return {side: self.by_side[side][seed] for side in sides}


def read(question: Question, ledger: Ledger) -> Readings:
    sides = dict.fromkeys(itertools.chain(*question.groups))
    seeds = list(dict.fromkeys(seed for side in sides for seed in seeds_of(side, ledger)))
    return Readings(
        {side: {seed: _reading(question.metric, side, seed, ledger) for seed in seeds} for side in sides},
    )


def seeds_of(side: WeightedCells, ledger: Ledger) -> Iterable[str]:
    return dict.fromkeys(seed for cell in side.cells for seed in ledger.trials.get(cell, {}))


def arm_at(ledger: Ledger, cell: Cell) -> str:
    return " ".join(f"{key}={value}" for key, value in zip(ledger.factors, cell, strict=True)) or "the only arm"


def _reading(metric: Quantity, side: WeightedCells, seed: str, ledger: Ledger) -> Reading | str:
    if metric.collapses:
        return _largest(metric, side, seed, ledger)
    trial = ledger.trials[side.cells[0]].get(seed)
    if trial is None:
        return f"{arm_at(ledger, side.cells[0])} was not run with it"
    reading = metric.read(trial)
    if reading is None:
        return _why(trial, metric)
    if metric.log and reading.value <= 0:
        return f"{trial.name} has {reading.value:g}, of which there is no ratio"
    return reading


def _why(trial: Trial, metric: Quantity) -> str:
    match trial.status:
        case "ok":
            return f"{trial.name} recorded no {metric.text}"
        case "running" | "waiting":
            return f"{trial.name} is {trial.status}"
        case _:
            return f"{trial.name} {'is ' if trial.status == 'damaged' else ''}{trial.status}" + (
                f" ({_brief(trial.error)})" if trial.error else ""
            )


def _brief(error: str, most: int = 100) -> str:
    """An error's first sentence, at a word's end where it is long."""
    first = error.partition(". ")[0]
    return first if len(first) <= most else f"{first[:most].rpartition(' ')[0]} …"


def _largest(metric: Quantity, side: WeightedCells, seed: str, ledger: Ledger) -> Reading | str:
    """The largest value of the collapsed factor whose run reached the threshold; a run that diverged did not."""
    assert metric.threshold
    assert metric.collapses
    of, at_least, bar = metric.threshold
    place = list(ledger.factors).index(metric.collapses)
    steps = sorted((float(cell[place]), cell) for cell in side.cells if _positive(cell[place]))
    if not steps:
        return f"{metric.collapses} has no values that are positive numbers"
    reached: list[float] = []
    for value, cell in steps:
        trial = ledger.trials[cell].get(seed)
        if trial is None:
            return f"{arm_at(ledger, cell)} was not run with it"
        if trial.status not in ("ok", "diverged"):
            return _why(trial, metric)
        reading = of.read(trial)
        if reading is None and trial.status == "ok":
            return _why(trial, of)
        if reading and (reading.value >= bar if at_least else reading.value <= bar and not reading.censored):
            reached.append(value)
    if not reached:  # below the grid: counted as one step under its lowest
        return Reading(steps[0][0] / math.exp(grid_step(metric, ledger)), censored=-1)
    return Reading(reached[-1], censored=int(reached[-1] == steps[-1][0]))


def grid_step(metric: Quantity, ledger: Ledger) -> float:
    """The median step of a grid of values, as a logarithm."""
    values = sorted(float(value) for value in ledger.factors.get(metric.collapses or "", ()) if _positive(value))
    return st.median(math.log(b / a) for a, b in itertools.pairwise(values)) if len(values) > 1 else math.log(2)


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
