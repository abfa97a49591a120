"""From numbers to verdicts: supported, refuted or inconclusive; or none at all, and why.

Two hypotheses belong to a claim with margin m about a true difference d. It is *supported* when the first is rejected,
*refuted* when the second is; of a claim that is true only the second can be wrongly rejected, of a false one only the
first. Each kind of verdict is corrected by Holm over all claims read together.

    expect      supported rejects      refuted rejects
    different   d = 0                  |d| >= m   (equivalence)
    higher      d = 0, and d > 0       d >= m
    lower       d = 0, and d < 0       d <= -m
    equal       |d| >= m               |d| <= m

Where both are rejected the difference is real and too small to matter: refuted, and said so. Counts have no chance in
them: the smallest difference that counts is m itself, and without a margin any.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cnnlab.compare import statistics
from cnnlab.compare.ledger import Ledger
from cnnlab.compare.numbers import Numbers, numbers
from cnnlab.compare.questions import Question
from cnnlab.compare.statistics import Estimate

Verdict = Literal["supported", "refuted", "inconclusive"]


@dataclass(frozen=True)
class Judged:
    """A question, what the runs say to it, and the verdict."""

    question: Question
    numbers: Numbers
    estimate: Estimate | None = None
    alpha: float = 0.05
    """of the family"""
    together: int = 1
    """verdicts in the family"""
    p: float | None = None
    """two-sided, of no difference"""
    p_support: float | None = None
    """of what must be rejected for *supported*; Holm-corrected below"""
    p_refute: float | None = None
    support: float | None = None
    refute: float | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    """why there is no verdict, or why not the one that the numbers alone would give"""
    small: bool = False
    """the difference is real and smaller than the margin"""
    exact: float | None = None
    """the difference, where it is a count"""
    detectable: float | None = None
    """the smallest true difference that these seeds would have shown with 80 % power"""
    more: int | None = None
    """how many more seeds would settle it; None where more than anyone will run, or nothing to settle"""
    barred: str | None = None
    """why the verdict that more seeds would come to is not to be given"""
    rates: tuple[float, float] | None = field(default=None)
    """the shares of runs that diverged, on the two sides or one and a number, where they are what is compared"""

    @property
    def mean(self) -> float | None:
        if self.rates:
            return (self.rates[0] - self.rates[1]) * len(self.question.opposed[0])  # of two cells a rate is their mean
        return self.estimate.mean if self.estimate else self.exact

    @property
    def provisional(self) -> bool:
        return self.numbers.waiting > 0

    @property
    def margin(self) -> float | None:
        """the margin on the scale that is judged"""
        margin = self.question.margin
        return math.log(margin) if margin is not None and self.question.metric.log else margin


def judge(asked: Sequence[Question], ledger: Ledger, alpha: float) -> list[Judged]:
    """Every question with its verdict, in the questions' order."""
    found = [_measured(question, numbers(question, ledger), alpha) for question in asked]
    for family in dict.fromkeys(question.family for question in asked):
        places = [at for at, one in enumerate(found) if one.question.family == family and one.p_support is not None]
        if family == "controls":  # each must come out by itself: none of them is an answer
            corrected = {at: _corrected([found[at]])[0] for at in places}
        else:
            corrected = dict(zip(places, _corrected([found[at] for at in places]), strict=True))
        for at, one in corrected.items():
            found[at] = _decided(one)
    return found


def _corrected(some: Sequence[Judged]) -> list[Judged]:
    support = statistics.holm([one.p_support if one.p_support is not None else 1.0 for one in some])
    refute = statistics.holm([one.p_refute if one.p_refute is not None else 1.0 for one in some])
    return [
        replace(one, support=s, refute=r, together=len(some)) for one, s, r in zip(some, support, refute, strict=True)
    ]


def _measured(question: Question, found: Numbers, alpha: float) -> Judged:
    """The estimate and the p-values of one question by itself, or why there are none."""
    blank = Judged(question, found, alpha=alpha)
    if found.refused:
        return replace(blank, reason=found.refused)
    if question.metric.text == "diverged":
        return _by_rates(blank)
    if question.metric.exact:
        return _by_counts(blank)
    if not found.pairs:
        why = "; ".join(found.left_out[:3]) or "no run has ended yet"
        return replace(blank, reason=f"no pair of runs has it: {why}" if found.left_out else why)
    if len(found.pairs) == 1:
        return replace(blank, reason="1 seed: no spread to judge by")
    estimate = statistics.paired([pair.difference for pair in found.pairs], found.resolution)
    if question.reference is not None and not question.metric.collapses and not found.reached:
        return replace(blank, estimate=estimate, reason="no run reached it within the budget")
    if estimate.error == 0:
        return replace(blank, reason=f"all {estimate.n} seeds gave the same number: no spread to judge by")
    return _tested(replace(blank, estimate=estimate, p=estimate.p), estimate)


