"""Factors that change one block at a time: `each(model.body.stage*).norm=none`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.sweep.grid import Factor, Level

EACH = re.compile(r"each\(([^()]+)\)((?:\.\w+)*)")
UNCHANGED = "as-is"
MOST_STARS = 4

ModelComposer = Callable[[Sequence[str]], Mapping[str, Any]]
"""what composes the network that overrides make: overrides -> the settings of `model`"""


def no_model(_: Sequence[str]) -> Mapping[str, Any]:
    """Where there is none to ask."""
    return {}


def is_each(name: str) -> bool:
    return name.startswith("each(")


def each(name: str, value: str, model: Mapping[str, Any]) -> Factor:
    """The network as it is, then with the setting changed in one block at a time. UserError where no block fits.

    >>> each("each(model.body.c*).norm", "none", {"body": {"c1": {}, "s2": {}, "c3": {}}}).levels[2]
    Level(label='c3', words=('model.body.c3.norm=none',))
    """
    match = EACH.fullmatch(name)
    if not match:
        raise UserError(Fault(name, "should read each(model.body.NAME*).SETTING=VALUE"))
    known = [f"model.{stack}.{block}" for stack in ("body", "head") for block in model.get(stack) or {}]
    stars = re.sub(r"\*+", "*", match[1])  # a row of them would be tried in every way there is
    if stars.count("*") > MOST_STARS:
        raise UserError(Fault(name, f"has more than {MOST_STARS} stars"))
    pattern = re.compile(re.escape(stars).replace(r"\*", r"[^.]*"))
    matching = [path for path in known if pattern.fullmatch(path)]
    if not matching:
        message = f"no block is called {match[1]!r}"
        raise UserError(Fault.unknown(FaultKind.UNKNOWN_BLOCK, name, message, match[1], known))
    arms = [Level(path.rpartition(".")[2], (f"{path}{match[2]}={value}",)) for path in matching]
    return Factor(name, (Level(UNCHANGED, ()), *arms))
