"""The classes that a network is printed with: one for each kind of block, with what its uses differ in as arguments."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from cnnlab.blocks import modules as own
from cnnlab.exporting.source.expression import (
    NOTHING,
    UNSET,
    Argument,
    ConstructorCall,
    Copies,
    Layers,
    Name,
    Node,
    Value,
)
from cnnlab.exporting.source.forward import forward, is_nothing, is_sharing_said
from cnnlab.exporting.source.tree import Unlike, children, expression, has_own_forward, is_numbered, is_quiet
from cnnlab.exporting.source.unify import WORDS, Signature, is_free
from cnnlab.exporting.source.uses import Tree, Use, is_unit, numbers, plain_number, required

POSITIONAL = ("channels_in", "features_in", "channels", "features", "kernel_size")
"""arguments that calls do not name"""
UNIT_ROLES = ("in_channels", "out_channels", "in_features", "out_features", "kernel_size")
"""torch's arguments that every convolution and linear layer is given"""


@dataclass
class Printed:
    """A class as it is printed."""

    name: str
    doc: str
    arguments: list[tuple[str, Any, str]]
    """names with their defaults and types"""
    layers: list[tuple[str, Node]]
    """its attributes; of a stack, its layers"""
    quiet: list[tuple[str, str | None]] = field(default_factory=list)
    """calls that have layers start quietly, and the conditions under which they do"""
    forward: list[str] = field(default_factory=list)
    """none of a stack"""

    @property
    def is_stack(self) -> bool:
        return not self.forward


