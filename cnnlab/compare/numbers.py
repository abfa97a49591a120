"""From a question to one number a seed, and the pairs that are not to be used.

Runs are paired by seed: what a seed brings to all arms (split, order, first weights) cancels in their difference.
"""

from __future__ import annotations

import itertools
import math
import statistics as st
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cnnlab.compare.ledger import Cell, Ledger
from cnnlab.compare.metrics import Metric, Reading
from cnnlab.compare.questions import Question, Side, row
from cnnlab.compare.terms import unequal
from cnnlab.compare.trial import Trial
from cnnlab.door.words import few


@dataclass(frozen=True)
class Pair:
    """One seed's numbers, as they are shown; of logarithms and interactions the arm's and reference's own."""

    seed: str
    arm: float
    reference: float | None
    difference: float
    """as it is judged: of ratios the logarithm"""
    bounds: frozenset[int] = frozenset()
    """where the true difference may lie, beyond this one, as a number of it is censored: -1 below, 1 above"""

    @property
    def censored(self) -> bool:
        return bool(self.bounds)


@dataclass(frozen=True)
class Numbers:
    """What the runs say to a question, a number a seed."""

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...]
    """pairs and combinations that are not used, each with its reason"""
    refused: str | None
    """why there can be no verdict"""
    resolution: float
    diverged: tuple[tuple[int, int], tuple[int, int]]
    """(diverged, ended) of the runs that raise the difference, the arm's, and of those that lower it, the reference's;
    of an interaction each are two cells' (`Question.opposed`)"""
    lost: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
    """the share of each seed's ended runs that diverged, on the same two sides"""
    censored: tuple[int, int]
    """numbers on the same two sides that are bounds: the target not reached, the grid at an end"""
    reached: bool
    """whether any number is none of these"""
    waiting: int
    """runs that are still to come, also of values that may yet be chosen"""
    trials: tuple[Trial, ...]
    places: int
    """combinations of the factors averaged over that are used"""

    @property
    def bounds(self) -> frozenset[int]:
        """where the true difference may lie of the one that was found: -1 below, 1 above"""
        return frozenset().union(*(pair.bounds for pair in self.pairs))


def numbers(question: Question, ledger: Ledger) -> Numbers:
    """What the runs say to `question`."""
    groups, left_out = _usable(question, ledger)
    sides = list(itertools.chain(*groups))
    trials = tuple({id(trial): trial for side in sides for trial in row(ledger, side).values()}.values())
    pairs, more, unused = _pairs(question, groups, ledger)
    readings = _readings(question.metric, sides, ledger)
    rates = question.metric.text == "diverged"  # otherwise places that are left out for their divergences count, too
    ended = sides if rates else list(itertools.chain(*question.groups))
    return Numbers(
        pairs,
        (*left_out, *more),
        question.missing or _refused(question, ledger, trials, unused),
        _resolution(question, groups, readings, ledger),
        (_count(ended, ledger, 1), _count(ended, ledger, -1)),
        (_lost(ended, ledger, 1), _lost(ended, ledger, -1)),
        (_censored(question, sides, pairs, ledger, 1), _censored(question, sides, pairs, ledger, -1)),
        not all(reading.censored for reading in readings),
        _waiting(question, trials, ledger),
        trials,
        len(groups),
    )


def _waiting(question: Question, trials: Sequence[Trial], ledger: Ledger) -> int:
    among = [trial for cell in question.candidates for trial in ledger.trials[cell].values()]
    return sum(t.status in ("running", "waiting") for t in {id(t): t for t in (*trials, *among)}.values())


def _usable(question: Question, ledger: Ledger) -> tuple[list[tuple[Side, ...]], list[str]]:
    """The combinations in which every side has a number, and what is left out where others have."""
    found, left_out = [], []
    for sides in question.groups:
        empty = [side for side in sides if not _readings(question.metric, [side], ledger)]
        if not empty:
            found.append(sides)
        else:
            cell = next(iter(empty[0].cells))
            left_out.append(f"{_at(ledger, cell)} has no {question.metric.words}: {_ends_of(ledger, empty[0])}")
    return (found, left_out) if found else (list(question.groups), [])


def _at(ledger: Ledger, cell: Cell) -> str:
    return " ".join(f"{key}={value}" for key, value in zip(ledger.factors, cell, strict=True)) or "the only arm"


