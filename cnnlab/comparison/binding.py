"""From a claim to the cells that stand on its sides.

Each swept key has one role in a claim, the first of these that fits:

    held        `where` holds it at one value
    factor      the claim's own: the arm's value on one side, the reference's on the other
    collapsed   one number is found over all its values, as by `largest optimizer.lr with …`
    tuned       the study tunes it: each side takes its own best value by validation. Not for counts, which no value
                makes better, nor for divergences, which happen at the others
    free        any other: averaged over

A *place* is a combination of values of the free keys, a *corner* one of the factor's (arm and reference; of an
interaction all four). At each place each corner is one side; a place counts if all its sides were run there.
"""

from __future__ import annotations

import itertools
import statistics as st
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnnlab.comparison.claims import Claim, JudgedStudy, margin_of, spelt
from cnnlab.comparison.ledger import Cell, Ledger
from cnnlab.comparison.metrics import Quantity
from cnnlab.comparison.question import Family, Question, WeightedCells
from cnnlab.comparison.trial import Trial


@dataclass(frozen=True)
class _Roles:
    held: Mapping[str, str]
    factor: tuple[str, ...]
    arms: tuple[str, ...]
    references: tuple[str, ...]
    collapsed: str | None
    tuned: tuple[str, ...]
    free: tuple[str, ...]


@dataclass(frozen=True)
class _SidesAtPlace:
    sides: tuple[WeightedCells, ...]
    chosen: Mapping[str, Mapping[str, str]]
    candidates: tuple[Cell, ...]
    missing: str | None
    """why nothing could be chosen for a side whose runs have ended"""

    @property
    def complete(self) -> bool:
        return all(side.cells for side in self.sides)


def bind(claim: Claim, family: Family, study: JudgedStudy, ledger: Ledger) -> Question:
    """The claim with the runs that stand on its sides."""
    metric = claim.measure(study.target, ledger.known)
    roles = _roles(claim, metric, study, ledger)
    values = itertools.product(*(ledger.factors[key] for key in roles.free))
    every = [_place(roles, dict(zip(roles.free, some, strict=True)), ledger) for some in values]
    places = [place for place in every if place.complete]
    missing = next((place.missing for place in reversed(every) if place.missing), None)
    groups = tuple(place.sides for place in places)
    return Question(
        claim,
        metric,
        margin_of(claim, metric, study.margin),
        family,
        arm=_named(roles.factor, roles.arms, roles.held),
        reference=_named(roles.factor, roles.references, {}) if roles.references else None,
        held=roles.held,
        levels=(roles.arms, roles.references),
        chosen={arm: values for place in places for arm, values in place.chosen.items()},
        candidates=tuple(dict.fromkeys(cell for place in places for cell in place.candidates)),
        groups=groups,
        averaged=_averaged(metric, roles.free, groups, ledger) if len(groups) > 1 else (),
        missing=missing if groups else "no such runs were made side by side",
    )


def _roles(claim: Claim, metric: Quantity, study: JudgedStudy, ledger: Ledger) -> _Roles:
    keys, factor = ledger.factors, claim.factor or ()
    held = {key: spelt(value, keys[key]) or value for key, value in claim.where.items() if key in keys}
    taken = {*held, *factor, metric.collapses}
    tunable = not metric.exact and metric.text != "diverged"
    tuned = tuple(key for key in study.tuned if key in keys and key not in taken) if tunable else ()
    free = tuple(key for key in keys if key not in taken and key not in tuned)
    return _Roles(held, factor, *_levels(claim, ledger), metric.collapses, tuned, free)


def _place(roles: _Roles, place: Mapping[str, str], ledger: Ledger) -> _SidesAtPlace:
    """The sides at one combination of the free keys' values, each at its own best of what is tuned."""
    sides, candidates, chosen, missing = [], [], {}, None
    for weight, corner in _corners(roles):
        levels = {**roles.held, **place, **corner}
        options = _cells(ledger, levels, {*roles.tuned, roles.collapsed})
        if best := _best(ledger, levels, roles):
            chosen[_label({**corner, **place})] = best
        elif roles.tuned and options:  # nothing to choose by yet: the first, whose runs tell why
            best = {key: options[0][list(ledger.factors).index(key)] for key in roles.tuned}
            if any(trial.status == "ok" for cell in options for trial in ledger.trials[cell].values()):
                arm = _label(corner) or "all"
                missing = f"no run of {arm} has a validation accuracy to choose {roles.tuned[0]} by"
        sides.append(WeightedCells(weight, _cells(ledger, {**levels, **(best or {})}, {roles.collapsed})))
        candidates += options
    if roles.collapsed:
        sides = _on_one_grid(sides, list(ledger.factors).index(roles.collapsed))
    return _SidesAtPlace(tuple(sides), chosen, tuple(candidates), missing)


