"""What several expressions have in common, with names for the numbers in which they differ: anti-unification.

nn.Conv2d(3, 64, 3, stride=1), nn.Conv2d(64, 128, 3, stride=2)
nn.Conv2d(channels_in, channels, 3, stride=stride)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from cnnlab.exporting.source.expression import (
    NOTHING,
    Argument,
    Choice,
    ConstructorCall,
    Copies,
    Layers,
    Name,
    Node,
    Value,
    flat,
    is_word,
    same,
)
from cnnlab.exporting.source.parts import PARTS
from cnnlab.exporting.source.tree import Unlike

WORDS = {
    "in_channels": "channels_in",
    "out_channels": "channels",
    "in_features": "features_in",
    "out_features": "features",
    "num_features": "channels",
    "num_channels": "channels",
}
"""names of torch's arguments -> those of ours"""
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
PLAIN_LAYERS = {"conv", "linear", "norm", "act", "pad", "dropout", "layer", "body"}
"""names of layers that say nothing about the numbers within"""


class Signature:
    """A class's arguments: their values for each of its uses, in the order in which they are written."""

    def __init__(self, uses: Sequence[dict[str, Any]], may_add: bool = True):
        self.uses = [dict(use) for use in uses]
        self.names = list(dict.fromkeys(name for use in uses for name in use))
        self.used: dict[str, None] = {}
        """those that the class needs"""
        self.defaults: dict[str, Any] = {}
        self.may_add = may_add
        self.by_role: dict[str, str] = {}
        """names of arguments that stand for all numbers of a role, whether they differ or not"""

    def common(self, nodes: Sequence[Node], rows: Sequence[int], where: tuple[str, ...] = ()) -> Node:
        """The expression that makes each of `nodes`, those of the uses `rows`. Raises Unlike."""
        first = nodes[0]
        if all(node == first for node in nodes) and not isinstance(first, ConstructorCall | Layers | Copies | Value):
            return first
        if all(isinstance(node, Value) for node in nodes):
            return self.value(nodes, rows, where)  # type: ignore[arg-type]
        if all(isinstance(node, ConstructorCall) for node in nodes):
            try:
                return self._calls(nodes, rows, where)  # type: ignore[arg-type]
            except _Different:
                return self._choice(nodes, rows, where)
        if all(isinstance(node, Layers) for node in nodes):
            return self._layers(nodes, rows, where)  # type: ignore[arg-type]
        if all(isinstance(node, Copies) for node in nodes):
            counts = {len(node.layers) for node in nodes}  # type: ignore[union-attr]
            if len(counts) == 1:
                columns = zip(*(node.layers for node in nodes), strict=True)  # type: ignore[union-attr]
                return Copies(tuple(self.common(column, rows, where) for column in columns))
        return self._choice(nodes, rows, where)

    def _calls(self, nodes: Sequence[ConstructorCall], rows: Sequence[int], where: tuple[str, ...]) -> Node:
        first = nodes[0]
        labels = [argument.name for argument in first.arguments]
        for node in nodes:
            if node.function != first.function or [argument.name for argument in node.arguments] != labels:
                raise _Different
        arguments = []
        for column in zip(*(node.arguments for node in nodes), strict=True):
            node = self.common([argument.node for argument in column], rows, where)
            arguments.append(Argument(column[0].name, node, column[0].default, column[0].labeled))
        return ConstructorCall(first.function, tuple(arguments))

    def _layers(self, nodes: Sequence[Layers], rows: Sequence[int], where: tuple[str, ...]) -> Node:
        order = [name for name, _ in max(nodes, key=lambda node: len(node.layers)).layers]
        if any([name for name in order if name in dict(node.layers)] != [n for n, _ in node.layers] for node in nodes):
            return self._choice(nodes, rows, where)
        layers = []
        for name in order:
            column = [dict(node.layers).get(name, NOTHING) for node in nodes]
            layers.append((name, self.common(column, rows, (*where, name))))
        return Layers(tuple(layers), nodes[0].function, nodes[0].open)

    # -- numbers

    def value(self, nodes: Sequence[Value], rows: Sequence[int], where: tuple[str, ...]) -> Node:
        """A constant where they are all the same, else an expression over the arguments; one is added if need be."""
        values, role = [node.value for node in nodes], nodes[0].role
        if role == "padding" and (window := self._half_of_window(values, rows)):
            return Name(self.use(window, f"{window} // 2"))
        if role in self.by_role and self._is(self.by_role[role], values, rows):
            return Name(self.use(self.by_role[role], self.by_role[role]))
        if all(same(value, values[0]) for value in values):
            return nodes[0]
        for name in self.names:
            if self._is(name, values, rows):
                return Name(self.use(name, name))
        if all(type(value) is int for value in values) and (derived := self._derived(values, rows)):
            return Name(derived)
        if all(isinstance(value, tuple) and len(value) == len(values[0]) for value in values):
            parts = [self.value([Value(v) for v in column], rows, where) for column in zip(*values, strict=True)]
            return Name(f"({', '.join(flat(part) for part in parts)}{',' * (len(parts) == 1)})")
        if not self.may_add:
            raise Unlike
        return Name(self._added(values, rows, role, where))

    def _is(self, name: str, values: Sequence[Any], rows: Sequence[int]) -> bool:
        """Whether an argument has just these values."""
        pairs = zip(values, rows, strict=True)
        return all(name in self.uses[row] and same(value, self.uses[row][name]) for value, row in pairs)

    def use(self, name: str, text: str) -> str:
        self.used.setdefault(name.partition("[")[0], None)
        return text

    def _half_of_window(self, values: Sequence[Any], rows: Sequence[int]) -> str | None:
        columns = {name: [self.uses[row].get(name) for row in rows] for name in self.names if "kernel_size" in name}
        for name, column in columns.items():
            if all(type(k) is int and type(v) is int and v == k // 2 for k, v in zip(column, values, strict=True)):
                return name
        return None

    def _derived(self, values: Sequence[int], rows: Sequence[int]) -> str | None:
        """Whole numbers as a multiple, a part, a sum or a product of arguments."""
        columns: dict[str, list[Any]] = {name: [self.uses[row].get(name) for row in rows] for name in self.names}
        for name, column in columns.items():
            if all(isinstance(n, tuple) and len(n) == value for n, value in zip(column, values, strict=True)):
                return self.use(name, f"len({name})")
        numbers = {name: column for name, column in columns.items() if all(type(n) is int and n > 0 for n in column)}
        if text := self._product(values, numbers):
            return text
        for name, column in numbers.items():
            ratios = {Fraction(value, n) for value, n in zip(values, column, strict=True)}
            if len(ratios) == 1:
                (ratio,) = ratios
                text = name if ratio.numerator == 1 else f"{ratio.numerator} * {name}"
                if ratio and ratio.numerator <= 16:
                    return self.use(name, text if ratio.denominator == 1 else f"{text} // {ratio.denominator}")
        for a, first in numbers.items():
            for b, second in numbers.items():
                pairs = list(zip(values, first, second, strict=True))
                if a != b:
                    forms = {
                        f"{a} + {b}": all(value == m + n for value, m, n in pairs),
                        f"{a} - {b}": all(value == m - n for value, m, n in pairs),
                        f"{a} * {b}": all(value == m * n for value, m, n in pairs),
                        f"{a} // {b}": all(value * n == m for value, m, n in pairs),
                    }
                    if text := next((text for text, holds in forms.items() if holds), None):
                        self.use(a, text)
                        return self.use(b, text)
        return None

    def _product(self, values: Sequence[int], numbers: Mapping[str, Sequence[int]]) -> str | None:
        """A multiple of one argument by another that is the same here, and differs elsewhere."""
        for name, factors in numbers.items():
            if len(set(factors)) == 1 != len({use.get(name) for use in self.uses}):
                for other, column in numbers.items():
                    if other != name and all(v == factors[0] * n for v, n in zip(values, column, strict=True)):
                        self.use(name, name)
                        return self.use(other, f"{other} * {name}")
        return None

    def _added(self, values: Sequence[Any], rows: Sequence[int], role: str, where: tuple[str, ...]) -> str:
        word = WORDS.get(role, role.strip("_") or "value")
        place = next((name for name in reversed(where) if is_free(name) and name not in PLAIN_LAYERS), "")
        candidates = [word, place if word == "channels" else f"{place}_{word}" if place else ""]
        candidates += [f"{word}{i}" for i in range(2, 99)]
        name = next(name for name in candidates if name and name not in self.names)
        self.names.append(name)
        for row, value in zip(rows, values, strict=True):
            self.uses[row][name] = value
        if role in DEFAULTS:
            self.defaults[name] = DEFAULTS[role]
        return self.use(name, name)

    # -- conditions

    def _choice(self, nodes: Sequence[Node], rows: Sequence[int], where: tuple[str, ...]) -> Node:
        """One of two expressions by a condition on the arguments; the second may be a choice again."""
        kinds: dict[Any, list[int]] = {}
        for i, node in enumerate(nodes):
            kinds.setdefault(_kind(node), []).append(i)
        if len(kinds) < 2:
            raise Unlike
        for members in kinds.values():
            labels = [i in members for i in range(len(nodes))]
            for wanted, swapped in ((labels, False), ([not label for label in labels], True)):
                if condition := self.condition(wanted, rows):
                    inner = [i for i, label in enumerate(wanted) if label]
                    outer = [i for i, label in enumerate(wanted) if not label]
                    if not swapped or len(kinds) == 2:
                        parts = (
                            self.common([nodes[i] for i in some], [rows[i] for i in some], where)
                            for some in (inner, outer)
                        )
                        return Choice(condition, *parts)
        raise Unlike

    def condition(self, wanted: Sequence[bool], rows: Sequence[int]) -> str | None:
        """A condition on the arguments that holds for just the uses that are wanted; None where none is simple."""
        if all(wanted) or not any(wanted):
            return None
        simple = list(self._conditions(rows))
        for text, names, holds in simple:
            if holds == list(wanted):
                return self._conditioned(names, text)
        broad = [one for one in simple if all(h or not w for h, w in zip(one[2], wanted, strict=True))]
        for count in (2, 3):
            for some in combinations(broad, count):
                if [all(holds) for holds in zip(*(one[2] for one in some), strict=True)] == list(wanted):
                    names = [name for one in some for name in one[1]]
                    return self._conditioned(names, " and ".join(one[0] for one in some))
        return None

    def _conditioned(self, names: Sequence[str], text: str) -> str:
        for name in names:
            self.use(name, text)
        return text

    def _conditions(self, rows: Sequence[int]) -> Iterator[tuple[str, list[str], list[bool]]]:
        columns = {name: [self.uses[row].get(name) for row in rows] for name in self.names}
        for name, column in columns.items():
            if all(isinstance(value, bool) for value in column):
                yield name, [name], [bool(value) for value in column]
                yield f"not {name}", [name], [not value for value in column]
            elif None not in column and not name.startswith("channels"):
                for constant in (1, 0):
                    equal = [value == constant for value in column]
                    if any(equal) and not all(equal):
                        yield f"{name} == {constant}", [name], equal
                        yield f"{name} != {constant}", [name], [not value for value in equal]
        whole = [name for name, column in columns.items() if all(type(value) is int for value in column)]
        for i, a in enumerate(whole):
            for b in whole[i + 1 :]:
                equal = [m == n for m, n in zip(columns[a], columns[b], strict=True)]
                yield f"{a} == {b}", [a, b], equal
                yield f"{a} != {b}", [a, b], [not value for value in equal]


def is_free(name: str) -> bool:
    """Whether an argument may be called so without hiding what the file needs."""
    return is_word(name) and name not in ("self", "x", "nn", "torch", "math", "partial") and name not in PARTS


class _Different(Exception):
    """Two calls are of different classes."""


def _kind(node: Node) -> Any:
    """What two expressions share that may be one with names in them."""
    match node:
        case ConstructorCall(function, arguments):
            inner = [_kind(argument.node) for argument in arguments if not isinstance(argument.node, Value)]
            return function, tuple(argument.name for argument in arguments), tuple(inner)
        case Layers(layers):
            return "layers", tuple(name for name, _ in layers)
        case Copies(layers):
            return "copies", len(layers)
        case Value():
            return ("value",)
    return node
