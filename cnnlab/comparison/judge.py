"""From questions to verdicts: each question's test by itself, Holm's correction in each family, and the answers.

Each kind of answer is corrected by itself over all claims that are read together: of a claim that is true only
*refuted* can be wrong, of a false one only *supported*.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from cnnlab.comparison import statistics
from cnnlab.comparison.ledger import Ledger
from cnnlab.comparison.looks import ONLY, Looks, SeedLook
from cnnlab.comparison.mean_verdicts import BY_EXPECTATION, MeanVerdict, Reach
from cnnlab.comparison.numbers import Numbers, read_numbers
from cnnlab.comparison.question import Question
from cnnlab.comparison.verdicts import Answer, CountVerdict, Evidence, RateVerdict, Verdict
from cnnlab.comparison.withheld import no_verdict, undecided

Tested = RateVerdict | MeanVerdict
"""verdicts with p-values"""

FAMILIES = ("controls", "claims", "interactions", "divergence", "equal settings")
"""in the order in which they are shown"""


NONE_SETTLED: Mapping[str, Verdict] = {}


def judge_in_looks(
    ask: Callable[[Ledger], Sequence[Question]], ledger: Ledger, alpha: float, looks: Looks
) -> list[Verdict]:
    """The verdicts of the last look whose runs have all ended; what an earlier one has settled stays as it was then.

    `ask` makes the questions of a sweep, or of its first seeds.
    """
    judged: list[Verdict] = []
    for number, seeds in enumerate(looks.seeds):
        seen = ledger.of_seeds(seeds)
        if number and (len(seen.seeds) < seeds or any(t.status in ("running", "waiting") for t in seen.all())):
            break
        settled = {key_of(verdict.question): verdict for verdict in judged if verdict.is_settled}
        judged = judge(ask(seen), seen, alpha, SeedLook(looks, number), settled)
    return judged


def key_of(question: Question) -> str:
    """What tells the questions of a sweep apart, also while it grows."""
    return f"{question.family} {question.claim!r} {sorted(question.held.items())}"


def judge(
    questions: Sequence[Question],
    ledger: Ledger,
    alpha: float,
    look: SeedLook = ONLY,
    settled: Mapping[str, Verdict] = NONE_SETTLED,
) -> list[Verdict]:
    """Every question with its verdict, in the questions' order; those of `settled` are only corrected anew."""
    verdicts = [
        settled.get(key_of(question)) or _tested(question, read_numbers(question, ledger), alpha, look)
        for question in questions
    ]
    for family in dict.fromkeys(question.family for question in questions):
        together = [place for place, question in enumerate(questions) if question.family == family]
        # a control must come out by itself, whatever the others do: none of them is an answer
        for places in [[place] for place in together] if family == "controls" else [together]:
            tested = {place: verdict for place in places if isinstance(verdict := verdicts[place], Tested)}
            for place, corrected in zip(tested, _corrected(tested.values()), strict=True):
                verdicts[place] = _decided(corrected) if isinstance(corrected, MeanVerdict) else corrected
    return verdicts


def _tested(question: Question, numbers: Numbers, alpha: float, look: SeedLook) -> Verdict:
    """The verdict on one question by itself, its p-values not corrected yet."""
    if nothing := no_verdict(question, numbers):
        return nothing
    match question.measure:
        case "counts":
            return CountVerdict(question, numbers)
        case "rates":
            return _rates(question, numbers, alpha, look)
        case "means":
            return _means(question, numbers, alpha, look)


def _rates(question: Question, numbers: Numbers, alpha: float, look: SeedLook) -> RateVerdict:
    """One test supports a difference of shares, and refutes equality and its opposite.

    Several runs of a seed, which share what it brings, are no more than one in its test.
    """
    (own, ended), (others, others_ended) = numbers.diverged
    seeds, others_seeds = numbers.lost
    if question.reference is None:
        shares = own / ended, question.claim.value or 0.0
        lost, expected = sum(seeds), shares[1] * len(seeds)
        p = statistics.binomial(math.floor(lost) if lost > expected else math.ceil(lost), len(seeds), shares[1])
    else:
        shares = own / ended, others / others_ended
        several = len(seeds) < ended or len(others_seeds) < others_ended
        p = statistics.permuted(seeds, others_seeds) if several else statistics.rates(own, ended, others, others_ended)
    against = {"higher": shares[0] < shares[1], "lower": shares[0] > shares[1], "equal": True, "different": False}
    supported, refuted = (1.0, p) if against[question.claim.expect] else (p, None)
    return RateVerdict(question, numbers, shares, Evidence(p, supported, refuted, alpha, look=look))


