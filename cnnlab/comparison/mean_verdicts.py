"""Verdicts on paired differences: what is tested for each of the four things that a claim can expect.

Two hypotheses belong to a claim with margin m about a true difference d. It is *supported* when the first is rejected,
*refuted* when the second is; of a claim that is true only the second can be wrongly rejected, of a false one only the
first.

    expect      type                 supported rejects      refuted rejects
    different   DifferenceVerdict    d = 0                  |d| >= m   (equivalence)
    higher      BoundVerdict         d = 0, and d > 0       d >= m
    lower       BoundVerdict         d = 0, and d < 0       d <= -m
    equal       EquivalenceVerdict   |d| >= m               |d| <= m

Where both are rejected the difference is real and too small to matter: refuted, and said so.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlab.comparison import statistics, wording
from cnnlab.comparison.claim_text import difference_text, equality_text, margin_text
from cnnlab.comparison.question import Question
from cnnlab.comparison.statistics import POWER, Estimate, unseen
from cnnlab.comparison.verdicts import Answer, Evidence, Verdict
from cnnlab.text import plural

BOTH = frozenset({-1, 1})
NEITHER: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reach:
    """What further seeds could do for a claim, and what these could have shown."""

    detectable: float
    """the smallest true difference that these seeds would have shown with 80 % power"""
    more: int | None = None
    """how many more seeds would settle it; None where more than anyone will run, or nothing to settle"""
    barred: str | None = None
    """why the answer that more seeds would come to is not to be given"""


Distances = Sequence[tuple[float, int]]
"""how far the mean lies beyond what a test rejects, and that test's sides"""


@dataclass(frozen=True)
class MeanVerdict(Verdict):
    """A verdict on the mean of paired differences, a number a seed. Its types say what is tested."""

    evidence: Evidence
    withheld: str | None = None
    """why the answer that the numbers alone would give is not given (`withheld.RULES`)"""
    reach: Reach = Reach(math.inf)

    @staticmethod
    @abstractmethod
    def p_values(question: Question, estimate: Estimate) -> tuple[float, float]:
        """Of what must be rejected for *supported*, and for *refuted*."""

    @abstractmethod
    def distances(self, answer: Answer) -> tuple[Distances, float | None]:
        """The test that gives this answer, as `statistics.enough` has it; the margin of a test of equivalence."""

    @abstractmethod
    def limits(self, answer: Answer) -> frozenset[int]:
        """The sides on which this answer says that the true difference ends: -1 below, 1 above."""

    @abstractmethod
    def finding(self, seen: str) -> str:
        """What an answer says, given the difference in words."""

    @property
    def estimate(self) -> Estimate:
        assert self.numbers.estimate is not None
        return self.numbers.estimate

    @property
    def answer(self) -> Answer:
        return "inconclusive" if self.withheld else self.evidence.answer

    @property
    def small(self) -> bool:
        """Whether the difference is real and smaller than the margin."""
        return self.answer == "refuted" and self.evidence.supports and not self.numbers.bounds

    @property
    def rank(self) -> float:
        return self.evidence.corrected_supported or 1.0

    @property
    def sentence(self) -> str:
        return " ".join([f"{self._finding()} ({'; '.join(self._measured())}).", *self._remarks()])

    def _finding(self) -> str:
        seen = difference_text(self.question, self.numbers, self.estimate.mean)
        if self.small:
            least = margin_text(self.question)
            return f"{wording.capital(seen)}: a real difference, but smaller than the margin of {least}"
        if self.withheld:
            return f"Undecided, because {self.withheld}. Among the runs that can be compared, {seen}"
        if self.answer == "inconclusive":
            return f"Undecided: {seen}, but {self.estimate.n} seeds leave it open"
        return wording.capital(self.finding(seen))

    def _measured(self) -> list[str]:
        """The interval, the seeds, and the p of the test that the answer rests on."""
        estimate, evidence = self.estimate, self.evidence
        p, corrected = {
            "supported": (evidence.p_supported, evidence.corrected_supported),
            "refuted": (evidence.p_refuted, evidence.corrected_refuted),
            "inconclusive": (evidence.p, evidence.corrected),
        }[self.answer]
        interval = wording.between(self.question.metric, estimate.low, estimate.high)
        parts = (f"95 % interval {interval}", f"{estimate.n} seeds", wording.probabilities(p, corrected))
        return [part for part in parts if part]

    def _remarks(self) -> list[str]:
        """What is to be said beside: seeds that all agree, numbers that are bounds, what more seeds would do."""
        estimate, parts = self.estimate, []
        if estimate.agree:
            share = f"{100 * unseen(estimate.n):.0f} %"
            parts.append(f"All {estimate.n} seeds agree to the measure's resolution; up to {share} of seeds might not.")
        if any(self.numbers.censored):
            parts.append(self._bounds())
        if self.answer == "inconclusive" and not self.withheld:
            parts += [self._detectable(), self._more_seeds()]
        return parts

    def _bounds(self) -> str:
        """What the numbers that are bounds leave open."""
        count, mean = sum(self.numbers.censored), self.estimate.mean
        if self.question.metric.collapses:
            subject = "numbers lie" if count > 1 else "number lies"
            return f"{count} {subject} at an end of the grid: what is beyond it is not known."
        subject = "runs did not reach it and count" if count > 1 else "run did not reach it and counts"
        if self.numbers.bounds == {math.copysign(1, mean)} and abs(mean) > 1e-12:
            return f"{count} {subject} with the budget, so the difference is at least that."
        return f"{count} {subject} with the budget: how far apart they are is not known."

    def _detectable(self) -> str:
        metric, least = self.question.metric, self.reach.detectable
        beyond_all = metric.unit == "points" and least > 1
        shown = "no difference there can be" if beyond_all else wording.difference(metric, least, signed=False)
        return f"These seeds could have shown {shown} ({100 * POWER:.0f} % power)."

    def _more_seeds(self) -> str:
        more = self.reach.more
        if self.reach.barred:
            return f"More seeds alone would not settle it, because {self.reach.barred}."
        if more is None:
            return "More seeds than anyone will run would be needed."
        return f"About {plural(more, 'more seed')} would settle it, if mean and spread stay as they are."

    @property
    def facts(self) -> list[tuple[str, str]]:
        metric, estimate = self.question.metric, self.estimate
        return [
            ("difference", wording.difference(metric, estimate.mean)),
            ("95 % interval", wording.between(metric, estimate.low, estimate.high)),
            ("seeds", str(estimate.n)),
            ("counts from", margin_text(self.question)),
            ("p", wording.bare_probability(self.evidence.p)),
            *self.p_facts(),
            ("could have shown", wording.difference(metric, self.reach.detectable, signed=False)),
        ]

    def p_facts(self) -> list[tuple[str, str]]:
        """The p-values of this type's own tests."""
        corrected = wording.bare_probability(self.evidence.corrected_supported)
        return [(f"Holm, of {self.evidence.together}", corrected), self.refuting_fact()]

    def refuting_fact(self) -> tuple[str, str]:
        return "p of less than counts", wording.bare_probability(self.evidence.p_refuted)

    @property
    def statistics(self) -> Mapping[str, Any]:
        return {
            **self.recorded_estimate(self.estimate),
            **self.recorded_evidence(self.evidence),
            "reason": self.withheld,
            "too_small_to_matter": self.small,
            "smallest_detectable": self.recorded(self.reach.detectable),
            "more_seeds": self.reach.more,
        }


