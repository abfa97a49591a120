"""A comparison: sweeps read, claims judged, and the record of it."""

from __future__ import annotations

import statistics as st
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cnnlab.comparison import wording
from cnnlab.comparison.check import read_study
from cnnlab.comparison.claims import JudgedStudy
from cnnlab.comparison.judge import judge_in_looks
from cnnlab.comparison.ledger import Cell, Ledger, read_ledger
from cnnlab.comparison.looks import ONLY, Looks, looks_of
from cnnlab.comparison.metrics import Quantity, parse
from cnnlab.comparison.questions import questions_of
from cnnlab.comparison.statistics import paired
from cnnlab.comparison.terms import remarks
from cnnlab.comparison.trial import Trial
from cnnlab.comparison.verdicts import ANSWERS, SIGNS, Verdict
from cnnlab.tracking.reader import is_number

STATES = ("ok", "failed", "diverged", "interrupted", "damaged", "running", "waiting")


@dataclass(frozen=True)
class Arm:
    """One combination of the factors' values and its runs."""

    cell: Cell
    label: str
    also: tuple[str, ...]
    """other spellings of the same experiment"""
    trials: tuple[Trial, ...]
    metric: Quantity

    @property
    def counts(self) -> dict[str, int]:
        """runs by how they ended, or that they did not"""
        statuses = [trial.status for trial in self.trials]
        return {state: statuses.count(state) for state in STATES}

    @property
    def done(self) -> int:
        return len(self.trials) - self.counts["running"] - self.counts["waiting"]

    def read(self, metric: Quantity) -> dict[str, float]:
        """seed -> number, of the runs that have one"""
        read = ((trial.seed, metric.read(trial)) for trial in self.trials)
        return {seed: reading.value for seed, reading in read if reading}

    def beyond(self, metric: Quantity) -> int:
        """runs that did not get there within the budget, with which they count: the mean is at least what it is"""
        return sum(reading.censored != 0 for trial in self.trials if (reading := metric.read(trial)))

    def interval(self, metric: Quantity) -> tuple[float, float] | None:
        """Student's 95 % interval of the mean; None for fewer than two numbers, and where some are `beyond`.

        Of a share it ends where shares do.
        """
        values = list(self.read(metric).values())
        if len(values) < 2 or self.beyond(metric):
            return None
        estimate = paired(values, 0.0 if metric.exact else metric.resolution or self._step(metric))
        return (max(estimate.low, 0.0), min(estimate.high, 1.0)) if metric.share else (estimate.low, estimate.high)

    def _step(self, metric: Quantity) -> float:
        """What one image more or less makes, of an accuracy over all test images."""
        counts = [trial.result.get("test/images") for trial in self.trials]
        known = [count for count in counts if is_number(count) and count > 0]
        return 1 / min(known) if known and metric.text == "test/acc" else 0.0

    @property
    def mean(self) -> float | None:
        """of the main metric"""
        values = list(self.read(self.metric).values())
        return st.fmean(values) if values else None


@dataclass(frozen=True)
class Comparison:
    """All that can be said about one or several sweeps."""

    ledger: Ledger
    study: JudgedStudy
    judged: tuple[Verdict, ...]
    arms: tuple[Arm, ...]
    metrics: tuple[Quantity, ...]
    """those to show; the first is the main one"""
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    looks: Looks = ONLY.looks

    @property
    def looking(self) -> str | None:
        """How often was looked, and what that costs; None where it was once."""
        return looking(self.looks, self.study.alpha) if len(self.looks.seeds) > 1 else None

    @property
    def folder(self) -> Path:
        return self.ledger.folder

    @property
    def page(self) -> Path:
        return self.folder / "report.html"

    @property
    def majority(self) -> str | None:
        """What naming the commonest class alone gives, as a sentence; None where no run has recorded it."""
        shares = [share for trial in self.ledger.all() if is_number(share := trial.result.get("data/majority"))]
        if not shares:
            return None
        span = dict.fromkeys(f"{100 * share:.2f} %" for share in (min(shares), max(shares)))
        return f"Naming the commonest class of the test images alone gives an accuracy of {' to '.join(span)}."

    @property
    def total(self) -> int:
        return len(self.ledger.all())

    @property
    def waiting(self) -> int:
        return sum(trial.status in ("running", "waiting") for trial in self.ledger.all())

    @property
    def headline(self) -> str:
        return headline(self.judged, self.waiting, self.total)

    def is_open(self, labels: Mapping[str, str]) -> bool:
        """Whether a claim about these levels' runs could still be settled by more seeds."""
        return tuple(labels.get(key, "") for key in self.ledger.factors) in self._open_cells

    @cached_property
    def _open_cells(self) -> frozenset[Cell]:
        claims = [one for one in self.of("controls", "claims") if not (one.is_settled or one.numbers.refused)]
        sides = [side for verdict in claims for group in verdict.question.groups for side in group]
        chosen_among = [cell for verdict in claims for cell in verdict.question.candidates]
        return frozenset([*chosen_among, *(cell for side in sides for cell in side.cells)])

    def of(self, *families: str) -> list[Verdict]:
        return [verdict for verdict in self.judged if verdict.question.family in families]


