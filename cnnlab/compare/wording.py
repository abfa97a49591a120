"""Verdicts in words: one sentence each, the same on the page, in the terminal and in the record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from cnnlab.compare.ledger import UNSAID
from cnnlab.compare.metrics import Metric
from cnnlab.compare.statistics import POWER, unseen
from cnnlab.compare.verdicts import Judged
from cnnlab.text import number, plural

HOLDS = {"supported": "supported", "refuted": "refuted", "inconclusive": "inconclusive", None: "no verdict"}


def value(metric: Metric, number_: float) -> str:
    """A run's number with its unit: accuracies as they are spoken of, in per cent."""
    if metric.unit == "points":
        return f"{100 * number_:.2f} %"
    return counted(number(number_), metric.unit)


def counted(text: str, unit: str) -> str:
    """
    >>> counted("1", "epochs"), counted("−1.5", "epochs"), counted("1", "s"), counted("1", "")
    ('1 epoch', '−1.5 epochs', '1 s', '1')
    """
    one = text.lstrip("+−") == "1" and unit in ("epochs", "steps")
    return f"{text} {unit.removesuffix('s') if one else unit}".rstrip()


def at_least(metric: Metric, mean: float, beyond: int) -> str:
    """A mean to which runs that did not get there within the budget have contributed the budget."""
    return f"{'> ' if beyond else ''}{value(metric, mean)}"


def span(metric: Metric, ends: tuple[float, float]) -> str:
    """From one number to another, their unit said once."""
    low, high = ends
    return f"{value(metric, low) if metric.unit == 'points' else number(low)} to {value(metric, high)}"


def difference(metric: Metric, amount: float, signed: bool = True) -> str:
    """A difference as it is judged, in the metric's unit; of ratios the ratio."""
    if metric.log:
        return f"×{number(math.exp(amount))}"
    if metric.unit == "points":
        text = f"{100 * amount:{'+' if signed else ''}.2f}".replace("-", "−")
        return f"{text} points"
    text = number(amount)
    return counted(f"+{text}" if signed and amount > 0 else text, metric.unit)


def between(metric: Metric, low: float, high: float) -> str:
    """An interval of differences, without its unit."""
    if metric.log:
        return f"×{number(math.exp(low))} to ×{number(math.exp(high))}"
    if metric.unit == "points":
        return f"{100 * low:.2f} to {100 * high:.2f}".replace("-", "−")
    return f"{number(low)} to {number(high)}"


def probability(p: float) -> str:
    """
    >>> probability(0.0312), probability(0.00001)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def arms(one: Judged) -> tuple[str, str]:
    """The names of the two sides, with the setting where a bare value says too little."""
    question = one.question
    names = []
    for labels, values in zip((question.arm, question.reference), question.ends, strict=True):
        if labels is None:
            value_ = question.claim.value or 0.0
            names.append(value(question.metric, value_) if question.metric.unit == "points" else number(value_))
        else:
            names.append(_cell(one, values) or labels)
    return names[0], names[1]


def _cell(one: Judged, values: Sequence[str]) -> str:
    return " with ".join(told(key, value_) for key, value_ in zip(one.question.claim.factor or (), values, strict=True))


def _is_interaction(one: Judged) -> bool:
    return len(one.question.claim.factor or ()) > 1


def told(factor: str, label: str) -> str:
    """
    >>> told("model.norm", "batch"), told("model", "resnet18"), told("model.norm", "—")
    ('norm=batch', 'resnet18', 'norm unsaid')
    """
    if label == UNSAID:
        return f"{factor.rpartition('.')[2]} unsaid"
    return label if factor in ("model", "data", "variant", "experiment") else f"{factor.rpartition('.')[2]}={label}"


def unlogged(amount: float) -> float:
    """A difference of logarithms as the ratio it is."""
    return math.exp(amount)


def where(one: Judged) -> str:
    """What is held, and what is averaged over, as the end of a sentence's subject."""
    held = one.question.held if one.question.claim.factor else {}
    at = f" at {', '.join(told(key, value_) for key, value_ in held.items())}" if held else ""
    over = [key.rpartition(".")[2] for key in one.question.averaged]
    if not over or not one.question.claim.factor:
        return at
    left = len(one.question.groups) - one.numbers.places
    but = f" ({left} of {len(one.question.groups)} places left out)" if left else ""
    return f"{at}, averaged over {' and '.join(over)}{but}"


def claim(one: Judged) -> str:
    """What is claimed, in words."""
    if one.question.claim.says:
        return one.question.claim.says
    arm, reference = arms(one)
    words, expect = one.question.metric.words, one.question.claim.expect
    if _is_interaction(one):
        return f"{_dependence(one)}{where(one)}"
    if one.question.claim.value is not None:
        how = {"equal": "equal to", "higher": "above", "lower": "below", "different": "other than"}
        return f"{arm}: {words} {how[expect]} {reference}"
    match expect:
        case "equal":
            said = f"{arm} and {reference} are equal in {words}"
        case "different":
            said = f"{arm} differs from {reference} in {words}"
        case _:
            verb = "needs" if one.question.metric.clock else "has"
            said = f"{arm} {verb} {comparative(one.question.metric, expect)} {words} than {reference}"
    return said + where(one)