class Classes:
    """All of a network's classes, made from the inside out."""

    def __init__(self, trees: Sequence[Tree], is_first: Callable[[nn.Module], bool], taken: Iterable[str]):
        self.is_first = is_first
        self.printed: dict[str, Printed] = {}
        self.calls: dict[nn.Module, ConstructorCall] = {}
        self.names = Counter(dict.fromkeys(taken, 1))
        uses = {use.module: use for tree in trees for use in tree.uses()}
        groups: dict[int, dict[Any, list[Use]]] = {}
        for group in _groups(uses).values():
            groups.setdefault(max(group[1] for group in group), {})[id(group)] = [use for use, _ in group]
        for level in sorted(groups):
            for group in groups[level].values():
                self.define(group)

    def node(self, module: nn.Module) -> Node:
        return expression(module, self.calls.get, self.is_first)

    def inside(self, module: nn.Module) -> Node:
        """What a stack that is itself a class is made of."""
        return expression(module, lambda part: None if part is module else self.calls.get(part), self.is_first)

    def define(self, uses: Sequence[Use]) -> None:
        """A class for all of these, or as few as may be."""
        real = [use for use in uses if use.is_real]
        if uses[0].kind == "single layer":
            self._units(uses)
            return
        for some in (uses, real):
            if some and self._defined(some):
                return
        self._rest(real)

    def _rest(self, uses: Sequence[Use]) -> None:
        """Uses that no class can be common to: a class for each form of them."""
        forms: dict[str, list[Use]] = {}
        for use in uses:
            forms.setdefault(self._form(use), []).append(use)
        for some in forms.values():
            if not self._defined(some):
                for use in some:
                    self._defined([use])

    def _units(self, uses: Sequence[Use]) -> None:
        """Classes for the forms of single convolutions and linear layers that are there more than once."""
        forms: dict[str, list[Use]] = {}
        for use in uses:
            forms.setdefault(self._form(use), []).append(use)
        for some in sorted(forms.values(), key=lambda some: -sum(use.is_real for use in some)):
            if sum(use.is_real for use in some) > 1:
                self._defined(some)

    def _form(self, use: Use) -> str:
        """What is alike in uses but for numbers."""
        node = self.inside(use.module) if _is_stack(use.module) else Layers(tuple(self._attributes(use.module)))
        how = str(getattr(use.module, "joined_by", "")) + str(getattr(use.module, "_sources", ""))
        return f"{type(use.module).__name__} {how} {_skeleton(node)}"

    def _attributes(self, module: nn.Module) -> list[tuple[str, Node]]:
        parts = [(name, part) for name, part in children(module) if not _is_left_out(module, part)]
        return [(name, self.node(part)) for name, part in parts]

    # -- one class

    def _defined(self, uses: Sequence[Use]) -> bool:
        """Whether one class can make all of these; then it is there, with a call for each."""
        if len({_family(use.module) for use in uses}) > 1:
            return False
        known = _arguments_known(uses)
        signature = Signature(known)
        if is_unit(uses[0].module):
            signature.by_role = {role: WORDS.get(role, role) for role in UNIT_ROLES}
        modules = [use.module for use in uses]
        try:
            lines = [] if _is_stack(modules[0]) else forward(modules)
            layers = self._common_layers(modules, signature)
            silent = self._quiet(modules, layers, signature)
        except Unlike:
            return False
        name = self._name(uses)
        defaults = {**_defaults(uses), **signature.defaults}
        order = {word: i for i, word in enumerate(POSITIONAL)}
        used = sorted(signature.used, key=lambda word: (word in defaults, order.get(word, 99)))
        arguments = [(word, defaults.get(word, UNSET), _type(use.get(word) for use in signature.uses)) for word in used]
        self.printed[name] = Printed(name, _doc(uses), arguments, layers, silent, lines)
        for use, values in zip(uses, signature.uses, strict=True):
            call = [Argument(w, Value(values.get(w), w), d, labeled=w not in POSITIONAL) for w, d, _ in arguments]
            self.calls[use.module] = ConstructorCall(name, tuple(call))
        return True

    def _common_layers(self, modules: Sequence[nn.Module], signature: Signature) -> list[tuple[str, Node]]:
        rows = range(len(modules))
        if _is_stack(modules[0]):
            node = signature.common([self.inside(module) for module in modules], rows)
            if not isinstance(node, Layers):
                raise Unlike
            return list(node.layers)
        columns = [dict(self._attributes(module)) for module in modules]
        for column, module in zip(columns, modules, strict=True):
            if isinstance(module, own.Branches) and module.drop_path:
                column["drop_path"] = Value(module.drop_path, "drop_path")
        if is_sharing_said(modules):
            for column, module in zip(columns, modules, strict=True):
                column["shared"] = Value(bool(module.shared), "shared")
        order = list(max(columns, key=len))
        if any([name for name in order if name in column] != list(column) for column in columns):
            raise Unlike
        layers = []
        for name in order:
            absent = ConstructorCall("nn.Identity") if name in ("act", "drop", "scale") else NOTHING
            nodes = [column.get(name, absent) for column in columns]
            layers.append((name, signature.common(nodes, rows, (name,))))
        return layers

    def _quiet(
        self, modules: Sequence[nn.Module], layers: Sequence[tuple[str, Node]], signature: Signature
    ) -> list[tuple[str, str | None]]:
        """The layers that start quietly, with the condition under which they do so."""
        if _is_stack(modules[0]):
            return []
        paths = [_quiet_paths(module) for module in modules]
        quiet = []
        for path in dict.fromkeys(path for some in paths for path in some):
            there = [path in some for some in paths]
            condition = None
            if not all(there):
                shortcuts = [getattr(module, "shortcut", None) is not None for module in modules]
                is_so = "self.shortcut is not None" if there == shortcuts else None
                condition = is_so or signature.condition(there, range(len(modules)))
                if condition is None:
                    raise Unlike
            quiet.append((path, condition))
        return quiet

    def _name(self, uses: Sequence[Use]) -> str:
        names = [_unit_name(uses[0].module), _unit_name(uses[0].module, exact=True)]
        if uses[0].kind != "single layer":
            names = ["".join(word[:1].upper() + word[1:] for word in re.split(r"\W|_", uses[0].kind)) or "Block"]
            names = [name if name.isascii() and name.isidentifier() else "Block" for name in names]
        name = next((name for name in names if not self.names[name]), None)
        if name is None:
            self.names[names[0]] += 1
            name = f"{names[0]}{self.names[names[0]]}"
        self.names[name] += 1
        return name


def _groups(uses: dict[nn.Module, Use]) -> dict[Any, list[tuple[Use, int]]]:
    """Uses of one kind, each with how many classes stand inside of another within it."""
    heights: dict[nn.Module, int] = {}

    def height(module: nn.Module) -> int:
        if module not in heights:
            inner = [height(part) for part in module.children()]
            heights[module] = max(inner, default=0) + (module in uses)
        return heights[module]

    groups: dict[Any, list[tuple[Use, int]]] = {}
    for module, use in uses.items():
        level = height(module)
        key = (use.kind, bool(use.known), type(use.record), None if use.record else level)
        key = ("single layer",) if use.kind == "single layer" else key
        groups.setdefault(key, []).append((use, level))
    return groups


def _is_stack(module: nn.Module) -> bool:
    return not has_own_forward(module)


def _family(module: nn.Module) -> Any:
    """What two modules must share to be uses of one class."""
    how: Any = ()
    if isinstance(module, own.Branches):
        how = (module.joined_by, bool(module.drop_path), tuple(is_nothing(part) for part in module.values()))
    return (type(module) if has_own_forward(module) else nn.Sequential, how, str(getattr(module, "_sources", "")))


def _is_left_out(module: nn.Module, part: nn.Module) -> bool:
    """Whether a branch passes on what it takes, which needs no layer."""
    return isinstance(module, own.Branches) and is_nothing(part) and not module.drop_path


