"""Python expressions that make modules, and how they are written: as ruff formats them, in lines of 100 characters."""

from __future__ import annotations

import json
import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

WIDTH = 100
"""characters that a line may have"""
UNSET: Any = object()
"""a default that there is not"""


@dataclass(frozen=True)
class Value:
    """A constant, and the argument that it stands for: `kernel_size`, `out_channels`."""

    value: Any
    role: str = ""


@dataclass(frozen=True)
class Name:
    """A Python expression over a class's arguments."""

    text: str


@dataclass(frozen=True)
class Argument:
    """An argument of a call; it is left out where it is its `default`, and written with its label if it has one."""

    name: str
    node: Node
    default: Any = UNSET
    labeled: bool = False


@dataclass(frozen=True)
class ConstructorCall:
    """A class with arguments."""

    function: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Layers:
    """Named layers one after another; `function` is the class that they are given to."""

    layers: tuple[tuple[str, Node], ...]
    function: str = "Stack"
    open: bool = False
    """whether each has a line of its own, however short they are"""


@dataclass(frozen=True)
class Copies:
    """Numbered layers one after another."""

    layers: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of two, by a condition on a class's arguments."""

    condition: str
    then: Node
    otherwise: Node


Node = Value | Name | ConstructorCall | Layers | Copies | Choice
NOTHING = Value(None)


def literal(value: Any) -> str:
    """A constant in Python.

    >>> literal(float("-inf")), literal((0, 2)), literal(1e-05)
    ('float("-inf")', '(0, 2)', '1e-05')
    """
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return json.dumps(value) if isinstance(value, str) else repr(value)


def is_word(name: str) -> bool:
    """Whether a name can be an attribute, or the argument of a call."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def flat(node: Node) -> str:
    """In one line."""
    match node:
        case Value(value):
            return literal(value)
        case Name(text):
            return text
        case Choice(condition, then, otherwise):
            return f"{flat(then)} if {condition} else {flat(otherwise)}"
    function, parts = _call(node)
    return f"{function}({', '.join(lead + flat(part) + tail for lead, part, tail in parts)})"


def written(node: Node, indent: int = 0, lead: str = "", tail: str = "") -> list[str]:
    """The lines of an expression behind `lead` and before `tail`."""
    pad = " " * indent
    is_open = isinstance(node, Layers) and node.open and len(node.layers) > 1
    line = f"{pad}{lead}{flat(node)}{tail}"
    if (len(line) <= WIDTH and not is_open) or isinstance(node, Value | Name):
        return [line]
    if isinstance(node, Choice):
        then, otherwise = written(node.then, indent + 4), written(node.otherwise, indent + 4, "else ")
        return [f"{pad}{lead}(", *then, f"{pad}    if {node.condition}", *otherwise, f"{pad}){tail}"]
    function, parts = _call(node)
    inner = [written(part, indent + 4, before, after + ",") for before, part, after in parts]
    return [f"{pad}{lead}{function}(", *(line for lines in inner for line in lines), f"{pad}){tail}"]


Part = tuple[str, Node, str]


def _call(node: Node) -> tuple[str, list[Part]]:
    """A call's function, and its arguments with what stands before and behind each."""
    match node:
        case ConstructorCall(function, arguments):
            return function, _arguments(arguments)
        case Copies(layers):
            return "nn.Sequential", list(_loops(layers))
        case Layers(layers, function):
            return function, stacked(layers)
    raise AssertionError(node)


def stacked(layers: Sequence[tuple[str, Node]]) -> list[Part]:
    """The layers of a stack: those numbered from 0 on, then those with names."""
    numbered = 0
    while numbered < len(layers) and layers[numbered][0] == str(numbered):
        numbered += 1
    named = [
        (f"{name}=", layer, "") if is_word(name) else (f"**{{{literal(name)}: ", layer, "}")
        for name, layer in layers[numbered:]
    ]
    return [*_loops([layer for _, layer in layers[:numbered]]), *named]


def _arguments(arguments: Sequence[Argument]) -> list[Part]:
    parts, named = [], False
    for argument in arguments:
        if isinstance(argument.node, Value) and same(argument.node.value, argument.default):
            named = True
            continue
        named = named or argument.labeled
        parts.append((f"{argument.name}=" if named else "", argument.node, ""))
    return parts


def same(a: Any, b: Any) -> bool:
    """Whether two constants are one: 1 and True are not."""
    return type(a) is type(b) and bool(a == b)


# -- copies in a row


def _loops(layers: Sequence[Node]) -> list[Part]:
    """Layers, those in a row that are the same, or count up in their numbers, as a loop."""
    parts: list[Part] = []
    i = 0
    while i < len(layers):
        count = _alike(layers, i)
        steps = _steps(layers, i)
        if count >= 2 and count >= steps:
            parts.append(("*(", layers[i], f" for _ in range({count}))"))
            i += count
        elif steps >= 3:
            parts.append(("*(", _counted(layers[i], layers[i + 1]), f" for i in range({steps}))"))
            i += steps
        else:
            parts.append(("", layers[i], ""))
            i += 1
    return parts


def _alike(layers: Sequence[Node], first: int) -> int:
    """How many from `first` on are the same."""
    return next((i for i, layer in enumerate(layers[first:]) if layer != layers[first]), len(layers) - first)


def _steps(layers: Sequence[Node], first: int) -> int:
    """How many from `first` on are calls whose whole numbers grow by the same each time."""
    grown = [_growth(a, b) for a, b in pairwise(layers[first:])]
    if not grown or grown[0] is None or not any(grown[0]):
        return 1
    return 1 + next((i for i, growth in enumerate(grown) if growth != grown[0]), len(grown))


def _growth(a: Node, b: Node) -> tuple[int, ...] | None:
    """By how much each argument of a call is larger than that of another; None where they differ in more."""
    if not isinstance(a, ConstructorCall) or not isinstance(b, ConstructorCall) or a.function != b.function:
        return None
    growth = []
    for one, other in zip(a.arguments, b.arguments, strict=True):
        if one.node == other.node:
            growth.append(0)
        elif isinstance(one.node, Value) and isinstance(other.node, Value):
            if type(one.node.value) is not int or type(other.node.value) is not int:
                return None
            growth.append(other.node.value - one.node.value)
        else:
            return None
    return tuple(growth)


def _counted(first: Node, second: Node) -> Node:
    """A call in a loop over i."""
    assert isinstance(first, ConstructorCall)
    arguments = []
    for argument, growth in zip(first.arguments, _growth(first, second) or (), strict=True):
        node = argument.node
        if growth:
            assert isinstance(node, Value)
            step = "i" if abs(growth) == 1 else f"{abs(growth)} * i"
            node = Name(f"{node.value} {'+' if growth > 0 else '-'} {step}")
        arguments.append(Argument(argument.name, node, argument.default, argument.labeled))
    return ConstructorCall(first.function, tuple(arguments))