def looking(looks: Looks, alpha: float) -> str:
    """The looks at a sweep's seeds with their levels."""
    *first, last = (str(seeds) for seeds in looks.seeds)
    levels = ", ".join(f"{looks.level(alpha, look):.2g}" for look in range(len(looks.seeds)))
    after = f"after {', '.join(first)} and {last} seeds"
    kept = (
        f"for one claim p is held against {levels}, so that all looks together are wrong as often as one of {alpha:g}"
    )
    if looks.declared:
        return f"It was declared to look {after}: {kept}."
    rest = "Verdicts that an earlier look gave without this are wrong more often than that"
    return f"It was looked {after}, which was not declared: {kept}. {rest}."


def headline(judged: Sequence[Verdict], waiting: int, total: int) -> str:
    """The whole comparison in a sentence."""
    claims = [verdict for verdict in judged if verdict.question.family == "claims"] or [
        verdict for verdict in judged if verdict.question.family == "controls"
    ]
    so_far = f"So far ({total - waiting} of {total} runs): " if waiting else ""
    if not claims:
        return f"{so_far}Nothing is compared here: all runs are of one arm."
    if len(claims) == 1:
        return f"{so_far}{claims[0].sentence}"
    words = sorted((verdict.word for verdict in claims), key=list((*SIGNS, ANSWERS[None])).index)
    tally = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    first = min(claims, key=lambda verdict: (verdict.answer != "supported", verdict.answer is None, verdict.rank))
    rest = f" {first.sentence}" if first.answer in ("supported", "refuted") else ""
    compared = "comparisons" if claims[0].question.plain else "claims"
    return f"{so_far}Of {len(claims)} {compared}: {tally}.{rest}"


def compare(folders: Sequence[Path | str], accept: Collection[str] = ()) -> Comparison:
    """The sweeps in `folders`, read and judged; nothing is written. What cannot be read is named in `problems`.

    `accept`: what may differ between runs although nobody asked for it, such as "code".
    """
    ledger = read_ledger(folders, accept)
    study, faults = read_study(dict(ledger.study), ledger.factors, known=ledger.known, logs=ledger.logs)
    looks = looks_of(ledger.sweeps, len(ledger.seeds))
    judged = judge_in_looks(lambda seen: questions_of(study, seen), ledger, study.alpha, looks)
    metrics = _metrics(study, judged, ledger)
    problems = (*ledger.problems, *map(str, faults))
    return Comparison(
        ledger, study, tuple(judged), _arms(ledger, metrics[0]), metrics, problems, tuple(remarks(ledger.all())), looks
    )


def _metrics(study: JudgedStudy, judged: Sequence[Verdict], ledger: Ledger) -> tuple[Quantity, ...]:
    texts = [verdict.question.metric.text for verdict in judged if verdict.question.family in ("claims", "controls")]
    texts = [text for text in texts if text != "diverged"]
    metrics: dict[str, Quantity] = {}
    for text in (*texts, *study.show, *([] if texts else ["test/acc"])):
        try:
            metrics.setdefault(text, parse(text, target=study.target, known=ledger.known))
        except ValueError:
            continue
    return tuple(metrics.values())


def _arms(ledger: Ledger, metric: Quantity) -> tuple[Arm, ...]:
    twins = ledger.twins()
    also: dict[Cell, list[str]] = {}
    for cell, first in twins.items():
        also.setdefault(first, []).append(cell_label(ledger.factors, cell))
    return tuple(
        Arm(cell, cell_label(ledger.factors, cell), tuple(also.get(cell, ())), tuple(row.values()), metric)
        for cell, row in ledger.trials.items()
        if cell not in twins
    )


def cell_label(factors: Mapping[str, Any], cell: Cell) -> str:
    """
    >>> cell_label({"model": (), "model.norm": ()}, ("lenet", "batch"))
    'lenet norm=batch'
    """
    return " ".join(wording.setting(key, value) for key, value in zip(factors, cell, strict=True)) or "all runs"


