"""The words of a comparison: values, differences and probabilities, each with its unit."""

from __future__ import annotations

import math
from typing import Literal

from cnnlab.comparison.ledger import UNSAID
from cnnlab.comparison.metrics import Quantity
from cnnlab.text import number


def value(metric: Quantity, number_: float) -> str:
    """A run's number with its unit: accuracies as they are spoken of, in per cent."""
    if metric.unit == "points":
        return f"{100 * number_:.2f} %"
    return counted(number(number_), metric.unit)


def counted(text: str, unit: str) -> str:
    """
    >>> counted("1", "epochs"), counted("−1.5", "epochs"), counted("1", "s"), counted("1", "")
    ('1 epoch', '−1.5 epochs', '1 s', '1')
    """
    singular = text.lstrip("+−") == "1" and unit in ("epochs", "steps")
    return f"{text} {unit.removesuffix('s') if singular else unit}".rstrip()


def at_least(metric: Quantity, mean: float, beyond: int) -> str:
    """A mean to which runs that did not get there within the budget have contributed the budget."""
    return f"{'> ' if beyond else ''}{value(metric, mean)}"


def span(metric: Quantity, bounds: tuple[float, float]) -> str:
    """From one number to another, their unit said once."""
    low, high = bounds
    return f"{value(metric, low) if metric.unit == 'points' else number(low)} to {value(metric, high)}"


def difference(metric: Quantity, amount: float, signed: bool = True) -> str:
    """A difference as it is judged, in the metric's unit; of ratios the ratio."""
    if metric.log:
        return f"×{number(math.exp(amount))}"
    if metric.unit == "points":
        text = f"{100 * amount:{'+' if signed else ''}.2f}".replace("-", "−")
        return f"{text} points"
    text = number(amount)
    return counted(f"+{text}" if signed and amount > 0 else text, metric.unit)


def between(metric: Quantity, low: float, high: float) -> str:
    """An interval of differences, without its unit; an end at infinity is none."""
    if math.isinf(low):
        return f"at most {_bare(metric, high)}"
    if math.isinf(high):
        return f"at least {_bare(metric, low)}"
    return f"{_bare(metric, low)} to {_bare(metric, high)}"


def _bare(metric: Quantity, amount: float) -> str:
    if metric.log:
        return f"×{number(math.exp(amount))}"
    return f"{100 * amount:.2f}".replace("-", "−") if metric.unit == "points" else number(amount)


def probability(p: float) -> str:
    """
    >>> probability(0.0312), probability(0.00001)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def setting(factor: str, label: str) -> str:
    """A factor at a value, by the last part of its name.

    >>> setting("model.norm", "batch"), setting("model", "resnet18"), setting("model.norm", "—")
    ('norm=batch', 'resnet18', 'norm unsaid')
    """
    if label == UNSAID:
        return f"{factor.rpartition('.')[2]} unsaid"
    return label if factor in ("model", "data", "variant", "experiment") else f"{factor.rpartition('.')[2]}={label}"


def unlogged(amount: float) -> float:
    """A difference of logarithms as the ratio it is."""
    return math.exp(amount)


def comparative(metric: Quantity, way: Literal["higher", "lower"]) -> str:
    """What is counted is more or fewer, time is more or less, anything else is higher or lower."""
    if metric.unit == "points" or not (metric.exact or metric.clock):
        return way
    return "more" if way == "higher" else "less" if metric.clock == "seconds" else "fewer"


def probabilities(p: float | None, corrected: float | None) -> str:
    """A p-value, with the corrected one beside it where that is another.

    >>> probabilities(0.024, 0.096), probabilities(0.024, None)
    ('p = 0.024, 0.096 after correction', 'p = 0.024')
    """
    if p is None:
        return ""
    if corrected is None or corrected <= p + 5e-4:
        return probability(p)
    return f"{probability(p)}, {bare_probability(corrected)} after correction"


def bare_probability(p: float | None) -> str:
    """
    >>> bare_probability(0.0312), bare_probability(0.0001), bare_probability(None)
    ('0.031', '< 0.001', '')
    """
    return "" if p is None else probability(p).removeprefix("p ").removeprefix("= ")


def capital(text: str) -> str:
    """`text` at a sentence's start; names of settings and values keep their spelling."""
    return text[:1].upper() + text[1:] if text[:4] in ("the ", "test", "what") else text