def _ends_of(ledger: Ledger, side: Side) -> str:
    ends = [trial.status for trial in row(ledger, side).values()]
    return ", ".join(f"{ends.count(end)} of {len(ends)} {end}" for end in dict.fromkeys(ends))


def _readings(metric: Metric, sides: Iterable[Side], ledger: Ledger) -> list[Reading]:
    found = []
    for side in sides:
        for seed in dict.fromkeys(seed for cell in side.cells for seed in ledger.trials.get(cell, {})):
            reading, _ = _reading(metric, side, seed, ledger)
            found += [reading] if reading else []
    return found


def _reading(metric: Metric, side: Side, seed: str, ledger: Ledger) -> tuple[Reading | None, str]:
    """One side's number at a seed, or why it has none."""
    if metric.collapses:
        return _largest(metric, side, seed, ledger)
    trial = ledger.trials[side.cells[0]].get(seed)
    if trial is None:
        return None, f"{_at(ledger, side.cells[0])} was not run with it"
    reading = metric.read(trial)
    if reading is None:
        return None, _why(trial, metric)
    if metric.log and reading.value <= 0:
        return None, f"{trial.name} has {reading.value:g}, of which there is no ratio"
    return reading, ""


def _why(trial: Trial, metric: Metric) -> str:
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


def _largest(metric: Metric, side: Side, seed: str, ledger: Ledger) -> tuple[Reading | None, str]:
    """The largest value of the collapsed factor whose run reached the threshold; a run that diverged did not."""
    assert metric.threshold
    assert metric.collapses
    of, at_least, bar = metric.threshold
    place = list(ledger.factors).index(metric.collapses)
    steps = sorted((float(cell[place]), cell) for cell in side.cells if _positive(cell[place]))
    if not steps:
        return None, f"{metric.collapses} has no values that are positive numbers"
    reached: list[float] = []
    for value, cell in steps:
        trial = ledger.trials[cell].get(seed)
        if trial is None or trial.status not in ("ok", "diverged"):
            return None, _why(trial, metric) if trial else f"{_at(ledger, cell)} was not run with it"
        reading = of.read(trial)
        if reading is None and trial.status == "ok":
            return None, _why(trial, of)
        if reading and (reading.value >= bar if at_least else reading.value <= bar and not reading.censored):
            reached.append(value)
    if not reached:  # below the grid: counted as one step under its lowest
        return Reading(steps[0][0] / math.exp(_grid(metric, ledger)), censored=-1), ""
    return Reading(reached[-1], censored=int(reached[-1] == steps[-1][0])), ""


def _grid(metric: Metric, ledger: Ledger) -> float:
    """The median step of a grid of values, as a logarithm."""
    values = sorted(float(value) for value in ledger.factors.get(metric.collapses or "", ()) if _positive(value))
    return st.median(math.log(b / a) for a, b in itertools.pairwise(values)) if len(values) > 1 else math.log(2)


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _pairs(
    question: Question, groups: Sequence[tuple[Side, ...]], ledger: Ledger
) -> tuple[tuple[Pair, ...], list[str], list[str]]:
    """A pair a seed that all sides have; the seeds left out and why; the reasons alone."""
    sides = list(itertools.chain(*groups))
    seeds = dict.fromkeys(seed for side in sides for cell in side.cells for seed in ledger.trials[cell])
    budget = _budget(question.metric, sides, ledger)
    found, left_out, reasons = [], [], []
    for seed in sorted(seeds, key=lambda text: (len(text), text)):
        read = {id(side): _reading(question.metric, side, seed, ledger) for side in sides}
        if lacking := list(dict.fromkeys(why for reading, why in read.values() if reading is None)):
            left_out.append(f"seed {seed}: {'; '.join(lacking)}")
            reasons += lacking
        else:
            readings = {key: reading for key, (reading, _) in read.items() if reading}
            found.append(_pair(question, groups, seed, readings, budget))
    return tuple(found), left_out, reasons


def _budget(metric: Metric, sides: Sequence[Side], ledger: Ledger) -> float:
    """Up to where all runs were observed: the restriction time of a right-censored mean."""
    if metric.clock is None:
        return math.inf
    return min((one.value for one in _readings(metric, sides, ledger) if one.censored), default=math.inf)


