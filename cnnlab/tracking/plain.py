"""Plain values: what JSON and YAML can hold, and nothing else."""

import math
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any


def plain(value: Any) -> Any:
    """`value` with numpy's and torch's numbers, paths, tuples and mappings as Python's own.

    TypeError for what has no plain form, with where it lies.

    >>> plain({"size": (28, 28), "at": PurePath("a")})
    {'size': [28, 28], 'at': 'a'}
    """
    return _plain(value, "")


def _plain(value: Any, path: str) -> Any:
    match value:
        case Enum():
            return _plain(value.value, path)
        case None | bool():
            return value
        case str():
            return str(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case PurePath():
            return str(value)
        case Mapping():
            return {str(key): _plain(inner, f"{path}.{key}".lstrip(".")) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    if callable(listed := getattr(value, "tolist", None)):  # numpy and torch, of any number of axes
        return listed()
    raise TypeError(f"{path or 'value'}: {type(value).__name__} is not plain data")


def finite(record: Mapping[str, Any]) -> dict[str, Any]:
    """`record` as JSON can hold it: NaN and infinities are null, and `not_finite` says which and what they were.

    >>> finite({"epoch": 3, "train/loss": float("nan")})
    {'epoch': 3, 'train/loss': None, 'not_finite': {'train/loss': 'nan'}}
    """
    notes: dict[str, str] = {}
    result = _finite(plain(record), "", notes)
    return {**result, "not_finite": notes} if notes else result


def _finite(value: Any, path: str, notes: dict[str, str]) -> Any:
    match value:
        case float() if not math.isfinite(value):
            notes[path] = str(value)
            return None
        case dict():
            return {key: _finite(inner, f"{path}.{key}".lstrip("."), notes) for key, inner in value.items()}
        case list():
            return [_finite(inner, f"{path}[{index}]", notes) for index, inner in enumerate(value)]
    return value
