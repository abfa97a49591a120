"""Claims in words: their two sides, what is held and averaged over, and how the sides' numbers differ.

A claim about an interaction has four cells, so that its sides are effects and not arms; every phrase that names the
sides has a form for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnlab.comparison import wording
from cnnlab.comparison.numbers import Numbers
from cnnlab.comparison.question import Question


def arms(question: Question) -> tuple[str, str]:
    """The names of the two sides, with the setting where a bare value says too little."""
    names = []
    for label, levels in zip((question.arm, question.reference), question.levels, strict=True):
        if label is None:
            value, metric = question.claim.value or 0.0, question.metric
            names.append(wording.value(metric, value) if metric.unit == "points" else wording.number(value))
        else:
            names.append(cell(question, levels) or label)
    return names[0], names[1]


def cell(question: Question, levels: Sequence[str]) -> str:
    """The factors at these values: `norm=batch with lr=0.1`."""
    return " with ".join(map(wording.setting, question.claim.factor or (), levels))


def where(question: Question, numbers: Numbers) -> str:
    """What is held, and what is averaged over, as the end of a sentence's subject."""
    held = question.held if question.claim.factor else {}
    held_at = f" at {', '.join(map(wording.setting, held, held.values()))}" if held else ""
    over = [key.rpartition(".")[2] for key in question.averaged]
    if not over or not question.claim.factor:
        return held_at
    left_out = len(question.groups) - numbers.places
    but = f" ({left_out} of {len(question.groups)} places left out)" if left_out else ""
    return f"{held_at}, averaged over {' and '.join(over)}{but}"


def claim_text(question: Question, numbers: Numbers) -> str:
    """What is claimed: in the study's own words where it has some."""
    claim, words = question.claim, question.metric.words
    if claim.says:
        return claim.says
    arm, reference = arms(question)
    if question.is_interaction:
        return f"{_dependence(question)}{where(question, numbers)}"
    if claim.value is not None:
        how = {"equal": "equal to", "higher": "above", "lower": "below", "different": "other than"}
        return f"{arm}: {words} {how[claim.expect]} {reference}"
    match claim.expect:
        case "equal":
            text = f"{arm} and {reference} are equal in {words}"
        case "different" if question.plain:
            text = f"{arm} beside {reference} in {words}"
        case "different":
            text = f"{arm} differs from {reference} in {words}"
        case "higher" | "lower":
            verb = "needs" if question.metric.clock else "has"
            text = f"{arm} {verb} {wording.comparative(question.metric, claim.expect)} {words} than {reference}"
    return text + where(question, numbers)


def _dependence(question: Question) -> str:
    """What is claimed of an interaction."""
    words, factor, expect = question.metric.words, question.claim.factor or (), question.claim.expect
    (arm, here), (reference, there) = _corners(question)
    if expect in ("different", "equal"):
        first, second = (key.rpartition(".")[2] for key in factor)
        verb = "depends" if expect == "different" else "does not depend"
        return f"What {first} does to {words} {verb} on {second} ({arm} over {reference}: {here} beside {there})"
    how = "more" if expect == "higher" else "less"
    return f"What {arm} adds to {words} over {reference} is {how} with {here} than with {there}"


def _corners(question: Question) -> tuple[tuple[str, str], tuple[str, str]]:
    """Of an interaction (the arm, what it is seen at), (its reference, what that is seen at)."""
    (arm, here), (reference, there) = (
        map(wording.setting, question.claim.factor or (), levels) for levels in question.levels
    )
    return (arm, here), (reference, there)


def margin_text(question: Question) -> str:
    """The smallest difference that counts; empty where none is asked for."""
    margin = question.judged_margin
    return wording.difference(question.metric, margin, signed=False) if margin else ""


def difference_text(question: Question, numbers: Numbers, amount: float) -> str:
    """How far apart the sides are: two arms, or two effects."""
    if question.is_interaction:
        return effects(question, numbers, amount)
    return _direction(question, amount) + where(question, numbers)


def effects(question: Question, numbers: Numbers, amount: float) -> str:
    """How far apart two effects are: those of the arm over its reference, at either value of the other factor."""
    metric, ((arm, here), (reference, there)) = question.metric, _corners(question)
    end = where(question, numbers)
    if metric.log:
        ratio, times = f"the ratio of {arm} to {reference} in {metric.words}", wording.difference(metric, amount)
        return f"{ratio} is with {here} {times} of what it is with {there}{end}"
    subject = f"what {arm} adds to {metric.words} over {reference}"
    if abs(amount) < 1e-12:
        return f"{subject} is the same with {here} as with {there}{end}"
    apart, way = wording.difference(metric, abs(amount), signed=False), "more" if amount > 0 else "less"
    return f"{subject} is {apart} {way} with {here} than with {there}{end}"


def equality_text(question: Question, numbers: Numbers) -> str:
    """That the sides differ by less than counts."""
    words, least = question.metric.words, margin_text(question)
    if question.is_interaction:
        (arm, here), (reference, there) = _corners(question)
        alike = f"what {arm} adds to {words} over {reference} is equal within {least} with {here} and with {there}"
    else:
        arm, reference = arms(question)
        alike = f"{arm} and {reference} are equal in {words} within {least}"
    return alike + where(question, numbers)


def _direction(question: Question, mean: float) -> str:
    metric, (arm, reference) = question.metric, arms(question)
    if abs(mean) < 1e-12:
        return f"{arm} and {reference} have the same {'' if metric.collapses else 'mean '}{metric.words}"
    if metric.log:
        return f"{arm} has {wording.difference(metric, mean)} the {metric.words} of {reference}"
    way = wording.comparative(metric, "higher" if mean > 0 else "lower")
    apart = wording.difference(metric, abs(mean), signed=False)
    if metric.clock:
        return f"{arm} needs {apart} {way} than {reference} ({metric.words})"
    if metric.unit == "points":
        return f"{arm} is {apart} {way} than {reference} in {metric.words}"
    return f"{arm} is {way} than {reference} in {metric.words} by {apart}"