def _quiet_paths(module: nn.Module) -> list[str]:
    """Where in a module layers start quietly, but for those in another inside of it."""

    def inside(part: nn.Module, path: str) -> list[str]:
        if is_quiet(part):
            return [f"quiet_conv({path})" if isinstance(part, nn.Conv2d) else f"quiet({path})"]
        if has_own_forward(part) and part is not module:
            return []
        steps = [(f"[{name}]" if is_numbered(part) else f".{name}", child) for name, child in children(part)]
        return [known_values for step, child in steps for known_values in inside(child, path + step)]

    return inside(module, "self")


def _skeleton(node: Node) -> str:
    """An expression without its numbers."""
    match node:
        case Value():
            return "_"
        case Name(text):
            return text
        case ConstructorCall(function, arguments):
            return f"{function}({', '.join(_skeleton(argument.node) for argument in arguments)})"
        case Layers(layers):
            return f"[{', '.join(f'{name}={_skeleton(layer)}' for name, layer in layers)}]"
        case Copies(layers):
            return f"[{', '.join(map(_skeleton, layers))}]"
    return "?"


# -- arguments


def _arguments_known(uses: Sequence[Use]) -> list[dict[str, Any]]:
    """What the settings of each use, and the channels that it takes, give names to."""
    if is_unit(uses[0].module):
        return [_of_unit(use.module) for use in uses]
    settings = [numbers(use.record) if use.record else _given(use) for use in uses]
    needed = {name for use in uses if use.record for name in required(use.record)}
    real = [said for said, use in zip(settings, uses, strict=True) if use.is_real] or settings
    varied = {name for said in real for name in said if any(other.get(name) != said[name] for other in real)}
    known = []
    for use, said in zip(uses, settings, strict=True):
        row: dict[str, Any] = {"channels_in": use.channels[0]} if use.channels else {}
        if not use.record and len(use.channels) > 1 and not use.known:
            row["channels"] = use.channels[-1]
        row |= {name: n for name, n in said.items() if not use.record or name.partition("[")[0] in needed | varied}
        known.append(row)
    return known


def _given(use: Use) -> dict[str, Any]:
    """The parameters of a block that YAML defines."""
    params = use.known.params if use.known else {}
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
    kinds = (bool, int, float, tuple)
    return {name: value for name, value in plain.items() if is_free(name) and isinstance(value, kinds)}


def _of_unit(module: nn.Module) -> dict[str, Any]:
    conv, linear = module._modules.get("conv"), module._modules.get("linear")
    if isinstance(conv, nn.Conv2d | nn.ConvTranspose2d):
        window = plain_number(conv.kernel_size)
        return {"channels_in": conv.in_channels, "channels": conv.out_channels, "kernel_size": window}
    assert isinstance(linear, nn.Linear)
    return {"features_in": linear.in_features, "features": linear.out_features}


def _defaults(uses: Sequence[Use]) -> dict[str, Any]:
    """Of the optional settings of a kind."""
    known_values: dict[str, Any] = {}
    for use in uses if uses[0].kind != "single layer" else ():
        for name, info in type(use.record).model_fields.items() if use.record else ():
            default = 0.0 if name == "stochastic_depth" else plain_number(info.default)
            if not info.is_required() and isinstance(default, bool | int | float):
                known_values[name] = default
    return known_values


def _type(values: Iterable[Any]) -> str:
    """The annotation of an argument that has these values."""
    values = list(values)
    tuples = {tuple(type(n).__name__ for n in value) for value in values if isinstance(value, tuple)}
    types = {type(value).__name__ for value in values if not isinstance(value, tuple)}
    types |= {"tuple[int, ...]"} if len(tuples) > 1 else {f"tuple[{', '.join(names)}]" for names in tuples}
    return " | ".join(sorted("None" if name == "NoneType" else name for name in types))


# -- words


def _unit_name(module: nn.Module, exact: bool = False) -> str:
    words = {"act": type(module._modules["act"]).__name__ if exact and "act" in module._modules else "Act"}
    return "".join(words.get(name, name.capitalize()) for name in module._modules)


def _doc(uses: Sequence[Use]) -> str:
    """What a class's first line says of it."""
    use = uses[0]
    if use.kind == "single layer":
        layers = [{"conv": "convolution", "act": "activation", "pad": "padding"}.get(n, n) for n in use.module._modules]
        text = ", ".join(layers).replace("linear", "linear layer")
        return f"{text[0].upper()}{text[1:]}."
    if use.known and use.kind == use.known.record.block:
        text = inspect.cleandoc(type(use.known.record).__doc__ or "")
        return re.split(r": \(|: any|: ->|\.\s", text)[0].strip(".") + "."
    if use.known:
        return f"The block `{use.kind}`."
    return {"squeeze_excite": "x * gate(x).", "body": "Blocks that take what earlier ones have left."}.get(use.kind, "")
