"""What is said to a question: one of several types of verdict, each of which says itself.

    type                 about                                       expected
    NoVerdict            nothing that can be judged                  any
    Unreached            numbers that are bounds, all of them        any
    CountVerdict         counts, which have no spread                any
    RateVerdict          shares of runs that diverged                any
    DifferenceVerdict    paired differences (mean_verdicts)         different
    BoundVerdict         paired differences (mean_verdicts)         higher, lower
    EquivalenceVerdict   paired differences (mean_verdicts)         equal

A type has the fields that its kind of verdict needs and no others, and says itself: `claim` and `sentence` are the same
on the page, in the terminal and in the record; `facts` is what the page lists beside them, `statistics` its part of
comparison.json. Which question gets which type is decided in `judge`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cnnlab.comparison import wording
from cnnlab.comparison.claim_text import arms, cell, claim_text, effects, margin_text, where
from cnnlab.comparison.intervals import VerdictInterval, two_sided
from cnnlab.comparison.looks import ONLY, SeedLook
from cnnlab.comparison.numbers import Numbers
from cnnlab.comparison.question import Question
from cnnlab.comparison.statistics import Estimate

Answer = Literal["supported", "refuted", "inconclusive"]

ANSWERS: dict[Answer | None, str] = {
    "supported": "supported", "refuted": "refuted", "inconclusive": "inconclusive", None: "no verdict",
}  # fmt: skip
"""answer -> the word that is shown of what a study claims"""

TONES: dict[str, str] = {
    **{word: word for word in ("supported", "refuted", "inconclusive")}, "undecided": "inconclusive",
    "better": "supported", "worse": "refuted", "depends": "supported",
}  # fmt: skip
"""word -> how it is colored: by the answer that it is like; other words are neither good nor bad"""

SIGNS: dict[str, str] = {
    "supported": "✓", "refuted": "✗", "inconclusive": "?", "undecided": "?", "better": "▲", "worse": "▼",
    "more": "▲", "fewer": "▼", "different": "≠", "depends": "✓", "equal": "=", "independent": "=",
}  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """The p-values of the two hypotheses whose rejection is an answer, by themselves and corrected in their family."""

    p: float
    """two-sided, of no difference"""
    p_supported: float
    """of what must be rejected for *supported*"""
    p_refuted: float | None
    """of what must be rejected for *refuted*; None where nothing refutes"""
    alpha: float
    """the chance of a wrong verdict in the family"""
    corrected_supported: float = 1.0
    corrected_refuted: float = 1.0
    level_supported: float = 0.05
    """what `p_supported` was held against: alpha, or what its step in Holm's procedure leaves of it"""
    level_refuted: float = 0.05
    together: int = 1
    """verdicts in the family"""
    look: SeedLook = ONLY
    """the look at the seeds at which it was judged"""

    @property
    def over_all_looks(self) -> tuple[float, float]:
        """What is corrected: the p of *supported* and of *refuted*, each as if there had been one look."""
        return self.look.over_all(self.p_supported), self.look.over_all(
            1.0 if self.p_refuted is None else self.p_refuted
        )

    def corrected_to(self, supported: tuple[float, float], refuted: tuple[float, float], together: int) -> Evidence:
        """With each answer's (corrected p, level of its step)."""
        (p, level), (p_refuted, level_refuted) = supported, refuted
        return replace(
            self, corrected_supported=p, corrected_refuted=p_refuted, level_supported=self.look.level(level),
            level_refuted=self.look.level(level_refuted), together=together,
        )  # fmt: skip

    def level(self, answer: Answer) -> float:
        return self.level_refuted if answer == "refuted" else self.level_supported

    @property
    def supports(self) -> bool:
        return self.corrected_supported <= self.alpha

    @property
    def refutes(self) -> bool:
        return self.corrected_refuted <= self.alpha

    @property
    def answer(self) -> Answer:
        """Where both are rejected the difference is real and too small to matter, which refutes the claim."""
        return "refuted" if self.refutes else "supported" if self.supports else "inconclusive"

    @property
    def corrected(self) -> float | None:
        """`p` after correction; None where the claim does not rest on it."""
        return self.corrected_supported if self.p_supported == self.p else None