def record(comparison: Comparison) -> dict[str, Any]:
    """comparison.json: plain data, without paths or the times of day."""
    ledger = comparison.ledger
    return {
        "version": 1,
        "headline": comparison.headline,
        "question": comparison.study.question,
        "study": comparison.study.name,
        "finished": not comparison.waiting,
        "runs": {state: sum(t.status == state for t in ledger.all()) for state in STATES},
        "factors": {key: list(values) for key, values in ledger.factors.items()},
        "fixed": list(ledger.fixed),
        "alpha": comparison.study.alpha,
        "looks": {"seeds": list(comparison.looks.seeds), "declared": comparison.looks.declared},
        "contrasts": [_contrast(verdict) for verdict in comparison.judged],
        "arms": [_arm(arm, comparison.metrics) for arm in comparison.arms],
        "failures": [
            {"run": trial.name, "status": trial.status, "error": trial.error}
            for trial in ledger.all()
            if trial.status in ("failed", "diverged", "interrupted", "damaged")
        ],
        "holds_for": HOLDS_FOR,
        "problems": list(comparison.problems),
        "remarks": list(comparison.remarks),
        **({"accepted": sorted(ledger.accepted)} if ledger.accepted else {}),
    }


HOLDS_FOR = (
    "Error rates and intervals hold for arms whose runs spread roughly alike (docs/calibration.md). They do not where "
    "one arm hardly varies and the other has a long tail on one side (up to 16 % of verdicts wrong where 5 % is "
    "promised), nor where one run in five drops by several points (29 %, and 36 % of intervals miss); and of a "
    "collapse of one run in ten five seeds show nothing in 59 % of sweeps."
)
"""for which arms the promised rates do not hold, with what was measured instead"""

NO_STATISTICS = {
    "mean": None, "sd": None, "interval": None, "interval_level": None, "interval_kind": None,
    "p": None, "p_adjusted": None, "p_supported": None, "p_refuted": None,
    "verdict": None, "reason": None, "too_small_to_matter": False, "provisional": False, "read_together": 1,
    "smallest_detectable": None, "smallest_detectable_between": None, "smallest_equality": None, "more_seeds": None,
    "more_seeds_between": None, "pairing": None,
}  # fmt: skip
"""what a contrast has where its type of verdict says nothing else"""


def _contrast(verdict: Verdict) -> dict[str, Any]:
    question, metric = verdict.question, verdict.question.metric
    factor = question.claim.factor
    return {
        "factor": None if factor is None else factor[0] if len(factor) == 1 else list(factor),
        "arm": question.arm,
        "reference": question.reference if question.claim.value is None else question.claim.value,
        "metric": metric.text,
        "claim": verdict.claim,
        "expect": question.claim.expect,
        "margin": question.margin,
        "family": question.family,
        "where": dict(question.held),
        "tuned": {arm: dict(values) for arm, values in question.chosen.items()},
        "scale": "ratio" if metric.log else "difference",
        "n": len(verdict.numbers.pairs),
        **NO_STATISTICS,
        **verdict.statistics,
        "provisional": verdict.provisional,
        "look": verdict.look,
        "word": verdict.word,
        "not_learned": list(verdict.numbers.not_learned),
        "other_settings": [asdict(other) for other in verdict.numbers.others],
        "diverged": [list(some) for some in verdict.numbers.diverged],
        "censored": list(verdict.numbers.censored),
        "pairs": [
            {"seed": p.seed, "arm": p.arm, "reference": p.reference, "difference": verdict.recorded(p.difference),
             "censored": p.censored}
            for p in verdict.numbers.pairs
        ],
        "left_out": list(verdict.numbers.left_out),
        "sentence": verdict.sentence,
    }  # fmt: skip


def _arm(arm: Arm, metrics: Sequence[Quantity]) -> dict[str, Any]:
    return {
        "label": arm.label,
        "also": list(arm.also),
        "runs": {state: count for state, count in arm.counts.items() if count},
        "metrics": {metric.text: _summary(arm, metric) for metric in metrics},
    }


def _summary(arm: Arm, metric: Quantity) -> dict[str, Any]:
    values = list(arm.read(metric).values())
    return {
        "n": len(values),
        "mean": st.fmean(values) if values else None,
        "sd": st.stdev(values) if len(values) > 1 else None,
        "interval": list(bounds) if (bounds := arm.interval(metric)) else None,
        "censored": arm.beyond(metric),
        "values": values,
    }