def _tested(one: Judged, estimate: Estimate) -> Judged:
    margin = one.margin or 0.0
    match one.question.claim.expect:
        case "different":
            support, refute = estimate.p, statistics.equivalence(estimate, margin)
        case "equal":
            support, refute = statistics.equivalence(estimate, margin), statistics.beyond(estimate, margin)
        case "higher":
            support = estimate.p if estimate.mean > 0 else 1.0
            refute = statistics.below(estimate, margin)
        case "lower":
            support = estimate.p if estimate.mean < 0 else 1.0
            refute = statistics.above(estimate, -margin)
    return replace(one, p_support=support, p_refute=refute if margin or one.question.claim.expect == "equal" else None)


def _by_rates(one: Judged) -> Judged:
    """Shares have no margin: one test supports a difference, and refutes equality and its opposite.

    Several runs of a seed, which share what it brings, are no more than one in its test.
    """
    (some, of), (others, of_others) = one.numbers.diverged
    alone = one.question.reference is None
    if not of or not (of_others or alone):
        return replace(one, reason="; ".join(one.numbers.left_out[:3]) or "no run has ended yet")
    mine, theirs = some / of, one.question.claim.value or 0.0 if alone else others / of_others
    seeds, seeds_of_others = one.numbers.lost
    if alone:
        lost = sum(seeds)
        count = math.floor(lost) if lost > theirs * len(seeds) else math.ceil(lost)
        p = statistics.binomial(count, len(seeds), theirs)
    elif len(seeds) < of or len(seeds_of_others) < of_others:
        p = statistics.permuted(seeds, seeds_of_others)
    else:
        p = statistics.rates(some, of, others, of_others)
    against = {"higher": mine < theirs, "lower": mine > theirs, "equal": True}.get(one.question.claim.expect, False)
    support, refute = (1.0, p) if against else (p, None)
    return replace(one, rates=(mine, theirs), p=p, p_support=support, p_refute=refute)


def _by_counts(one: Judged) -> Judged:
    """Counts have no spread: the verdict is a comparison of numbers."""
    if not one.numbers.pairs:
        return replace(one, reason="; ".join(one.numbers.left_out[:3]) or "no run has ended yet")
    differences = {round(pair.difference, 12) for pair in one.numbers.pairs}  # floats miss a margin of 0.1 otherwise
    if len(differences) > 1:
        return replace(one, reason="the seeds' counts differ, which counts do not: a record was edited")
    (difference,) = differences
    counts = difference != 0 and abs(difference) >= round(one.margin or 0.0, 12)
    holds = {
        "different": counts,
        "equal": not counts,
        "higher": counts and difference > 0,
        "lower": counts and difference < 0,
    }[one.question.claim.expect]
    return replace(one, exact=one.numbers.pairs[0].difference, verdict="supported" if holds else "refuted")


def _decided(one: Judged) -> Judged:
    support = one.support is not None and one.support <= one.alpha
    refute = one.refute is not None and one.refute <= one.alpha
    small = support and refute and not one.numbers.bounds
    verdict: Verdict = "refuted" if refute else "supported" if support else "inconclusive"
    one = replace(one, verdict=verdict, small=small)
    if reason := _reservation(one):
        one = replace(one, verdict="inconclusive", reason=reason, small=False)
    if one.estimate is None:
        return one
    level = one.alpha / one.together
    reach = statistics.detectable(one.estimate.sd, one.estimate.n, level)
    if one.verdict != "inconclusive" or one.reason:
        return replace(one, detectable=reach)
    return replace(_settled(one, one.estimate, level), detectable=reach)


