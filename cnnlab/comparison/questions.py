"""What is asked of a sweep: a study's claims, or where it has none, what every plain sweep is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnlab.comparison.binding import bind
from cnnlab.comparison.claims import Claim, JudgedStudy
from cnnlab.comparison.ledger import Ledger
from cnnlab.comparison.question import Family, Question, trials_of


def questions_of(study: JudgedStudy, ledger: Ledger) -> list[Question]:
    """The study's claims, or where it has none: each arm of each factor differs from the first-listed."""
    claims: list[tuple[Claim, Family]] = [(claim, _family(claim)) for claim in study.claims]
    questions: list[Question] = []
    for claim, family in claims or _plain_claims(study, ledger):
        question = bind(claim, family, study, ledger)
        questions.append(question)
        tuned = [key for key in study.tuned if key in ledger.factors and _is_free(claim, key)]
        if tuned := [key for key in tuned if key in question.averaged or not question.metric.exact]:
            questions += _at_equal_settings(claim, tuned, study, ledger)
    if not study.claims:  # nobody has claimed an interaction that an incomplete grid cannot show
        questions = [question for question in questions if question.groups or question.family != "interactions"]
    questions += _divergences(questions, study, ledger)
    return questions if study.claims else [replace(question, plain=True) for question in questions]


def _family(claim: Claim) -> Family:
    return "controls" if claim.control else "claims"


def _plain_claims(study: JudgedStudy, ledger: Ledger) -> Iterator[tuple[Claim, Family]]:
    trained = any(trial.rows or "test/acc" in trial.result for trial in ledger.all())
    ended = any(trial.status == "ok" for trial in ledger.all())
    metric = "params" if ended and not trained else "test/acc"
    factors = {key: values for key, values in ledger.factors.items() if key not in study.tuned}
    for key, (first, *others) in factors.items():
        for arm in others:
            yield Claim(factor=(key,), arm=(arm,), reference=(first,), metric=metric), "claims"
    if metric == "params":
        return
    for first, second in itertools.combinations(factors, 2):
        for arm in itertools.product(factors[first][1:], factors[second][1:]):
            reference = (factors[first][0], factors[second][0])
            yield Claim(factor=(first, second), arm=arm, reference=reference, metric=metric), "interactions"


def _is_free(claim: Claim, key: str) -> bool:
    return key not in claim.where and key not in (claim.factor or ()) and claim.measure(0.0).collapses != key


def _at_equal_settings(claim: Claim, tuned: Sequence[str], study: JudgedStudy, ledger: Ledger) -> Iterator[Question]:
    """The claim once more for each value of what is tuned, all arms at the same: for the record."""
    for values in itertools.product(*(ledger.factors[key] for key in tuned)):
        held = {**claim.where, **dict(zip(tuned, values, strict=True))}
        yield bind(claim.model_copy(update={"where": held}), "equal settings", study, ledger)


def _divergences(questions: Sequence[Question], study: JudgedStudy, ledger: Ledger) -> list[Question]:
    """Whether runs that diverged are more than chance, for every comparison that has some."""
    by_sides: dict[tuple[str, ...], Question] = {}
    for question in questions:
        if question.family not in ("claims", "equal settings") or question.reference is None:
            continue
        if question.measure != "means" or question.metric.collapses:
            continue
        trials = [t for side in itertools.chain(*question.groups) for t in trials_of(side, ledger).values()]
        if any(trial.status == "diverged" for trial in trials):
            update = {"metric": "diverged", "expect": "different", "margin": None, "scale": "linear", "says": None}
            bound = bind(question.claim.model_copy(update=update), "divergence", study, ledger)
            sides = (*(bound.claim.factor or ()), bound.arm, bound.reference or "")
            by_sides.setdefault((*sides, *itertools.chain(*bound.held.items())), bound)
    return list(by_sides.values())