def _dependence(one: Judged) -> str:
    """What is claimed of an interaction."""
    words, factor, expect = one.question.metric.words, one.question.claim.factor or (), one.question.claim.expect
    if expect in ("different", "equal"):
        (first, second), (arm, reference) = (key.rpartition(".")[2] for key in factor), arms(one)
        verb = "depends" if expect == "different" else "does not depend"
        return f"What {first} does to {words} {verb} on {second} ({arm} beside {reference})"
    (arm, here), (reference, there) = (map(told, factor, values) for values in one.question.ends)
    how = "more" if expect == "higher" else "less"
    return f"What {arm} adds to {words} over {reference} is {how} with {here} than with {there}"


def comparative(metric: Metric, way: Literal["higher", "lower"]) -> str:
    """What is counted is more or fewer, time is more or less, anything else is higher or lower."""
    if metric.unit == "points" or not (metric.exact or metric.clock):
        return way
    return "more" if way == "higher" else "less" if metric.clock == "seconds" else "fewer"


def margin(one: Judged) -> str:
    """The smallest difference that counts, in words; empty where none is asked for."""
    return difference(one.question.metric, one.margin, signed=False) if one.margin else ""


def sentence(one: Judged) -> str:
    """The verdict in a sentence or two."""
    if one.rates:
        return _of_rates(one)
    if one.verdict is None:
        return f"No verdict: {one.reason}.{_observed(one)}"
    if one.exact is not None:
        return _of_counts(one)
    assert one.estimate is not None
    return " ".join(part for part in (f"{_finding(one)} {_measure(one)}.", _rest(one)) if part)


def _observed(one: Judged) -> str:
    if len(one.numbers.pairs) != 1 or one.numbers.refused:
        return ""
    (arm, reference), pair, metric = arms(one), one.numbers.pairs[0], one.question.metric
    if _is_interaction(one):
        return f" Seen: {_effects(one, pair.difference)}."
    seen = [value(metric, number_) for number_ in (pair.arm, pair.reference or 0.0)]
    return f" Seen: {arm} {seen[0]}, {reference} {seen[1]}."


def _of_counts(one: Judged) -> str:
    (arm, reference), pair, metric = arms(one), one.numbers.pairs[0], one.question.metric
    mine, theirs = value(metric, pair.arm), value(metric, pair.reference or 0.0)
    if _is_interaction(one):
        said = capital(_effects(one, pair.difference))
    elif one.question.reference is None:
        said = f"{capital(metric.words)} of {arm}: {mine}, against {reference}"
    elif pair.arm == pair.reference:
        said = f"{arm} and {reference} have the same {metric.words}: {mine}"
    else:
        said = f"{arm} has {mine} {metric.words}, {reference} {theirs}{_times(metric, pair.arm, pair.reference or 0.0)}"
    least = f"; differences count from {margin(one)}" if one.margin else ""
    return f"{said}. A count, without spread{least}."


def _times(metric: Metric, arm: float, reference: float) -> str:
    if min(arm, reference) <= 0 or metric.unit == "points":
        return ""
    times = number(max(arm, reference) / min(arm, reference))
    return f" ({times} times as many)" if arm > reference else f" ({times} times fewer)"


def _of_rates(one: Judged) -> str:
    arm, reference = arms(one)
    if _is_interaction(one):
        arm, reference = (" and ".join(_cell(one, cell) for cell in cells) for cells in one.question.opposed)
    (some, of), (others, of_others) = one.numbers.diverged
    beside = f"against {reference}" if one.question.reference is None else f"{others} of {of_others} of {reference}"
    said = f"{some} of {of} runs of {arm} diverged, {beside}{where(one)}"
    end = {
        "supported": "more than chance",
        "refuted": "more than chance",
        "inconclusive": "which chance can do with so few seeds",
        None: one.reason,
    }.get(one.verdict, "")
    corrected = one.support if one.p_support == one.p else one.refute
    return f"{said}: {end} ({_p(one.p, corrected)})."


def _p(p: float | None, corrected: float | None) -> str:
    if p is None:
        return ""
    if corrected is None or corrected <= p + 5e-4:
        return probability(p)
    return f"{probability(p)}, {probability(corrected).removeprefix('p ').removeprefix('= ')} after correction"


def _finding(one: Judged) -> str:
    arm, reference = arms(one)
    metric, mean = one.question.metric, one.mean or 0.0
    least, expect = margin(one), one.question.claim.expect
    compared = _direction(metric, mean, arm, reference) + where(one)
    alike = f"{arm} and {reference} are equal in {metric.words} within {least}{where(one)}"
    if _is_interaction(one):
        compared = _effects(one, mean)
        alike = f"the effects on {metric.words} are equal within {least} between {arm} and {reference}{where(one)}"
    if one.small:
        return f"{capital(compared)}: a real difference, but smaller than the margin of {least}"
    if one.verdict == "inconclusive" and one.reason:
        return f"Undecided, because {one.reason}. Among the runs that can be compared, {compared}"
    if one.verdict == "inconclusive":
        return f"Undecided: {compared}, but {one.estimate.n if one.estimate else 0} seeds leave it open"
    if (one.verdict == "supported") == (expect == "equal") and expect in ("equal", "different"):
        return capital(alike)
    if one.verdict == "refuted" and expect in ("higher", "lower"):
        return f"{capital(compared)}: not {comparative(metric, expect)} by {least}"
    if one.verdict == "refuted":
        return f"{capital(compared)}: more than {least}"
    return capital(compared)


