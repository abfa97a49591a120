"""The rules under which a verdict is withheld.

`RULES` is the whole of it, in order of precedence: of the rules that concern a question the first with a reason counts.
A reason is the end of a sentence that begins with "No verdict:" or "Undecided, because".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnlab.comparison.mean_verdicts import BoundVerdict, MeanVerdict
from cnnlab.comparison.metrics import Quantity
from cnnlab.comparison.numbers import Numbers
from cnnlab.comparison.question import Measure, Question
from cnnlab.comparison.verdicts import Answer, NoVerdict, Unreached


@dataclass(frozen=True)
class NothingToJudge:
    """A rule by which there is no verdict at all, whatever was expected."""

    concerns: tuple[Measure, ...]
    reason: Callable[[Question, Numbers], str | None]
    instead: type[NoVerdict] = NoVerdict
    """the type of what is said in place of a verdict"""


@dataclass(frozen=True)
class Reservation:
    """A rule by which an answer on means is undecided: runs that did not reach their end might take it back."""

    reason: Callable[[MeanVerdict, Answer], str | None]


def no_verdict(question: Question, numbers: Numbers) -> NoVerdict | None:
    """What stands in place of a verdict where there is nothing to judge by; None where there is."""
    for rule in (rule for rule in RULES if isinstance(rule, NothingToJudge) and question.measure in rule.concerns):
        if reason := rule.reason(question, numbers):
            return rule.instead(question, numbers, reason)
    return None


def undecided(verdict: MeanVerdict, answer: Answer) -> str | None:
    """Why the answer must not be given; None where it may."""
    if answer == "inconclusive":
        return None
    reasons = (rule.reason(verdict, answer) for rule in RULES if isinstance(rule, Reservation))
    return next(filter(None, reasons), None)


def _refused(question: Question, numbers: Numbers) -> str | None:
    return numbers.refused


def _no_run(question: Question, numbers: Numbers) -> str | None:
    (_, ended), (_, others_ended) = numbers.diverged
    return None if ended and (others_ended or question.reference is None) else _left_out(numbers)


def _no_count(question: Question, numbers: Numbers) -> str | None:
    return None if numbers.pairs else _left_out(numbers)


def _no_pair(question: Question, numbers: Numbers) -> str | None:
    if numbers.pairs:
        return None
    return f"no pair of runs has it: {_left_out(numbers)}" if numbers.left_out else _left_out(numbers)


def _left_out(numbers: Numbers) -> str:
    return "; ".join(numbers.left_out[:3]) or "no run has ended yet"


def _edited(question: Question, numbers: Numbers) -> str | None:
    if len({round(pair.difference, 12) for pair in numbers.pairs}) == 1:
        return None
    return "the seeds' counts differ, which counts do not: a record was edited"


def _one_seed(question: Question, numbers: Numbers) -> str | None:
    return "1 seed: no spread to judge by" if len(numbers.pairs) == 1 else None


def _nobody_reached_it(question: Question, numbers: Numbers) -> str | None:
    if numbers.reached or question.reference is None or question.metric.collapses:
        return None
    return "no run reached it within the budget"


def _no_spread(question: Question, numbers: Numbers) -> str | None:
    estimate = numbers.estimate
    if estimate is None or estimate.error:
        return None
    return f"all {estimate.n} seeds gave the same number: no spread to judge by"


def _bounds(verdict: MeanVerdict, answer: Answer) -> str | None:
    question, bounds = verdict.question, verdict.numbers.bounds
    if limits := verdict.limits(answer):
        might_turn = bool(limits & bounds)
    else:
        # two arms that share one budget, or one grid, lie the right way round: none that was seen to its end lies
        # beyond one that was cut short there
        share_a_budget = len(question.levels[1]) == 1 and not question.metric.quotient
        towards_zero = -1 if verdict.estimate.mean > 0 else 1
        might_turn = towards_zero in bounds and not share_a_budget
    if not might_turn:
        return None
    at_end, cut_short = "numbers lie at an end of the grid", "runs did not reach it within the budget"
    return f"some {at_end if question.metric.collapses else cut_short}, so that how far apart they are is not known"


def _diverged_beyond_limits(verdict: MeanVerdict, answer: Answer) -> str | None:
    metric, ((own, _), (others, _)) = verdict.question.metric, verdict.numbers.diverged
    worse = (-metric.better,) if metric.better else (-1, 1)
    sides = {sign * way for sign, lost in ((1, own), (-1, others)) if lost for way in worse}
    if _has_a_number(metric) or not verdict.limits(answer) & sides:
        return None
    return f"{_lost(verdict)}: what the others do says nothing of them"


def _survivors(verdict: MeanVerdict, answer: Answer) -> str | None:
    metric, ((own, ended), (others, others_ended)) = verdict.question.metric, verdict.numbers.diverged
    if not (isinstance(verdict, BoundVerdict) and answer == "supported" and metric.better) or _has_a_number(metric):
        return None
    shares = own / max(ended, 1), others / max(others_ended, 1)
    favored, other = shares if verdict.estimate.mean * metric.better > 0 else reversed(shares)
    return f"{_lost(verdict)}: the better mean is one of survivors" if favored > other else None


def _has_a_number(metric: Quantity) -> bool:
    """Whether a run that diverged has one: it never reached the target, or its value of the grid is not usable."""
    return metric.clock == "epochs" or metric.collapses is not None


def _lost(verdict: MeanVerdict) -> str:
    question, ((own, ended), (others, others_ended)) = verdict.question, verdict.numbers.diverged
    arm, reference = question.arm, question.reference
    if question.is_interaction:
        arm, reference = (" and ".join(map(" with ".join, cells)) for cells in question.opposed)
    beside = f", {others} of {others_ended} of {reference}" if reference else ""
    return f"{own} of {ended} runs of {arm} diverged{beside}"


EVERY: tuple[Measure, ...] = ("rates", "counts", "means")

RULES: tuple[NothingToJudge | Reservation, ...] = (
    # There is nothing to judge: no verdict at all.
    #
    # The runs differ in more than was asked for, or nobody can tell; or both sides are one experiment.
    NothingToJudge(EVERY, _refused),
    # A side has no run that ended.
    NothingToJudge(("rates",), _no_run),
    # No seed has a number on all sides.
    NothingToJudge(("counts",), _no_count),
    NothingToJudge(("means",), _no_pair),
    # A network has as many parameters at every seed: where records say otherwise, one of them is wrong.
    NothingToJudge(("counts",), _edited),
    # A spread needs two numbers, and must not be 0: Student's t would be certain of anything.
    NothingToJudge(("means",), _one_seed),
    # All numbers are lower bounds. They may be alike and the times beyond them may not. Against a number a lower bound
    # can be enough, and ends of a grid are two-sided: both are left to the reservations.
    NothingToJudge(("means",), _nobody_reached_it, instead=Unreached),
    NothingToJudge(("means",), _no_spread),
    #
    # The runs that ended would give an answer, but those that did not might take it back: inconclusive.
    #
    # Some numbers are bounds. An answer that says how far apart the sides are at most falls with a bound that points
    # beyond its limit; one that says that they differ falls with a bound that points back to zero.
    Reservation(_bounds),
    # A run that diverged would lie on the worse side if it had a number (of a metric that is neither better nor worse,
    # on either): an answer that sets a limit there says nothing of it.
    Reservation(_diverged_beyond_limits),
    # The better arm lost a larger share of its runs than the other: what is left was selected by being good.
    Reservation(_survivors),
)