def _pair(
    question: Question,
    groups: Sequence[tuple[Side, ...]],
    seed: str,
    readings: Mapping[int, Reading],
    budget: float,
) -> Pair:
    metric = question.metric

    def number(side: Side) -> float:
        value = min(readings[id(side)].value, budget)
        return math.log(value) if metric.log else value

    half = len(groups[0]) // 2 or 1
    arm = st.fmean(math.fsum(number(s) * s.weight for s in sides[:half]) for sides in groups)
    other = st.fmean(-math.fsum(number(s) * s.weight for s in sides[half:]) for sides in groups)
    if question.reference is None:
        other = question.claim.value or 0.0
        other = math.log(other) if metric.log and other > 0 else other
    shown = math.exp if metric.log else float
    bounds = frozenset(
        way if side.weight > 0 else -way
        for side in itertools.chain(*groups)
        if (way := _bound(readings[id(side)], budget))
    )
    return Pair(seed, shown(arm), shown(other), arm - other, bounds)


def _bound(reading: Reading, budget: float) -> int:
    """Which way a number lies of the one that counts for it, if not there: also where another's budget cut it."""
    return 1 if reading.value > budget else reading.censored


def _refused(question: Question, ledger: Ledger, trials: Sequence[Trial], reasons: Sequence[str]) -> str | None:
    twins = ledger.twins()
    same = [
        {twins.get(cell, cell) for side in sides for cell in side.cells} for sides in question.groups if len(sides) > 1
    ]
    if same and all(len(cells) == 1 for cells in same):
        return f"{question.arm} and {question.reference} are one experiment, run once: there is nothing to compare"
    begun = [t for t in trials if t.status not in ("waiting", "damaged")]
    blind = [f"{t.name}/config.yaml" for t in begun if not t.config]
    if blind and len(blind) < len(begun):
        return f"whether the terms were equal cannot be told without {few(blind)}"
    if found := unequal(begun):
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        return f"unequal terms: {'; '.join(found[:3])}{more}"
    return None


def _resolution(
    question: Question, groups: Sequence[tuple[Side, ...]], readings: Sequence[Reading], ledger: Ledger
) -> float:
    """The step of one number of a pair, which is coarser or finer than a run's as several are added or averaged."""
    metric = question.metric
    step = metric.resolution
    if metric.collapses:
        step = _grid(metric, ledger)
    elif step is None:
        step = _images(metric, ledger) or _gap(readings)
    weights = math.fsum((side.weight / len(groups)) ** 2 for sides in groups for side in sides) if groups else 2
    return step * math.sqrt(weights / 2)


def _images(metric: Metric, ledger: Ledger) -> float | None:
    if metric.text != "test/acc":
        return None
    counts = [t.result["test/images"] for t in ledger.all() if isinstance(t.result.get("test/images"), int)]
    return 1 / min(counts) if counts and min(counts) > 0 else None


def _gap(readings: Sequence[Reading]) -> float:
    values = sorted({reading.value for reading in readings})
    return min((b - a for a, b in itertools.pairwise(values) if b - a > 1e-9), default=0.0)


def _count(sides: Sequence[Side], ledger: Ledger, sign: int) -> tuple[int, int]:
    ends = _ended(sides, ledger, sign)
    return sum(diverged for _, diverged in ends), len(ends)


def _lost(sides: Sequence[Side], ledger: Ledger, sign: int) -> tuple[Fraction, ...]:
    found: dict[str, list[bool]] = {}
    for seed, diverged in _ended(sides, ledger, sign):
        found.setdefault(seed, []).append(diverged)
    return tuple(Fraction(sum(some), len(some)) for some in found.values())


def _ended(sides: Sequence[Side], ledger: Ledger, sign: int) -> list[tuple[str, bool]]:
    """(seed, whether it diverged) of the runs that ended."""
    trials = (t for side in sides if side.weight * sign > 0 for t in row(ledger, side).values())
    return [(t.seed, t.status == "diverged") for t in trials if t.status in ("ok", "diverged")]


def _censored(question: Question, sides: Sequence[Side], pairs: Sequence[Pair], ledger: Ledger, sign: int) -> int:
    some = [side for side in sides if side.weight * sign > 0]
    read = (_reading(question.metric, side, pair.seed, ledger)[0] for side in some for pair in pairs)
    return sum(reading.censored != 0 for reading in read if reading)