def _effects(one: Judged, amount: float) -> str:
    arm, reference = arms(one)
    return f"the effects differ by {difference(one.question.metric, amount)} between {arm} and {reference}{where(one)}"


def _direction(metric: Metric, mean: float, arm: str, reference: str) -> str:
    if abs(mean) < 1e-12:
        return f"{arm} and {reference} have the same {'' if metric.collapses else 'mean '}{metric.words}"
    if metric.log:
        return f"{arm} has {difference(metric, mean)} the {metric.words} of {reference}"
    way = comparative(metric, "higher" if mean > 0 else "lower")
    if metric.clock:
        return f"{arm} needs {difference(metric, abs(mean), signed=False)} {way} than {reference} ({metric.words})"
    if metric.unit == "points":
        return f"{arm} is {difference(metric, abs(mean), signed=False)} {way} than {reference} in {metric.words}"
    return f"{arm} is {way} than {reference} in {metric.words} by {difference(metric, abs(mean), signed=False)}"


def _measure(one: Judged) -> str:
    estimate, metric = one.estimate, one.question.metric
    assert estimate is not None
    parts = [f"95 % interval {between(metric, estimate.low, estimate.high)}", f"{estimate.n} seeds"]
    expect = one.question.claim.expect
    if one.verdict != "inconclusive" and (one.verdict == "refuted" or expect == "equal"):
        p, corrected = (one.p_refute, one.refute) if one.verdict == "refuted" else (one.p_support, one.support)
        parts.append(_p(p, corrected))
    else:
        parts.append(_p(one.p, one.support if one.p_support == one.p else None))
    return f"({'; '.join(part for part in parts if part)})"


def _rest(one: Judged) -> str:
    estimate, metric = one.estimate, one.question.metric
    assert estimate is not None
    parts = []
    if estimate.agree:
        bound = f"{100 * unseen(estimate.n):.0f} %"
        parts.append(f"All {estimate.n} seeds agree to the measure's resolution; up to {bound} of seeds might not.")
    if any(one.numbers.censored):
        parts.append(_beyond(one))
    if one.verdict == "inconclusive" and one.reason is None and one.detectable is not None:
        reach = difference(metric, one.detectable, signed=False)
        shown = "no difference there can be" if metric.unit == "points" and one.detectable > 1 else reach
        parts.append(f"These seeds could have shown {shown} ({100 * POWER:.0f} % power).")
        parts.append(_more(one))
    return " ".join(parts)


def _beyond(one: Judged) -> str:
    """What the runs that were not seen to their end leave open."""
    (some, others), metric, mean = one.numbers.censored, one.question.metric, one.mean or 0.0
    several = some + others > 1
    if metric.collapses:
        said = f"{some + others} {'numbers lie' if several else 'number lies'} at an end of the grid"
        return f"{said}: what is beyond it is not known."
    runs, count = ("runs", "count") if several else ("run", "counts")
    said = f"{some + others} {runs} did not reach it and {count} with the budget"
    if one.numbers.bounds == {math.copysign(1, mean)} and abs(mean) > 1e-12:
        return f"{said}, so the difference is at least that."
    return f"{said}: how far apart they are is not known."


def _more(one: Judged) -> str:
    if one.barred:
        return f"More seeds alone would not settle it, because {one.barred}."
    if one.more is None:
        return "More seeds than anyone will run would be needed."
    return f"About {plural(one.more, 'more seed')} would settle it, if mean and spread stay as they are."


def headline(judged: Sequence[Judged], waiting: int, total: int) -> str:
    """The whole comparison in a sentence."""
    claims = [one for one in judged if one.question.family == "claims"] or [
        one for one in judged if one.question.family == "controls"
    ]
    so_far = f"So far ({total - waiting} of {total} runs): " if waiting else ""
    if not claims:
        return f"{so_far}Nothing is compared here: all runs are of one arm."
    if len(claims) == 1:
        return f"{so_far}{sentence(claims[0])}"
    counts = {verdict: sum(one.verdict == verdict for one in claims) for verdict in HOLDS}
    tally = ", ".join(f"{count} {HOLDS[verdict]}" for verdict, count in counts.items() if count)
    first = min(claims, key=lambda one: (one.verdict != "supported", one.verdict is None, one.support or 1.0))
    rest = f" {sentence(first)}" if first.verdict in ("supported", "refuted") else ""
    return f"{so_far}Of {len(claims)} claims: {tally}.{rest}"


def capital(text: str) -> str:
    """`text` at a sentence's start; names of settings and values keep their spelling."""
    return text[:1].upper() + text[1:] if text[:4] in ("the ", "test") else text
