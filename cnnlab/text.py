"""Numbers, sizes and times as text: the same in messages, tables, pages and pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timezone


def dims(shape: Iterable[object]) -> str:
    """
    >>> dims((3, 32, 32)), dims((400,))
    ('3×32×32', '400')
    """
    return "×".join(map(str, shape))


def number(value: float, digits: int = 3) -> str:
    """A number for reading: few digits, a true minus sign, thousands apart.

    >>> number(-0.012345), number(1234567.0), number(12.0), number(999.7), number(0.000001234)
    ('−0.0123', '1,234,567', '12', '1,000', '1.23e−06')
    """
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    if value == int(value) and abs(value) < 1e15:
        text = f"{int(value):,}"
    elif "e+" in (text := f"{value:.{digits}g}") or abs(value) >= 1000:
        text = f"{value:,.0f}"
    return text.replace("-", "−")


def compact(value: float, thousands: float = 1e5, digits: int = 3) -> str:
    """A number with a unit of size; those of at least `thousands` in thousands, smaller ones in full.

    >>> compact(11_689_512), compact(9_408), compact(1_814_073_344), compact(999_900_000), compact(20_000, 1e4)
    ('11.7 M', '9,408', '1.81 G', '1,000 M', '20 k')
    """
    for least, size, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (thousands, 1e3, "k")):
        if abs(value) >= least:
            return f"{number(value / size)} {unit}"
    return number(value, digits)


def millions(count: int) -> str:
    """A count for a column of counts that are mostly millions.

    >>> millions(9_408), millions(614_656)
    ('9,408', '0.61 M')
    """
    return f"{count / 1e6:,.2f} M" if count >= 1e4 else f"{count:,}"


def percent(share: float, digits: int = 2) -> str:
    """A share in per cent, with at most so many digits behind the point.

    >>> percent(0.845), percent(0.9), percent(0.84512, 1), percent(-0.02)
    ('84.5 %', '90 %', '84.5 %', '−2 %')
    """
    text = f"{100 * share:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text} %".replace("-", "−")


def plural(count: int | str, noun: str) -> str:
    """
    >>> plural(1, "seed"), plural(2, "seed"), plural(f"{2000:,}", "image")
    ('1 seed', '2 seeds', '2,000 images')
    """
    return f"{count} {noun}{'' if str(count) == '1' else 's'}"


def shortened(text: str, length: int) -> str:
    """A text of at most `length` characters, cut with "…" where it is longer.

    >>> shortened("a_very_long_name", 8)
    'a_very_…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def timestamp() -> str:
    """The present time in UTC, as records have it: "2026-11-30T20:00:00+00:00"."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
