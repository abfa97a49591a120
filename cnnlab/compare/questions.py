"""From claims to the runs they are about: which cells stand on which side.

A contrast is a weighted sum of cells, formed within each seed: arm minus reference, averaged over the factors that are
not held; for two factors a difference of differences.
"""

from __future__ import annotations

import itertools
import statistics as st
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cnnlab.compare.claims import Claim, Study, margin_of, spelt
from cnnlab.compare.ledger import Cell, Ledger
from cnnlab.compare.metrics import Metric
from cnnlab.compare.trial import Trial

Family = Literal["claims", "interactions", "divergence", "equal settings", "controls"]
"""verdicts that are read, and corrected, together"""


@dataclass(frozen=True)
class Side:
    """One of the things compared within a seed: a cell, or the cells over whose values one number is found."""

    weight: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Question:
    """A claim, bound to the runs of a sweep."""

    claim: Claim
    metric: Metric
    margin: float | None
    family: Family
    arm: str
    reference: str | None
    held: Mapping[str, str]
    ends: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """the factors' values of the arm, and of the reference"""
    chosen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """arm, with its place among the factors averaged over -> what was best for it there, where factors are tuned"""
    candidates: tuple[Cell, ...] = ()
    """the cells that the sides' were chosen among"""
    groups: tuple[tuple[Side, ...], ...] = ()
    """for each combination of the factors not held, the sides compared there"""
    averaged: tuple[str, ...] = ()
    """factors over whose values the difference is averaged"""
    missing: str | None = None
    """why there is nothing to compare"""

    @property
    def opposed(self) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
        """The factors' values where a number raises the difference, and where it lowers it; an interaction has two."""
        arm, reference = self.ends
        if len(arm) < 2:
            return (arm,), (reference,)
        return (arm, reference), ((arm[0], reference[1]), (reference[0], arm[1]))


def questions(study: Study, ledger: Ledger) -> list[Question]:
    """The study's claims, or where it has none: each arm of each factor differs from the first-listed."""
    claims: list[tuple[Claim, Family]] = [(claim, _family(claim)) for claim in study.claims]
    found: list[Question] = []
    for claim, family in claims or _plain(study, ledger):
        asked = bind(claim, family, study, ledger)
        found.append(asked)
        tuned = [key for key in study.tuned if key in ledger.factors and _is_free(claim, key)]
        if tuned := [key for key in tuned if key in asked.averaged or not asked.metric.exact]:
            found += _at_equal_settings(claim, tuned, study, ledger)
    if not study.claims:  # nobody asked for what an incomplete grid cannot say
        found = [one for one in found if one.groups or one.family != "interactions"]
    return found + _divergences(found, study, ledger)


def _family(claim: Claim) -> Family:
    return "controls" if claim.control else "claims"


def _plain(study: Study, ledger: Ledger) -> Iterator[tuple[Claim, Family]]:
    trained = any(trial.rows or "test/acc" in trial.result for trial in ledger.all())
    ended = any(trial.status == "ok" for trial in ledger.all())
    metric = "params" if ended and not trained else "test/acc"
    factors = {key: values for key, values in ledger.factors.items() if key not in study.tuned}
    for key, (first, *others) in factors.items():
        for arm in others:
            yield Claim(factor=(key,), arm=(arm,), reference=(first,), metric=metric), "claims"
    if metric == "params":
        return
    for one, two in itertools.combinations(factors, 2):
        for arm in itertools.product(factors[one][1:], factors[two][1:]):
            reference = (factors[one][0], factors[two][0])
            yield Claim(factor=(one, two), arm=arm, reference=reference, metric=metric), "interactions"


def _is_free(claim: Claim, key: str) -> bool:
    return key not in claim.where and key not in (claim.factor or ()) and claim.measure(0.0).collapses != key