def _settled(one: Judged, estimate: Estimate, level: float) -> Judged:
    """With the seeds that it takes to come to a verdict which may be given, or why those may not that it comes to."""
    verdicts: tuple[Verdict, ...] = ("refuted", "supported")  # where both come out, the first is given
    found = {verdict: n for verdict in verdicts if (n := _enough(one, verdict, estimate, level))}
    barred = {verdict: why for verdict in found if (why := _reservation(replace(one, verdict=verdict)))}
    if "refuted" in barred and found["refuted"] <= found.get("supported", 0):
        del found["supported"]
    enough = min((n for verdict, n in found.items() if verdict not in barred), default=None)
    if enough is None:
        return replace(one, barred=next(iter(barred.values()), None))
    return replace(one, more=enough - estimate.n)


def _enough(one: Judged, verdict: Verdict, estimate: Estimate, level: float) -> int | None:
    """The number of seeds at which the verdict's test of `_tested` would come out, with the sides that it has there."""
    mean, margin, supported = estimate.mean, one.margin or 0.0, verdict == "supported"
    match one.question.claim.expect:
        case "different":
            apart, within = ((abs(mean), 2), None) if supported else (None, margin)
        case "equal":
            apart, within = (None, margin) if supported else ((abs(mean) - margin, 2), None)
        case "higher":
            apart, within = (mean, 2) if supported else (margin - mean, 1), None
        case "lower":
            apart, within = (-mean, 2) if supported else (margin + mean, 1), None
    return statistics.enough(estimate, level, [apart] if apart else [], within)


def _reservation(one: Judged) -> str | None:
    """Why the numbers of the runs that ended must not decide alone: those that did not might be the answer."""
    if one.rates or one.verdict == "inconclusive":
        return None
    metric, expect, mean = one.question.metric, one.question.claim.expect, one.mean or 0.0
    if _turned(one):
        why = "numbers lie at an end of the grid" if metric.collapses else "runs did not reach it within the budget"
        return f"some {why}, so that how far apart they are is not known"
    if metric.clock == "epochs" or metric.collapses:  # runs that diverged are counted there
        return None
    (some, of), (others, of_others) = one.numbers.diverged
    arm, reference = one.question.arm, one.question.reference
    if len(one.question.ends[0]) > 1:
        arm, reference = (" and ".join(map(" with ".join, cells)) for cells in one.question.opposed)
    told = f"{some} of {of} runs of {arm} diverged"
    told += f", {others} of {of_others} of {reference}" if reference else ""
    worse = (-metric.better,) if metric.better else (-1, 1)  # where a run that diverged would lie, if it had a number
    if _lies_within(one, frozenset(s * way for s, count in ((1, some), (-1, others)) if count for way in worse)):
        return f"{told}: what the others do says nothing of them"
    if one.verdict == "supported" and expect in ("higher", "lower") and metric.better:
        mine, theirs = some / max(of, 1), others / max(of_others, 1)
        favoured, other = (mine, theirs) if mean * metric.better > 0 else (theirs, mine)
        if favoured > other:
            return f"{told}: the better mean is one of survivors"
    return None


def _turned(one: Judged) -> bool:
    """Whether numbers that are bounds, seen to their ends, might take the verdict back."""
    ways, question = one.numbers.bounds, one.question
    if (one.verdict == "supported") == (question.claim.expect == "equal"):
        return _lies_within(one, ways)
    # of two arms at one budget, or on one grid, none that was seen lies beyond one that was cut short
    at_one_budget = len(question.ends[1]) == 1 and not question.metric.quotient
    return (-1 if (one.mean or 0.0) > 0 else 1) in ways and not at_one_budget


def _lies_within(one: Judged, ways: frozenset[int]) -> bool:
    """Whether the verdict says of the difference that it lies within a bound on a side where it may lie further out."""
    match one.verdict, one.question.claim.expect:
        case "refuted", "higher":
            return 1 in ways
        case "refuted", "lower":
            return -1 in ways
        case ("refuted", "different") | ("supported", "equal"):
            return bool(ways)
    return False


def failed_controls(judged: Sequence[Judged]) -> list[Judged]:
    """Controls that did not come out: the study could not have seen what it is about."""
    return [one for one in judged if one.question.family == "controls" and one.verdict != "supported"]


def by_family(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    order = ("controls", "claims", "interactions", "divergence", "equal settings")
    ranked = sorted(judged, key=lambda one: order.index(one.question.family))
    return {family: list(some) for family, some in itertools.groupby(ranked, key=lambda one: one.question.family)}
