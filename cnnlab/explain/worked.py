"""Arithmetic that keeps its working: numbers that know how they were come by, as a person would write it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

SUM, PRODUCT, ATOM = 1, 2, 3
"""how tightly what is written holds together"""


@dataclass(frozen=True)
class Worked:
    """A number, and the working that leads to it.

    >>> n = floor((number(28) + number(2) * 2 - 5) / 1) + 1
    >>> str(n)
    '⌊(28 + 2·2 − 5)/1⌋ + 1 = 28'
    """

    value: Fraction
    text: str
    binds: int = ATOM
    sign: str = "="
    """≈ where the value is rounded"""

    def __add__(self, other: Number) -> Worked:
        right = number(other)
        return Worked(self.value + right.value, f"{self.text} + {right.text}", SUM)

    def __sub__(self, other: Number) -> Worked:
        right = number(other)
        return Worked(self.value - right.value, f"{self.text} − {right.within(PRODUCT)}", SUM)

    def __mul__(self, other: Number) -> Worked:
        right = number(other)
        inner = right.within(ATOM if "/" in right.text else PRODUCT)
        return Worked(self.value * right.value, f"{self.within(PRODUCT)}·{inner}", PRODUCT)

    def __truediv__(self, other: Number) -> Worked:
        right = number(other)
        return Worked(self.value / right.value, f"{self.within(PRODUCT)}/{right.within(ATOM)}", PRODUCT)

    def within(self, binds: int) -> str:
        """As it is written inside of what holds together so tightly."""
        return self.text if self.binds >= binds else f"({self.text})"

    @property
    def is_plain(self) -> bool:
        """Whether it is a number as such, with no working to show."""
        return self.text == _written(self.value)

    def __str__(self) -> str:
        return self.text if self.is_plain else f"{self.text} {self.sign} {_written(self.value)}"


Number = int | float | Fraction | Worked


def number(value: Number) -> Worked:
    if isinstance(value, Worked):
        return value
    exact = Fraction(value).limit_denominator(10**6)
    text = _written(exact)
    return Worked(exact, text, PRODUCT if "/" in text else ATOM)


def _written(value: Fraction) -> str:
    """
    >>> _written(Fraction(102_764_544)), _written(Fraction(8, 3)), _written(Fraction(5, 2))
    ('102,764,544', '8/3', '2.5')
    """
    if value.denominator == 1:
        return f"{value.numerator:,}"
    return f"{float(value):g}" if 1000 % value.denominator == 0 else f"{value.numerator}/{value.denominator}"


def floor(inner: Worked) -> Worked:
    return Worked(Fraction(math.floor(inner.value)), f"⌊{inner.text}⌋")


def ceil(inner: Worked) -> Worked:
    return Worked(Fraction(math.ceil(inner.value)), f"⌈{inner.text}⌉")


def about(inner: Worked, value: Fraction) -> Worked:
    """As it was rounded."""
    return Worked(value, inner.text, inner.binds, "≈")


def largest(*parts: Number) -> Worked:
    """The largest; where all are equal, just that."""
    worked = [number(part) for part in parts]
    if len({part.value for part in worked}) == 1:
        return worked[0]
    return Worked(max(part.value for part in worked), f"max({', '.join(part.text for part in worked)})")


def product(*parts: Number) -> Worked:
    first, *rest = (number(part) for part in parts)
    for part in rest:
        first = first * part
    return first


def total(*parts: Number) -> Worked:
    first, *rest = (number(part) for part in parts)
    for part in rest:
        first = first + part
    return first
