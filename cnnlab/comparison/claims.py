"""What a study says: claims as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cnnlab.comparison.metrics import NOTHING, Known, Quantity, parse
from cnnlab.settings import Positive, Real, Settings, shown

ALPHA = 0.05
MARGIN = 0.01
"""one point of accuracy"""


def label(value: Any) -> str:
    """A YAML value as the command line would have it.

    >>> label(None), label(True), label(0.1), label("batch")
    ('null', 'true', '0.1', 'batch')
    """
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _labels(value: Any) -> Any:
    return tuple(map(label, value)) if isinstance(value, list | tuple) else (label(value),)


def _one_or_two(value: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(value) <= 2:
        raise ValueError(f"should be one or a pair, not {shown(list(value))}")
    return value


Labels = Annotated[tuple[str, ...], BeforeValidator(_labels, json_schema_input_type=Any), AfterValidator(_one_or_two)]
"""one label, or a pair for an interaction"""


class Claim(Settings):
    """A statement about two arms, or about one arm and a number, that a sweep can support or refute."""

    says: str | None = None
    """the claim in words"""
    factor: Labels | None = None
    """the swept key that the arms differ in; two for an interaction"""
    arm: Labels | None = None
    """the value that the claim is about"""
    reference: Labels | None = None
    """the value it is compared with; the first-listed where none is given"""
    metric: str = "test/acc"
    """what is compared"""
    expect: Literal["higher", "lower", "equal", "different"] = "different"
    """what the arm's number is said to be, beside the reference's"""
    value: Real | None = None
    """a number to compare with, in place of a reference"""
    margin: Positive | None = None
    """the smallest difference that counts, in the metric's unit; of ratios a ratio"""
    where: Annotated[
        dict[str, str], BeforeValidator(lambda raw: _texts(raw), json_schema_input_type=dict[str, Any])
    ] = Field(default_factory=dict)
    """factors held at one value; over those not held the difference is averaged"""
    scale: Literal["linear", "log"] = "linear"
    """`log`: compared as a ratio"""
    control: bool = False
    """must come out supported: otherwise the study could not have seen the other claims"""

    def measure(self, target: float | None = None, known: Known = NOTHING) -> Quantity:
        """The claim's metric; ValueError says what is wrong with it."""
        return parse(self.metric, target=target, ratio=self.scale == "log", known=known)


def _texts(raw: Any) -> Any:
    return {str(key): label(value) for key, value in raw.items()} if isinstance(raw, Mapping) else raw


class JudgedStudy(Settings):
    """The parts of a study that bear on its verdicts."""

    name: str | None = None
    question: str | None = None
    """what the sweep is to answer"""
    source: str | None = None
    """whose claims these are"""
    size: str | None = None
    claims: tuple[Claim, ...] = ()
    margin: Positive | None = None
    """the claims' margin where they have none of their own, for shares"""
    target: Real | None = None
    """the validation accuracy of "epochs to target" """
    tuned: tuple[str, ...] = ()
    """factors whose values each arm is given the best of, chosen by validation accuracy"""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = ALPHA
    """the chance of a wrong verdict among all claims together"""
    show: tuple[str, ...] = ()
    """metrics to plot besides those of the claims"""
    control: str | None = None
    """what must come out, in words"""


def margin_of(claim: Claim, metric: Quantity, usual: float | None) -> float | None:
    """The smallest difference that counts: the claim's, the study's for shares, the metric's own."""
    if metric.text == "diverged":
        return None
    if claim.margin is not None:
        return claim.margin
    return usual if usual is not None and metric.unit == "points" and not metric.log else metric.margin


def spelt(value: str, values: Iterable[str]) -> str | None:
    """`value` as `values` have it: the same text, or the same number.

    >>> spelt("0.10", ["0.1", "1.0"]), spelt("1e0", ["0.1", "1.0"]), spelt("x", ["y"])
    ('0.1', '1.0', None)
    """
    values = list(values)
    if value in values:
        return value
    return next(
        (candidate for candidate in values if _number(candidate) is not None and _number(candidate) == _number(value)),
        None,
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
