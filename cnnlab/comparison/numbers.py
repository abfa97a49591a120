"""From a question to one difference a seed, and the pairs that are not to be used.

Runs are paired by seed: what a seed brings to all arms (split, order, first weights) cancels in their difference.
"""

from __future__ import annotations

import itertools
import math
import statistics as st
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from cnnlab.comparison.ledger import Ledger
from cnnlab.comparison.metrics import Quantity, Reading
from cnnlab.comparison.pairing import DifferingSetting, Pairing, other_settings, pairing
from cnnlab.comparison.question import Question, WeightedCells, trials_of
from cnnlab.comparison.readings import Readings, arm_at, grid_step, read, seeds_of
from cnnlab.comparison.statistics import Estimate, paired
from cnnlab.comparison.terms import unequal
from cnnlab.comparison.trial import Trial
from cnnlab.untrusted.words import few


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
    against_arm: bool
    """whether the other side is an arm, and no number"""
    log: bool
    """whether ratios are judged"""
    places: int
    """combinations of the factors averaged over that are used"""
    others: tuple[DifferingSetting, ...] = ()
    """settings in which the arms differ beyond the factor"""

    @cached_property
    def pairing(self) -> Pairing | None:
        """what the two sides' numbers have in common; None where one is no arm's"""
        sides = [[pair.arm for pair in self.pairs], [pair.reference or 0.0 for pair in self.pairs]]
        if not self.against_arm:
            return None
        if self.log:
            sides = [list(map(math.log, side)) for side in sides]
        return pairing(*sides)

    @property
    def not_learned(self) -> tuple[str, ...]:
        """runs that ended but have learned nothing, as their own records say"""
        return tuple(trial.name for trial in self.trials if trial.has_not_learned)

    @cached_property
    def estimate(self) -> Estimate | None:
        """the mean difference with Student's interval; None for fewer than two pairs"""
        return paired([pair.difference for pair in self.pairs], self.resolution) if len(self.pairs) > 1 else None

    @property
    def bounds(self) -> frozenset[int]:
        """where the true difference may lie of the one that was found: -1 below, 1 above"""
        return frozenset().union(*(pair.bounds for pair in self.pairs))


Group = tuple[WeightedCells, ...]
"""the sides compared at one place"""


def read_numbers(question: Question, ledger: Ledger) -> Numbers:
    """What the runs say to `question`."""
    readings = read(question, ledger)
    groups, places_left_out = _usable(question, readings, ledger)
    sides = list(itertools.chain(*groups))
    seen = [reading for side in sides for reading in readings.of(side).values()]
    trials = tuple({id(trial): trial for side in sides for trial in trials_of(side, ledger).values()}.values())
    pairs, seeds_left_out = _pairs(question, groups, readings, ledger)
    # otherwise places that are left out for their divergences count, too
    ended = sides if question.measure == "rates" else list(itertools.chain(*question.groups))
    above, below = ([side for side in ended if side.weight * sign > 0] for sign in (1, -1))
    return Numbers(
        pairs,
        left_out=(*places_left_out, *seeds_left_out),
        refused=question.missing or _refused(question, ledger, trials),
        resolution=_resolution(question, groups, seen, ledger),
        diverged=(_count(above, ledger), _count(below, ledger)),
        lost=(_lost(above, ledger), _lost(below, ledger)),
        censored=(_censored(sides, 1, pairs, readings), _censored(sides, -1, pairs, readings)),
        reached=not all(reading.censored for reading in seen),
        waiting=_waiting(question, trials, ledger),
        trials=trials,
        against_arm=question.reference is not None,
        log=question.metric.log,
        places=len(groups),
        others=_other_settings(question, groups, ledger),
    )


def _other_settings(question: Question, groups: Sequence[Group], ledger: Ledger) -> tuple[DifferingSetting, ...]:
    """Of two arms that one factor tells apart, at the first place where both were run."""
    factor, pair = question.claim.factor or (), groups[0] if groups else ()
    if len(factor) != 1 or len(pair) != 2:
        return ()
    arm, reference = (next((t for t in trials_of(side, ledger).values() if t.config), None) for side in pair)
    return other_settings(factor[0], arm, reference) if arm and reference else ()


def _waiting(question: Question, trials: Sequence[Trial], ledger: Ledger) -> int:
    among = [trial for cell in question.candidates for trial in ledger.trials[cell].values()]
    return sum(t.status in ("running", "waiting") for t in {id(t): t for t in (*trials, *among)}.values())


def _usable(question: Question, readings: Readings, ledger: Ledger) -> tuple[Sequence[Group], list[str]]:
    """The places at which every side has a number (all places if there is none), and what the others lack."""
    usable, left_out = [], []
    for sides in question.groups:
        empty = next((side for side in sides if not readings.of(side)), None)
        if empty is None:
            usable.append(sides)
        else:
            statuses = [trial.status for trial in trials_of(empty, ledger).values()]
            counts = (f"{statuses.count(status)} of {len(statuses)} {status}" for status in dict.fromkeys(statuses))
            lacks = f"{arm_at(ledger, empty.cells[0])} has no {question.metric.words}"
            left_out.append(f"{lacks}: {', '.join(counts)}")
    return (usable, left_out) if usable else (question.groups, [])