def _means(question: Question, numbers: Numbers, alpha: float, look: SeedLook) -> MeanVerdict:
    kind, estimate = BY_EXPECTATION[question.claim.expect], numbers.estimate
    assert estimate is not None
    supported, refuted = kind.p_values(question, estimate)
    # without a margin no difference is too small to count, and only equality can be wrong
    can_be_refuted = bool(question.judged_margin) or question.claim.expect == "equal"
    evidence = Evidence(estimate.p, supported, refuted if can_be_refuted else None, alpha, look=look)
    return kind(question, numbers, evidence)


def _corrected(verdicts: Iterable[Tested]) -> list[Tested]:
    """The verdicts with their p-values corrected for being read together."""
    tested = list(verdicts)
    if not tested:
        return []
    alpha = tested[0].evidence.alpha
    values = zip(*(verdict.evidence.over_all_looks for verdict in tested), strict=True)
    corrections = (zip(statistics.holm(some), statistics.holm_levels(some, alpha), strict=True) for some in values)
    return [
        replace(verdict, evidence=verdict.evidence.corrected_to(supported, refuted, len(tested)))
        for verdict, supported, refuted in zip(tested, *corrections, strict=True)
    ]


def _decided(verdict: MeanVerdict) -> MeanVerdict:
    """With what withholds its answer, what these seeds could have shown, and how many more would settle it."""
    verdict = replace(verdict, withheld=undecided(verdict, verdict.answer))
    reach = verdict.could_have_shown()
    if verdict.answer == "inconclusive" and not verdict.withheld:
        reach = _settled(verdict, reach)
    return replace(verdict, reach=reach)


def _settled(verdict: MeanVerdict, reach: Reach) -> Reach:
    """With the seeds that it takes to come to an answer that may be given, or why those may not that it comes to."""
    answers: tuple[Answer, ...] = ("refuted", "supported")  # where both come out, the first is given
    seeds: dict[Answer, int] = {answer: n for answer in answers if (n := _enough(verdict, answer))}
    barred = {answer: why for answer in seeds if (why := undecided(verdict, answer))}
    if "refuted" in barred and seeds["refuted"] <= seeds.get("supported", 0):
        del seeds["supported"]
    open_: list[Answer] = [answer for answer in seeds if answer not in barred]
    if not open_:
        return replace(reach, barred=next(iter(barred.values()), None))
    n, better, worse = verdict.estimate.n, *(_least(verdict, barred, factor) for factor in reach.spread)
    more_between = (better or n + 1) - n, None if worse is None else worse - n
    return replace(reach, more=min(seeds[answer] for answer in open_) - n, more_between=more_between)


def _least(verdict: MeanVerdict, barred: Container[Answer], factor: float) -> int | None:
    """The seeds that it takes to come to any answer that may be given."""
    answers: tuple[Answer, ...] = ("refuted", "supported")
    seeds = [n for answer in answers if answer not in barred and (n := _enough(verdict, answer, factor))]
    return min(seeds, default=None)


def _enough(verdict: MeanVerdict, answer: Answer, factor: float = 1.0) -> int | None:
    """The seeds that it takes to come to `answer`, for a spread that is `factor` times what was seen."""
    distances, margin = verdict.distances(answer)
    estimate = replace(verdict.estimate, sd=factor * verdict.estimate.sd)
    return statistics.enough(estimate, verdict.evidence.level(answer), distances, margin)


def failed_controls(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Controls that did not come out: the study could not have seen what it is about."""
    return [verdict for verdict in verdicts if verdict.question.family == "controls" and verdict.answer != "supported"]


def by_family(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    ranked = sorted(verdicts, key=lambda verdict: FAMILIES.index(verdict.question.family))
    return {
        family: list(some) for family, some in itertools.groupby(ranked, key=lambda verdict: verdict.question.family)
    }