def _averaged(
    metric: Quantity, free: Sequence[str], groups: Sequence[tuple[WeightedCells, ...]], ledger: Ledger
) -> tuple[str, ...]:
    """The free factors that have a say in the average: of counts those that change the network."""
    if not metric.exact:
        return tuple(free)
    cells = {cell for sides in groups for side in sides for cell in side.cells}
    return tuple(key for key in free if _changes(metric, key, cells, ledger))


def _changes(metric: Quantity, key: str, cells: Iterable[Cell], ledger: Ledger) -> bool:
    """Whether the counts of arms differ that differ in `key` alone."""
    place = list(ledger.factors).index(key)
    counts: dict[Cell, set[float]] = {}
    for cell in cells:
        read = (metric.read(trial) for trial in ledger.trials[cell].values())
        counts.setdefault((*cell[:place], *cell[place + 1 :]), set()).update(
            reading.value for reading in read if reading
        )
    return any(len(some) > 1 for some in counts.values())


def _levels(claim: Claim, ledger: Ledger) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The factor's values of the arm and of the reference (the first-listed goes without saying), as the sweep spells
    them."""
    keys, factor = ledger.factors, claim.factor or ()
    first = tuple(keys.get(key, ("",))[0] for key in factor)
    reference = () if claim.value is not None else claim.reference or first
    arm, other = (
        tuple(spelt(level, keys.get(key, ())) or level for key, level in zip(factor, levels, strict=False))
        for levels in (claim.arm or (), reference)
    )
    return arm, other


def _corners(roles: _Roles) -> Iterator[tuple[float, dict[str, str]]]:
    """(weight, the factor's values) of the numbers that a contrast adds up."""
    if not roles.references:
        yield 1.0, dict(zip(roles.factor, roles.arms, strict=False))
        return
    for signs in itertools.product((1, 0), repeat=len(roles.factor)):
        levels = zip(roles.factor, roles.arms, roles.references, signs, strict=False)
        weight = float((-1) ** signs.count(0))
        yield weight, {key: (arm if sign else reference) for key, arm, reference, sign in levels}


def _on_one_grid(sides: Sequence[WeightedCells], place: int) -> list[WeightedCells]:
    """The sides at the values of a collapsed factor that all were run at: no grid's end is to be the difference."""
    shared = set[str].intersection(*({cell[place] for cell in side.cells} for side in sides))
    return [WeightedCells(side.weight, tuple(cell for cell in side.cells if cell[place] in shared)) for side in sides]


def _cells(ledger: Ledger, levels: Mapping[str, str], open_: Collection[str | None]) -> tuple[Cell, ...]:
    """The cells that were run at these levels, over all values of the factors that are `open_`."""
    values = (ledger.factors[key] if key in open_ else (levels.get(key),) for key in ledger.factors)
    return tuple(cell for cell in itertools.product(*values) if cell in ledger.trials)  # type: ignore[misc]


def _best(ledger: Ledger, levels: Mapping[str, str], roles: _Roles) -> dict[str, str] | None:
    """The values of what is tuned with the best mean validation accuracy, of a collapsed grid at its best value.

    A run that diverged counts as 0.
    """
    if not roles.tuned:
        return None
    scores = []
    for combination in itertools.product(*(ledger.factors[key] for key in roles.tuned)):
        values = dict(zip(roles.tuned, combination, strict=True))
        for cell in _cells(ledger, {**levels, **values}, {roles.collapsed}):
            reached = [
                accuracy for trial in ledger.trials[cell].values() if (accuracy := _validated(trial)) is not None
            ]
            if reached:
                scores.append((st.fmean(reached), values))
    return max(scores, key=lambda score: score[0], default=(0.0, None))[1]


def _validated(trial: Trial) -> float | None:
    if trial.status == "diverged":
        return 0.0
    accuracy = trial.result.get("best/val_acc") if trial.status == "ok" else None
    return None if accuracy is None else float(accuracy)


def _label(values: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def _named(factor: Sequence[str], values: Sequence[str], held: Mapping[str, str]) -> str:
    if factor:
        return ", ".join(values)
    return ", ".join(f"{key}={value}" for key, value in held.items()) or "all runs"