def _pairs(
    question: Question, groups: Sequence[Group], readings: Readings, ledger: Ledger
) -> tuple[tuple[Pair, ...], list[str]]:
    """A pair a seed that all sides have, and the seeds left out with what they lack."""
    sides = list(itertools.chain(*groups))
    seeds = dict.fromkeys(seed for side in sides for seed in seeds_of(side, ledger))
    budget = _budget(question.metric, sides, readings)
    pairs, left_out = [], []
    for seed in sorted(seeds, key=lambda text: (len(text), text)):
        at_seed = readings.at(seed, sides)
        if lacking := dict.fromkeys(why for why in at_seed.values() if isinstance(why, str)):
            left_out.append(f"seed {seed}: {'; '.join(lacking)}")
        else:
            complete = {side: reading for side, reading in at_seed.items() if isinstance(reading, Reading)}
            pairs.append(_pair(question, groups, seed, complete, budget))
    return tuple(pairs), left_out


def _budget(metric: Quantity, sides: Iterable[WeightedCells], readings: Readings) -> float:
    """Up to where all runs were observed: the restriction time of a right-censored mean."""
    if metric.clock is None:
        return math.inf
    cut = (reading.value for side in sides for reading in readings.of(side).values() if reading.censored)
    return min(cut, default=math.inf)


def _pair(
    question: Question,
    groups: Sequence[Group],
    seed: str,
    readings: Mapping[WeightedCells, Reading],
    budget: float,
) -> Pair:
    metric = question.metric

    def number(side: WeightedCells) -> float:
        value = min(readings[side].value, budget)
        return math.log(value) if metric.log else value

    half = len(groups[0]) // 2 or 1
    arm = st.fmean(math.fsum(number(s) * s.weight for s in sides[:half]) for sides in groups)
    other = st.fmean(-math.fsum(number(s) * s.weight for s in sides[half:]) for sides in groups)
    if question.reference is None:
        other = question.claim.value or 0.0
        other = math.log(other) if metric.log and other > 0 else other
    shown = math.exp if metric.log else float
    bounds = frozenset(
        way if side.weight > 0 else -way for side in itertools.chain(*groups) if (way := _bound(readings[side], budget))
    )
    return Pair(seed, shown(arm), shown(other), arm - other, bounds)


def _bound(reading: Reading, budget: float) -> int:
    """Which way a number lies of the one that counts for it, if not there: also where another's budget cut it."""
    return 1 if reading.value > budget else reading.censored


def _refused(question: Question, ledger: Ledger, trials: Sequence[Trial]) -> str | None:
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
    if differences := unequal(begun, ledger.accepted):
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
        return f"unequal terms: {'; '.join(differences[:3])}{more}"
    return None


def _resolution(question: Question, groups: Sequence[Group], readings: Sequence[Reading], ledger: Ledger) -> float:
    """The step of one number of a pair, which is coarser or finer than a run's as several are added or averaged."""
    metric = question.metric
    step = metric.resolution
    if metric.collapses:
        step = grid_step(metric, ledger)
    elif step is None:
        step = _images(metric, ledger) or _gap(readings)
    weights = math.fsum((side.weight / len(groups)) ** 2 for sides in groups for side in sides) if groups else 2
    return step * math.sqrt(weights / 2)


def _images(metric: Quantity, ledger: Ledger) -> float | None:
    if metric.text != "test/acc":
        return None
    counts = [t.result["test/images"] for t in ledger.all() if isinstance(t.result.get("test/images"), int)]
    return 1 / min(counts) if counts and min(counts) > 0 else None


def _gap(readings: Sequence[Reading]) -> float:
    values = sorted({reading.value for reading in readings})
    return min((b - a for a, b in itertools.pairwise(values) if b - a > 1e-9), default=0.0)


def _count(sides: Iterable[WeightedCells], ledger: Ledger) -> tuple[int, int]:
    """(diverged, ended) of these sides' runs."""
    ended = _ended(sides, ledger)
    return sum(diverged for _, diverged in ended), len(ended)


def _lost(sides: Iterable[WeightedCells], ledger: Ledger) -> tuple[Fraction, ...]:
    by_seed: dict[str, list[bool]] = {}
    for seed, diverged in _ended(sides, ledger):
        by_seed.setdefault(seed, []).append(diverged)
    return tuple(Fraction(sum(some), len(some)) for some in by_seed.values())


def _ended(sides: Iterable[WeightedCells], ledger: Ledger) -> list[tuple[str, bool]]:
    """(seed, whether it diverged) of the runs that ended."""
    trials = (trial for side in sides for trial in trials_of(side, ledger).values())
    return [(t.seed, t.status == "diverged") for t in trials if t.status in ("ok", "diverged")]


def _censored(sides: Iterable[WeightedCells], sign: int, pairs: Sequence[Pair], readings: Readings) -> int:
    some = [side for side in sides if side.weight * sign > 0]
    return sum(readings.of(side)[pair.seed].censored != 0 for side in some for pair in pairs)