@dataclass(frozen=True)
class Verdict(ABC):
    """A question, the runs' numbers, and what follows from them."""

    question: Question
    numbers: Numbers

    @property
    def answer(self) -> Answer | None:
        return None

    @property
    def word(self) -> str:
        """The answer as it is shown: where nobody has claimed anything, what was found."""
        if not self.question.plain or self.answer is None:
            return ANSWERS[self.answer]
        interaction, metric, mean = self.question.is_interaction, self.question.metric, self.mean or 0.0
        match self.answer:
            case "inconclusive":
                return "undecided"
            case "refuted":
                return "independent" if interaction else "equal"
            case "supported" if interaction:
                return "depends"
            case "supported" if metric.exact:
                return "more" if mean > 0 else "fewer"
            case "supported":
                return "different" if not metric.better else "better" if mean * metric.better > 0 else "worse"

    @property
    def estimate(self) -> Estimate | None:
        """The mean paired difference with its interval, where one is shown."""
        return None

    @property
    def interval(self) -> VerdictInterval | None:
        """That of the verdict's test, where there is one; where an estimate is shown without, its 95 % interval."""
        return two_sided(self.estimate, 0.05) if self.estimate else None

    @property
    def mean(self) -> float | None:
        """The difference, as it is judged."""
        return self.estimate.mean if self.estimate else None

    @property
    def margin(self) -> float | None:
        """The smallest difference that counts, as it is judged."""
        return self.question.judged_margin

    @property
    def look(self) -> int | None:
        """Which look at the seeds has judged it, from 1; None where nothing was tested."""
        evidence = getattr(self, "evidence", None)
        return evidence.look.number + 1 if isinstance(evidence, Evidence) else None

    @property
    def is_settled(self) -> bool:
        """Whether further seeds have nothing to decide."""
        return self.answer in ("supported", "refuted")

    @property
    def rank(self) -> float:
        """The corrected p of *supported*, by which a headline chooses among verdicts."""
        return 1.0

    @property
    def provisional(self) -> bool:
        return self.numbers.waiting > 0

    @property
    def claim(self) -> str:
        return claim_text(self.question, self.numbers)

    @property
    @abstractmethod
    def sentence(self) -> str:
        """The verdict in a sentence or two."""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Names and values that the page lists beside the sentence; those of an empty value are not shown."""
        return []

    @property
    @abstractmethod
    def statistics(self) -> Mapping[str, Any]:
        """The keys of comparison.json that this verdict has something for; `comparison` knows all of them."""

    def recorded(self, amount: float) -> float:
        """A difference as comparison.json has it: of logarithms the ratio."""
        return wording.unlogged(amount) if self.question.metric.log else float(amount)

    def recorded_estimate(self, estimate: Estimate) -> dict[str, Any]:
        """Of a one-sided interval the open end is null."""
        interval = self.interval or two_sided(estimate, 0.05)
        ends = [self.recorded(end) if math.isfinite(end) else None for end in (interval.low, interval.high)]
        return {
            "mean": self.recorded(estimate.mean), "sd": estimate.sd,
            "interval": ends, "interval_level": round(interval.level, 12), "interval_kind": interval.kind,
        }  # fmt: skip

    def recorded_evidence(self, evidence: Evidence) -> dict[str, Any]:
        return {
            "p": evidence.p,
            "p_adjusted": None if self.question.claim.expect == "equal" else evidence.corrected_supported,
            "p_supported": evidence.corrected_supported,
            "p_refuted": evidence.corrected_refuted,
            "verdict": self.answer,
            "read_together": evidence.together,
        }


@dataclass(frozen=True)
class NoVerdict(Verdict):
    """There is nothing that can be judged."""

    reason: str

    @property
    def sentence(self) -> str:
        return f"No verdict: {self.reason}.{self._observed()}"

    def _observed(self) -> str:
        """The numbers of a single pair, which are no verdict."""
        if len(self.numbers.pairs) != 1 or self.numbers.refused:
            return ""
        question, (pair,) = self.question, self.numbers.pairs
        if question.is_interaction:
            return f" Seen: {effects(question, self.numbers, pair.difference)}."
        arm, reference = arms(question)
        values = [wording.value(question.metric, number) for number in (pair.arm, pair.reference or 0.0)]
        return f" Seen: {arm} {values[0]}, {reference} {values[1]}."

    @property
    def statistics(self) -> Mapping[str, Any]:
        return {"reason": self.reason}


@dataclass(frozen=True)
class Unreached(NoVerdict):
    """All numbers are bounds: their differences are shown, but say nothing."""

    @property
    def estimate(self) -> Estimate | None:
        return self.numbers.estimate

    @property
    def statistics(self) -> Mapping[str, Any]:
        shown = {} if self.estimate is None else self.recorded_estimate(self.estimate)
        return {**shown, "reason": self.reason}


@dataclass(frozen=True)
class CountVerdict(Verdict):
    """Counts have no chance in them: any difference counts, or any of the margin, and there is no p."""

    @property
    def difference(self) -> float:
        return self.numbers.pairs[0].difference

    @property
    def mean(self) -> float:
        return self.difference

    @property
    def answer(self) -> Answer:
        difference = round(self.difference, 12)  # floats miss a margin of 0.1 otherwise
        counts = difference != 0 and abs(difference) >= round(self.margin or 0.0, 12)
        holds = {
            "different": counts,
            "equal": not counts,
            "higher": counts and difference > 0,
            "lower": counts and difference < 0,
        }[self.question.claim.expect]
        return "supported" if holds else "refuted"

    @property
    def sentence(self) -> str:
        least = f"; differences count from {margin_text(self.question)}" if self.margin else ""
        return f"{self._finding()}. A count, without spread{least}."

    def _finding(self) -> str:
        question, metric, pair = self.question, self.question.metric, self.numbers.pairs[0]
        arm, reference = arms(question)
        own, others = pair.arm, pair.reference or 0.0
        if question.is_interaction:
            return wording.capital(effects(question, self.numbers, pair.difference))
        if question.reference is None:
            return f"{wording.capital(metric.words)} of {arm}: {wording.value(metric, own)}, against {reference}"
        if pair.arm == pair.reference:
            return f"{arm} and {reference} have the same {metric.words}: {wording.value(metric, own)}"
        times = "" if min(own, others) <= 0 or metric.unit == "points" else _times(own, others)
        return (
            f"{arm} has {wording.value(metric, own)} {metric.words}, {reference} {wording.value(metric, others)}{times}"
        )

    @property
    def statistics(self) -> Mapping[str, Any]:
        difference = self.recorded(self.difference)
        return {
            "mean": difference, "interval": [difference, difference], "interval_kind": "exact", "verdict": self.answer
        }  # fmt: skip


def _times(own: float, others: float) -> str:
    times = wording.number(max(own, others) / min(own, others))
    return f" ({times} times as many)" if own > others else f" ({times} times fewer)"


@dataclass(frozen=True)
class RateVerdict(Verdict):
    """Shares of runs that diverged, on the two sides, or on one beside a number. Shares have no margin."""

    shares: tuple[float, float]
    evidence: Evidence

    @property
    def answer(self) -> Answer:
        return self.evidence.answer

    @property
    def mean(self) -> float:
        own, others = self.shares
        return (own - others) * len(self.question.opposed[0])  # of two cells a share is their mean

    @property
    def rank(self) -> float:
        return self.evidence.corrected_supported or 1.0

    @property
    def sentence(self) -> str:
        question = self.question
        arm, reference = arms(question)
        if question.is_interaction:
            arm, reference = (" and ".join(cell(question, levels) for levels in side) for side in question.opposed)
        (lost, ended), (others_lost, others_ended) = self.numbers.diverged
        alone = question.reference is None
        beside = f"against {reference}" if alone else f"{others_lost} of {others_ended} of {reference}"
        seen = f"{lost} of {ended} runs of {arm} diverged, {beside}{where(question, self.numbers)}"
        chance = "which chance can do with so few seeds" if self.answer == "inconclusive" else "more than chance"
        evidence = self.evidence
        corrected = evidence.corrected_refuted if evidence.corrected is None else evidence.corrected
        return f"{seen}: {chance} ({wording.probabilities(evidence.p, corrected)})."

    @property
    def statistics(self) -> Mapping[str, Any]:
        return {"mean": self.recorded(self.mean), **self.recorded_evidence(self.evidence)}