@dataclass(frozen=True)
class DifferenceVerdict(MeanVerdict):
    """Expected: different. Refuted by equivalence alone."""

    @staticmethod
    def p_values(question: Question, estimate: Estimate) -> tuple[float, float]:
        return estimate.p, statistics.equivalence(estimate, question.judged_margin or 0.0)

    def distances(self, answer: Answer) -> tuple[Distances, float | None]:
        return ([(abs(self.estimate.mean), 2)], None) if answer == "supported" else ([], self.margin or 0.0)

    def limits(self, answer: Answer) -> frozenset[int]:
        return BOTH if answer == "refuted" else NEITHER

    def finding(self, seen: str) -> str:
        return seen if self.answer == "supported" else equality_text(self.question, self.numbers)

    def refuting_fact(self) -> tuple[str, str]:
        return "p of equality", wording.bare_probability(self.evidence.p_refuted)


@dataclass(frozen=True)
class EquivalenceVerdict(MeanVerdict):
    """Expected: equal, within the margin."""

    @staticmethod
    def p_values(question: Question, estimate: Estimate) -> tuple[float, float]:
        margin = question.judged_margin or 0.0
        return statistics.equivalence(estimate, margin), statistics.beyond(estimate, margin)

    def distances(self, answer: Answer) -> tuple[Distances, float | None]:
        margin = self.margin or 0.0
        return ([], margin) if answer == "supported" else ([(abs(self.estimate.mean) - margin, 2)], None)

    def limits(self, answer: Answer) -> frozenset[int]:
        return BOTH if answer == "supported" else NEITHER

    def finding(self, seen: str) -> str:
        if self.answer == "supported":
            return equality_text(self.question, self.numbers)
        return f"{seen}: more than {margin_text(self.question)}"

    def p_facts(self) -> list[tuple[str, str]]:
        return [("p of equality", wording.bare_probability(self.evidence.p_supported))]


@dataclass(frozen=True)
class BoundVerdict(MeanVerdict):
    """Expected: higher, or lower. Refuted where the difference stays below the margin on that side."""

    @staticmethod
    def p_values(question: Question, estimate: Estimate) -> tuple[float, float]:
        margin = question.judged_margin or 0.0
        if question.claim.expect == "higher":
            return (estimate.p if estimate.mean > 0 else 1.0), statistics.below(estimate, margin)
        return (estimate.p if estimate.mean < 0 else 1.0), statistics.above(estimate, -margin)

    @property
    def side(self) -> int:
        return 1 if self.question.claim.expect == "higher" else -1

    def distances(self, answer: Answer) -> tuple[Distances, float | None]:
        gain = self.side * self.estimate.mean
        return [(gain, 2) if answer == "supported" else ((self.margin or 0.0) - gain, 1)], None

    def limits(self, answer: Answer) -> frozenset[int]:
        return frozenset({self.side}) if answer == "refuted" else NEITHER

    def finding(self, seen: str) -> str:
        if self.answer == "supported":
            return seen
        way = wording.comparative(self.question.metric, "higher" if self.side > 0 else "lower")
        return f"{seen}: not {way} by {margin_text(self.question)}"


BY_EXPECTATION: Mapping[str, type[MeanVerdict]] = {
    "different": DifferenceVerdict,
    "equal": EquivalenceVerdict,
    "higher": BoundVerdict,
    "lower": BoundVerdict,
}
