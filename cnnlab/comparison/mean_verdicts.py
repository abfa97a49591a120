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
from dataclasses import asdict, dataclass, replace
from typing import Any

from cnnlab.comparison import statistics, wording
from cnnlab.comparison.claim_text import arms, difference_text, equality_text, margin_text
from cnnlab.comparison.intervals import IntervalKind, VerdictInterval, one_sided, two_sided
from cnnlab.comparison.looks import ROUGH, levels
from cnnlab.comparison.pairing import UNEVEN
from cnnlab.comparison.question import Question
from cnnlab.comparison.statistics import MOST_SEEDS, POWER, Estimate, unseen
from cnnlab.comparison.verdicts import Answer, Evidence, Verdict
from cnnlab.text import plural

BOTH = frozenset({-1, 1})
NEITHER: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reach:
    """What these seeds could have shown by the claim's own test, and what further seeds could do for it."""

    detectable: float
    """the smallest true difference that they would have shown with 80 % power"""
    detectable_between: tuple[float, float] = (math.inf, math.inf)
    """the same for a spread at either end of its own interval"""
    equality: float | None = None
    """the smallest margin within which they would have shown arms to be equal that are; of claims of equality"""
    spread: tuple[float, float] = (1.0, 1.0)
    """what the spread that was seen may be multiplied with to be the true one: the ends of a 95 % interval"""
    more: int | None = None
    """how many more seeds would settle it; None where more than anyone will run, or nothing to settle"""
    more_between: tuple[int, int | None] | None = None
    """the same for a spread at either end of its own interval"""
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
    def chance(self) -> tuple[float, IntervalKind]:
        """The chance with which the interval misses that goes with the tests' outcomes (`intervals`), and its kind."""

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
    def interval(self) -> VerdictInterval:
        return two_sided(self.estimate, *self.chance())

    def could_have_shown(self) -> Reach:
        """What these seeds could have shown of the difference that the claim is about."""
        estimate = self.estimate
        least = statistics.detectable(estimate.sd, estimate.n, self.evidence.level_supported)
        spread = statistics.spread_factors(estimate.n)
        return Reach(least, (spread[0] * least, spread[1] * least), spread=spread)

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
        p = {
            "supported": wording.probabilities(evidence.p_supported, evidence.corrected_supported),
            "refuted": wording.probabilities(evidence.p_refuted, evidence.corrected_refuted),
            "inconclusive": self.undecided_p(),
        }[self.answer]
        interval = (" " if len(self.interval.ends) == 2 else ": ").join(self.interval_text)
        return [part for part in (interval, f"{estimate.n} seeds", p) if part]

    def undecided_p(self) -> str:
        """The p of the test that was not enough."""
        return wording.probabilities(self.evidence.p, self.evidence.corrected)

    @property
    def interval_text(self) -> tuple[str, str]:
        """What the interval is called, and what it is."""
        interval = self.interval
        sides = "one-sided " if interval.kind in ("at most", "at least") else ""
        return f"{sides}{interval.percent} interval", wording.between(self.question.metric, interval.low, interval.high)

    def _remarks(self) -> list[str]:
        """What is to be said beside: seeds that all agree, numbers that are bounds, what more seeds would do."""
        estimate, parts = self.estimate, []
        if estimate.agree:
            share = f"{100 * unseen(estimate.n):.0f} %"
            parts.append(f"All {estimate.n} seeds agree to the measure's resolution; up to {share} of seeds might not.")
        if any(self.numbers.censored):
            parts.append(self._bounds())
        if self.numbers.not_learned:
            parts.append(f"{len(self.numbers.not_learned)} of the {len(self.numbers.trials)} runs did not learn.")
        if uneven := self._uneven():
            parts.append(uneven)
        if self.answer == "supported" and self._margin_is_open():
            parts.append(f"Whether it is as much as {margin_text(self.question)} is open.")
        if self.answer == "inconclusive" and not self.withheld:
            parts += [self._detectable(), self._more_seeds()]
        return parts

    def _uneven(self) -> str | None:
        """That the arms' runs spread too differently for the promised rates, where they were seen to."""
        pairing, (arm, reference) = self.numbers.pairing, arms(self.question)
        if pairing is None or self.question.is_interaction or self.evidence.answer == "inconclusive":
            return None
        if (times := pairing.unevenness(self.numbers.resolution)) < UNEVEN:
            return None
        wide, narrow = (arm, reference) if pairing.spreads[0] > pairing.spreads[1] else (reference, arm)
        far = f"{times:.0f} times as far as those of" if math.isfinite(times) else "far beside those of"
        wrong = "of such arms up to 16 % of verdicts are wrong, not 5 %"
        return f"The runs of {wide} spread {far} {narrow}: {wrong}."

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

    def _margin_is_open(self) -> bool:
        """Whether a difference that was shown may be less than what counts."""
        nearest = min(abs(end) for end in self.interval.ends)
        return bool(self.margin) and nearest < (self.margin or 0.0) and not self.numbers.bounds

    def _detectable(self) -> str:
        return f"These seeds could have shown {self.detectable_text()}."

    def detectable_text(self) -> str:
        """The smallest difference, how likely, and how uncertain the figure is."""
        power = f"{100 * POWER:.0f} % power"
        if self._is_beyond_all(self.reach.detectable):
            return f"no difference, however large ({power})"
        between = self._range(*self.reach.detectable_between)
        return f"{self._amount(self.reach.detectable)} ({power}; {between} by the uncertainty of the spread)"

    def _amount(self, amount: float) -> str:
        if self._is_beyond_all(amount):
            return "beyond all"
        return wording.difference(self.question.metric, amount, signed=False)

    def _range(self, low: float, high: float) -> str:
        if self._is_beyond_all(high):
            return f"{self._amount(low)} or more"
        return wording.between(self.question.metric, low, high)

    def _is_beyond_all(self, amount: float) -> bool:
        return self.question.metric.unit == "points" and amount > 1

    def _more_seeds(self) -> str:
        more, between = self.reach.more, self.reach.more_between
        if self.reach.barred:
            return f"More seeds alone would not settle it, because {self.reach.barred}."
        if more is None or between is None:
            return "More seeds than anyone will run would be needed."
        most = f"more than {MOST_SEEDS - self.estimate.n}" if between[1] is None else str(between[1])
        uncertain = f"{between[0]} to {most} by that uncertainty"
        seeds = f"About {plural(more, 'more seed')} would settle it ({uncertain}), if mean and spread stay as they are"
        return f"{seeds}{self._price(more)}."

    def _price(self, more: int) -> str:
        """What looking again, which nobody has declared, then costs: the level of a claim by itself."""
        looks, n = self.evidence.look.looks, self.estimate.n
        if looks.declared and len(looks.seeds) > 1:
            return ""
        before = looks.seeds if len(looks.seeds) > 1 else (n,)
        level = levels((*before, before[-1] + more), self.evidence.alpha, ROUGH)[-1]
        return f"; looked at again, p is then held against {level:.2g} in place of {self.evidence.alpha:.2g}"

    @property
    def facts(self) -> list[tuple[str, str]]:
        metric, estimate = self.question.metric, self.estimate
        return [
            ("difference", wording.difference(metric, estimate.mean)),
            self.interval_text,
            ("seeds", str(estimate.n)),
            ("counts from", margin_text(self.question)),
            ("p", wording.bare_probability(self.evidence.p)),
            *self.p_facts(),
            ("pairs", self._pairing_text()),
            ("could have shown", self._amount(self.reach.detectable)),
        ]

    def _pairing_text(self) -> str:
        pairing = self.numbers.pairing
        if pairing is None or pairing.correlation is None or pairing.gain is None:
            return ""
        return f"r = {pairing.correlation:.2f}, worth {wording.number(pairing.gain)} × the seeds".replace("-", "−")

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
            "pairing": None if self.numbers.pairing is None else asdict(self.numbers.pairing),
            "reason": self.withheld,
            "too_small_to_matter": self.small,
            "smallest_detectable": self.recorded(self.reach.detectable),
            "smallest_detectable_between": [self.recorded(end) for end in self.reach.detectable_between],
            "smallest_equality": None if self.reach.equality is None else self.recorded(self.reach.equality),
            "more_seeds": self.reach.more,
            "more_seeds_between": self.reach.more_between,
        }