def _at_equal_settings(claim: Claim, tuned: Sequence[str], study: Study, ledger: Ledger) -> Iterator[Question]:
    """The claim once more for each value of what is tuned, all arms at the same: for the record."""
    for values in itertools.product(*(ledger.factors[key] for key in tuned)):
        held = {**claim.where, **dict(zip(tuned, values, strict=True))}
        yield bind(claim.model_copy(update={"where": held}), "equal settings", study, ledger)


def _divergences(asked: Sequence[Question], study: Study, ledger: Ledger) -> list[Question]:
    """Whether runs that diverged are more than chance, for every comparison that has some."""
    found: dict[tuple[str, ...], Question] = {}
    for question in asked:
        if question.family not in ("claims", "equal settings") or question.reference is None:
            continue
        if question.metric.text in ("diverged",) or question.metric.exact or question.metric.collapses:
            continue
        trials = [t for side in itertools.chain(*question.groups) for t in row(ledger, side).values()]
        if any(trial.status == "diverged" for trial in trials):
            update = {"metric": "diverged", "expect": "different", "margin": None, "scale": "linear", "says": None}
            bound = bind(question.claim.model_copy(update=update), "divergence", study, ledger)
            ends = (*(bound.claim.factor or ()), bound.arm, bound.reference or "")
            found.setdefault((*ends, *itertools.chain(*bound.held.items())), bound)
    return list(found.values())


def row(ledger: Ledger, side: Side) -> dict[tuple[Cell, str], Trial]:
    return {(cell, seed): trial for cell in side.cells for seed, trial in ledger.trials.get(cell, {}).items()}


def bind(claim: Claim, family: Family, study: Study, ledger: Ledger) -> Question:
    """The claim with the runs that stand on its sides."""
    metric = claim.measure(study.target)
    margin = margin_of(claim, metric, study.margin)
    keys = ledger.factors
    held = {key: spelt(value, keys[key]) or value for key, value in claim.where.items() if key in keys}
    factor = claim.factor or ()
    arms, references = _ends(claim, ledger)
    chosen: dict[str, dict[str, str]] = {}
    candidates: dict[Cell, None] = {}
    missing = None
    tuned = [key for key in study.tuned if key in keys and key not in held and _is_free(claim, key)]
    tuned = [] if metric.exact or metric.text == "diverged" else tuned
    free = [key for key in keys if key not in (*held, *factor, *tuned, metric.collapses)]
    groups = []
    for values in itertools.product(*(keys[key] for key in free)):
        place = dict(zip(free, values, strict=True))
        sides, best, among = [], {}, []
        for weight, corner in _corners(factor, arms, references):
            at = {**held, **place, **corner}
            options = _cells(ledger, at, {*tuned, metric.collapses})
            if picked := _best(ledger, at, tuned, metric.collapses):
                best[_label({**corner, **place})] = picked
            elif tuned and options:  # nothing to choose by yet: the first, whose runs tell why
                picked = {key: options[0][list(keys).index(key)] for key in tuned}
                if any(trial.status == "ok" for cell in options for trial in ledger.trials[cell].values()):
                    missing = f"no run of {_label(corner) or 'all'} has a validation accuracy to choose {tuned[0]} by"
            sides.append(Side(weight, _cells(ledger, {**at, **(picked or {})}, {metric.collapses})))
            among += options
        sides = _on_one_grid(sides, list(keys).index(metric.collapses)) if metric.collapses else sides
        if all(side.cells for side in sides):
            groups.append(tuple(sides))
            chosen |= best
            candidates |= dict.fromkeys(among)
    missing = missing if groups else "no such runs were made side by side"
    return Question(
        claim, metric, margin, family, _named(factor, arms, held),
        _named(factor, references, {}) if references else None, held, (arms, references),
        chosen, tuple(candidates), tuple(groups),
        _averaged(metric, free, groups, ledger) if len(groups) > 1 else (), missing,
    )  # fmt: skip


