"""Settings by patterns of names: which of them holds for a weight, and which pattern names nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from math import inf
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from cnnlab.dotted import flat, prefixes
from cnnlab.errors import Fault, FaultKind, meant
from cnnlab.settings import shown

T = TypeVar("T")


def _factors(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"should be factors by names of blocks, {{body.stage1: 0.1}}, not {shown(value)}")
    factors = {name: factor for name, factor in flat(value).items() if factor is not None}
    for name, factor in factors.items():
        if type(factor) not in (int, float) or not 0 <= factor < inf:
            raise ValueError(f"the factor of {name} should be a number of at least 0, not {shown(factor)}")
    return factors


Factors = Annotated[dict[str, float], BeforeValidator(_factors, json_schema_input_type=dict[str, Any])]
"""factors by patterns of names"""


def chosen(name: str, table: Mapping[str, T]) -> T | None:
    """What `table` has for a weight: of the patterns that match it or something around it, the most specific one's.

    `*` in a pattern stands for anything, dots too; of equally specific patterns the last counts.

    >>> table = {"body": 1, "body.stage*": 2, "*.norm": 3}
    >>> [chosen(f"body.{name}.weight", table) for name in ("stem.0.conv", "stage2.0.conv", "stage2.0.norm")]
    [1, 2, 3]
    """
    around, best, value = prefixes(name), 0, None
    for pattern, setting in table.items():
        depth = next((i for i, prefix in enumerate(around, 1) if fnmatchcase(prefix, pattern)), 0)
        if depth and depth >= best:
            best, value = depth, setting
    return value


def misnamed(table: Iterable[str], names: Iterable[str], path: str) -> list[Fault]:
    """A fault for each pattern in `table`, the setting at `path`, that matches none of a network's weights `names`."""
    there = dict.fromkeys(prefix for name in names for prefix in prefixes(name))
    blocks = [name for name in there if name.count(".") == 1]
    faults = []
    for pattern in table:
        if not any(fnmatchcase(name, pattern) for name in there):
            known = there if meant(pattern, list(there)) else blocks
            message = f"no weights are named {pattern!r}"
            faults.append(Fault.unknown(FaultKind.UNKNOWN_CHOICE, path, message, pattern, known))
    return faults