@dataclass(frozen=True)
class DifferenceVerdict(MeanVerdict):
    """Expected: different. Refuted by equivalence alone."""

    @staticmethod
    def p_values(question: Question, estimate: Estimate) -> tuple[float, float]:
        return estimate.p, statistics.equivalence(estimate, question.judged_margin or 0.0)

    def chance(self) -> tuple[float, IntervalKind]:
        evidence = self.evidence
        differs, within = evidence.level_supported, 2 * evidence.level_refuted
        if evidence.refutes:
            return (max(differs, within) if evidence.supports else within), "equivalence"
        return (differs if evidence.supports or evidence.p_refuted is None else min(differs, within)), "two-sided"

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

    def chance(self) -> tuple[float, IntervalKind]:
        evidence = self.evidence
        within = 2 * evidence.level_supported
        if evidence.supports:
            return within, "equivalence"
        beyond = statistics.level_beyond(self.estimate, self.margin or 0.0, evidence.level_refuted)
        return (beyond if evidence.refutes else min(within, beyond)), "two-sided"

    def _margin_is_open(self) -> bool:
        return False

    def undecided_p(self) -> str:
        evidence = self.evidence
        return f"of equality {wording.probabilities(evidence.p_supported, evidence.corrected_supported)}"

    def could_have_shown(self) -> Reach:
        """Of two tests: how near arms that are equal could have been shown to be, and how far apart others."""
        estimate, evidence, margin = self.estimate, self.evidence, self.margin or 0.0
        spread = statistics.spread_factors(estimate.n)

        def least(factor: float) -> float:
            seen = replace(estimate, sd=factor * estimate.sd)
            level = statistics.level_beyond(seen, margin, evidence.level_refuted)
            return margin + statistics.detectable(seen.sd, seen.n, level)

        equality = statistics.detectable_equality(estimate.sd, estimate.n, evidence.level_supported)
        return Reach(least(1.0), (least(spread[0]), least(spread[1])), equality, spread)

    def detectable_text(self) -> str:
        equality, factors = self.reach.equality or 0.0, self.reach.spread
        within, between = self._amount(equality), self._range(equality * factors[0], equality * factors[1])
        return f"equality within {within} ({between}), or a difference of {super().detectable_text()}"

    def distances(self, answer: Answer) -> tuple[Distances, float | None]:
        margin = self.margin or 0.0  # the test's second tail is empty but for a margin within the standard error
        return ([], margin) if answer == "supported" else ([(abs(self.estimate.mean) - margin, 1)], None)

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

    @property
    def interval(self) -> VerdictInterval:
        evidence = self.evidence
        if evidence.refutes and not evidence.supports:
            return one_sided(self.estimate, evidence.level_refuted, self.side)
        return super().interval

    def chance(self) -> tuple[float, IntervalKind]:
        evidence = self.evidence
        differs, ends = evidence.level_supported, 2 * evidence.level_refuted
        if evidence.refutes:
            return max(differs, ends), "two-sided"
        return (differs if evidence.supports or evidence.p_refuted is None else min(differs, ends)), "two-sided"

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
