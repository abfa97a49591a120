"""Arithmetic in the blocks that YAML defines: `$channels/ratio`, over the parameters of such a block, and nothing else.

It is read as a syntax tree of which only numbers, names, + - * / // %, min and max are understood; nothing is run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from cnnlab.errors import near
from cnnlab.settings import shown

UNKNOWN = object()
"""stands for a parameter that is worked out from what has no value"""


class Unknown(ValueError):
    """A parameter is UNKNOWN; why is told where it is worked out."""


LONGEST = 200
"""characters of an expression"""
LARGEST = 10**12
"""that a number may be on its way through a calculation: no setting takes more than 10^9, and `$n * n` that goes from
one block into the next doubles its digits each time"""


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


def names_in(value: Any) -> set[str]:
    """The parameters that an expression names; none of what is no expression."""
    return set(re.findall(r"[A-Za-z_]\w*", value)) if is_expression(value) else set()


def parameter_of(value: Any) -> str | None:
    """The parameter that a value is, alone: `$stride`."""
    return value[1:].strip() if is_expression(value) and value[1:].strip().isidentifier() else None


def evaluate(text: str, params: Mapping[str, Any]) -> Any:
    """The value of `$…`. A parameter by itself may be of any type; calculated is with numbers.

    Raises ValueError: a name that is no parameter, a division that leaves a remainder (both numbers are named), or
    what is not arithmetic; Unknown where it needs what is UNKNOWN.

    >>> evaluate("$2 * growth", {"growth": 32}), evaluate("$channels / ratio", {"channels": 64, "ratio": 4})
    (64, 16)
    """
    if len(text) > LONGEST:
        raise ValueError(f"{shown(text)} is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.replace("$", "").strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text} is not arithmetic over the block's parameters") from None
    if isinstance(tree, ast.Name):
        return _named(tree.id, params)
    try:
        return _value(tree, params, text)
    except RecursionError:
        raise ValueError(f"{shown(text)} is nested too deeply") from None


def _named(name: str, params: Mapping[str, Any]) -> Any:
    if name not in params:
        raise ValueError(f"there is no parameter {name!r}{near(name, params)}")
    if params[name] is UNKNOWN:
        raise Unknown(name)
    return params[name]


def _value(node: ast.AST, params: Mapping[str, Any], text: str) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value, text)
        case ast.Name(id=name):
            value = _named(name, params)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{text} calculates with {name}, which is {shown(value)}, not a number")
            return _bounded(value, text)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, params, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return _bounded(OPERATIONS[type(op)](_value(left, params, text), _value(right, params, text)), text)
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args, keywords=[]) if args:
            return {"min": min, "max": max}[name](_value(arg, params, text) for arg in args)
    raise ValueError(f"{text} is not arithmetic: numbers, parameters, + - * / // %, min and max are")


def _bounded(value: int | float, text: str) -> int | float:
    if not abs(value) <= LARGEST:  # NaN, too
        raise ValueError(f"{shown(text)} makes a number beyond {LARGEST:,}, which no setting takes")
    return value


def _divided(a: Any, b: Any) -> Any:
    if not b:
        raise ValueError(f"{a} / {b} divides by zero")
    if isinstance(a, int) and isinstance(b, int):
        if a % b:
            raise ValueError(f"{a} / {b} is not a whole number; // rounds down")
        return a // b
    return a / b


def _checked(operation: Callable[[Any, Any], Any], sign: str) -> Callable[[Any, Any], Any]:
    def apply(a: Any, b: Any) -> Any:
        if not b:
            raise ValueError(f"{a} {sign} {b} divides by zero")
        return operation(a, b)

    return apply


OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _divided,
    ast.FloorDiv: _checked(lambda a, b: a // b, "//"),
    ast.Mod: _checked(lambda a, b: a % b, "%"),
}
