"""Values of settings in the form that YAML, or an override, has them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cnnlab.settings import Settings


def short_form(value: Any) -> Any:
    """A checked setting as plain data, as short as YAML may have it.

    One number stands for equal rows and columns, and for equal pads of all four sides; a record whose other settings
    are all the usual ones is written by its `shorthand`, a norm by its kind.

    >>> short_form((3, 3)), short_form((1, 1, 2, 2)), short_form((0.9, 0.999))
    (3, [1, 2], [0.9, 0.999])
    """
    match value:
        case Settings() if value.shorthand:
            fields = type(value).model_fields
            unusual = {name: inner for name, inner in value.model_dump().items()
                    if name == value.shorthand or inner != fields[name].default}  # fmt: skip
            return unusual[value.shorthand] if len(unusual) == 1 else unusual
        case Settings():
            return value.model_dump(mode="json")
        case (top, bottom, left, right) if top == bottom and left == right and all(type(n) is int for n in value):
            return top if top == left else [top, left]
        case (first, second) if first == second and type(first) is int:
            return first
        case tuple():
            return [short_form(part) for part in value]
    return value


def one_line(value: Any) -> str:
    """A value as YAML has it on one line, without quotes.

    >>> one_line({"kind": "group", "groups": [1, None], "x": True})
    '{kind: group, groups: [1, null], x: true}'
    """
    return _written(value, lambda scalar: f"{scalar:g}" if isinstance(scalar, float) else str(scalar), " ")


def for_override(value: Any) -> str:
    """A value as the right side of an override has it.

    >>> for_override({"block": "conv", "stride": [1, 2], "norm": None}), for_override(1e-3), for_override("a b")
    ('{block:conv,stride:[1,2],norm:null}', '0.001', "'a b'")
    """
    return _written(value, _quoted, "")


def _quoted(scalar: Any) -> str:
    if not isinstance(scalar, str) or re.fullmatch(r"[\w./+$-]+", scalar):
        return str(scalar)
    return json.dumps(scalar, ensure_ascii=False) if "'" in scalar else f"'{scalar}'"


def _written(value: Any, scalar: Callable[[Any], str], gap: str) -> str:
    match value:
        case Mapping():
            inner = (f"{key}:{gap}{_written(inner_value, scalar, gap)}" for key, inner_value in value.items())
            return f"{{{f',{gap}'.join(inner)}}}"
        case list() | tuple():
            return f"[{f',{gap}'.join(_written(inner_value, scalar, gap) for inner_value in value)}]"
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return scalar(value)