def _averaged(
    metric: Metric, free: Sequence[str], groups: Sequence[tuple[Side, ...]], ledger: Ledger
) -> tuple[str, ...]:
    """The free factors that have a say in the average: of counts those that change the network."""
    if not metric.exact:
        return tuple(free)
    cells = {cell for sides in groups for side in sides for cell in side.cells}
    return tuple(key for key in free if _changes(metric, key, cells, ledger))


def _changes(metric: Metric, key: str, cells: Iterable[Cell], ledger: Ledger) -> bool:
    """Whether the counts of arms differ that differ in `key` alone."""
    place = list(ledger.factors).index(key)
    counts: dict[Cell, set[float]] = {}
    for cell in cells:
        read = (metric.read(trial) for trial in ledger.trials[cell].values())
        counts.setdefault((*cell[:place], *cell[place + 1 :]), set()).update(one.value for one in read if one)
    return any(len(some) > 1 for some in counts.values())


def _ends(claim: Claim, ledger: Ledger) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The arm's values and the reference's, as the sweep spells them."""
    factor = claim.factor or ()
    arms = tuple(spelt(v, ledger.factors.get(k, ())) or v for k, v in zip(factor, claim.arm or (), strict=False))
    if claim.value is not None:
        return arms, ()
    given = claim.reference or tuple(ledger.factors.get(key, ("",))[0] for key in factor)
    return arms, tuple(spelt(v, ledger.factors.get(k, ())) or v for k, v in zip(factor, given, strict=False))


def _corners(factor: Sequence[str], arms: Sequence[str], references: Sequence[str]):
    """(weight, values) of the cells that a contrast is made of."""
    if not references:
        yield 1.0, dict(zip(factor, arms, strict=False))
        return
    for signs in itertools.product((1, 0), repeat=len(factor)):
        values = {
            key: (arm if sign else reference)
            for key, arm, reference, sign in zip(factor, arms, references, signs, strict=False)
        }
        yield float((-1) ** signs.count(0)), values


def _on_one_grid(sides: Sequence[Side], place: int) -> list[Side]:
    """The sides at the values of a collapsed factor that all were run at: no grid's end is to be the difference."""
    shared = set[str].intersection(*({cell[place] for cell in side.cells} for side in sides))
    return [Side(side.weight, tuple(cell for cell in side.cells if cell[place] in shared)) for side in sides]


def _cells(ledger: Ledger, at: Mapping[str, str], open_: Collection[str | None]) -> tuple[Cell, ...]:
    """The cells that were run at `at`, over all values of the factors that are `open_`."""
    values = (ledger.factors[key] if key in open_ else (at.get(key),) for key in ledger.factors)
    return tuple(cell for cell in itertools.product(*values) if cell in ledger.trials)  # type: ignore[misc]


def _best(ledger: Ledger, at: Mapping[str, str], tuned: Sequence[str], collapsed: str | None) -> dict[str, str] | None:
    """The values of `tuned` with the best mean validation accuracy, of a collapsed grid at its best value.

    A run that diverged counts as 0.
    """
    scores = []
    for values in itertools.product(*(ledger.factors[key] for key in tuned)):
        picked = dict(zip(tuned, values, strict=True))
        for cell in _cells(ledger, {**at, **picked}, {collapsed}):
            reached = [
                0.0 if trial.status == "diverged" else float(trial.result["best/val_acc"])
                for trial in ledger.trials[cell].values()
                if trial.status == "diverged" or (trial.status == "ok" and trial.result.get("best/val_acc") is not None)
            ]
            if reached:
                scores.append((st.fmean(reached), picked))
    return max(scores, key=lambda one: one[0], default=(0.0, None))[1] if tuned else None


def _label(values: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def _named(factor: Sequence[str], values: Sequence[str], held: Mapping[str, str]) -> str:
    if factor:
        return ", ".join(values)
    return ", ".join(f"{key}={value}" for key, value in held.items()) or "all runs"
