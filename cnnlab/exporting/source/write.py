"""The file: a network as plain PyTorch, which imports torch alone."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.errors import Fault, UserError
from cnnlab.exporting.source.classes import Classes, Printed
from cnnlab.exporting.source.expression import (
    UNSET,
    WIDTH,
    Choice,
    ConstructorCall,
    Copies,
    Layers,
    Node,
    is_word,
    literal,
    written,
)
from cnnlab.exporting.source.parts import LAYERS, PARTS, STARTS
from cnnlab.exporting.source.tree import Unlike
from cnnlab.exporting.source.unify import Signature
from cnnlab.exporting.source.uses import Known, Tree, channels, known_modules, numbers, probe_tree, probes
from cnnlab.network.build import blank
from cnnlab.network.provenance import CompositeUse, Provenance
from cnnlab.network.read import read_network
from cnnlab.network.spec import Network
from cnnlab.network.start import _first
from cnnlab.settings import Shape

IMPORTS = {
    "hashlib": ("import hashlib", "standard"),
    "math": ("import math", "standard"),
    "OrderedDict": ("from collections import OrderedDict", "standard"),
    "Callable": ("from collections.abc import Callable", "standard"),
    "partial": ("from functools import partial", "standard"),
    "SimpleNamespace": ("from types import SimpleNamespace", "standard"),
    "Any": ("from typing import Any, TypeVar", "standard"),
    "TypeVar": ("from typing import TypeVar", "standard"),
    "torch": ("import torch", "torch"),
    "Tensor": ("from torch import Tensor, nn", "torch"),
    "F": ("from torch.nn import functional as F", "torch"),
}
"""words of a file -> the line that brings them, and the part of the file's head where it stands"""
HOW_WEIGHTS_START = "# -- how weights start"
Params = Mapping[str, Mapping[str, Any]]
"""of blocks that YAML defines, what they were given, by address"""


def source_of(
    settings: Mapping[str, Any], network: Network, shape: Shape, name: str, *, seed: int = 0, doc: Sequence[str] = ()
) -> str:
    """The source of a network that was read from `settings`, which tell more of it than its records do."""
    provenance = Provenance()
    read_network(settings, network.classes, provenance=provenance)
    params = {address: _given(uses[0], settings) for address, uses in provenance.uses.items()}
    other, _ = read_network(settings, network.classes + 1)
    return plain_source(network, shape, name, seed=seed, other_classes=other, params=params, doc=doc)


def _given(use: CompositeUse, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a block that YAML defines, with the defaults of those that it was not given."""
    written: Mapping[str, Any] = (settings.get("blocks") or {}).get(use.kind) or {}
    defaults: Mapping[str, Any] = written.get("params") or {}
    return {
        name: defaults.get(name) if setting.source.rule == "default" else setting.value
        for name, setting in use.params.items()
    }


def plain_source(
    network: Network,
    shape: Shape,
    name: str = "network",
    *,
    seed: int = 0,
    other_classes: Network | None = None,
    params: Params | None = None,
    doc: Sequence[str] = (),
) -> str:
    """A network for images of `shape` as Python source. UserError for blocks of plugins, which are Python already.

    `other_classes` is the same network for another number of classes: it shows what depends on that. `doc` are lines
    for the head of the file.
    """
    if faults := unprintable(network):
        raise UserError(*faults)
    real = _tree(network, shape, True, params or {})
    variants = {
        "classes": (other_classes, shape) if other_classes else None,
        "channels": (network, (shape[0] + 1, *shape[1:])),
    }
    others = {key: tree for key, made in variants.items() if made and (tree := _attempt(made, params or {}))}
    trees = [real, *others.values(), *_probe_trees(network, real)]
    first = {id(layer) for tree in trees[: 1 + len(others)] for layer in _first(tree.root.get_submodule("body"))}
    classes = Classes(trees, lambda layer: id(layer) in first, [*PARTS, *IMPORTS])
    title = class_name(name, [*classes.printed, *PARTS, *IMPORTS, *(IMPORTS.keys())])
    given = {"classes": network.classes, "channels": shape[0]}
    body, head, used = _top(classes, real, others, given, {"classes": other_classes and other_classes.classes})
    bodies = _classes(classes.printed, [body, head])
    parameters = sum(weight.numel() for weight in real.root.parameters())
    network_class = _network_class(title, body, head, used, given, seed, shape)
    about = [f"{name} as plain PyTorch: {parameters:,} parameters.", *(["", *doc] if doc else [])]
    text = "\n".join(map(in_docstring, about))
    heading = f'"""{text}\n"""' if doc else f'"""{text}"""'
    return _file(heading, [*bodies, network_class], _main(title, shape))


def unprintable(network: Network) -> list[Fault]:
    """The blocks that are written in Python of somebody's own."""
    from cnnlab.blocks.merge import inner_stacks

    faults: list[Fault] = []

    def visit(stack: Any, path: str) -> None:
        for stage in stack:
            for record in dict.fromkeys(stage.copies):
                cls = type(record)
                if not cls.__module__.startswith("cnnlab."):
                    message = (
                        f"{record.block} is written in Python already, in {cls.__module__}, and cannot be printed as "
                        "plain PyTorch; the formats onnx and pt2 hold what it computes"
                    )
                    faults.append(Fault(f"{path}.{stage.name}", message))
                for place, inner in inner_stacks(record).items():
                    visit(inner, f"{path}.{stage.name}.{place}")

    for section, stack in network.sections.items():
        visit(stack, f"model.{section}")
    return list(dict.fromkeys(faults))


# -- modules to print


def _tree(network: Network, shape: Shape, is_real: bool, params: Params) -> Tree:
    net = blank(replace(network, aux=()), shape)
    known: dict[nn.Module, Known] = {}
    for section, stack in network.sections.items():
        known |= known_modules(net.get_submodule(section), stack, _of_section(params, section))
    return Tree(net, known, channels(net, shape), is_real)


def _of_section(params: Params, section: str) -> Params:
    start = f"{section}."
    return {path.removeprefix(start): given for path, given in params.items() if path.startswith(start)}


def _attempt(made: tuple[Network, Shape], params: Params) -> Tree | None:
    """Another form of the network; None where there is none."""
    try:
        return _tree(*made, False, params)
    except (Misfit, RuntimeError, ValueError):
        return None


def _probe_trees(network: Network, real: Tree) -> list[Tree]:
    """Blocks of each shipped kind as they would be with other settings."""
    found: dict[Any, list[tuple[Known, Shape]]] = {}
    sizes = _sizes(real)
    for use in real.uses():
        if use.known and use.kind == use.known.kind and use.module in sizes:
            key = use.known.kind if use.record else use.known.record
            found.setdefault(key, []).append((use.known, sizes[use.module]))
    trees = []
    for blocks in found.values():
        known, shape = blocks[0]
        varied = _varied([known.record for known, _ in blocks])
        tried = dict.fromkeys(probes(known.record, shape, varied))
        trees += [tree for record, size in tried if (tree := probe_tree(replace(known, record=record), size))]
    return trees


def _varied(records: Sequence[Block]) -> dict[str, list[Any]]:
    """The values of optional settings that differ among records, at most three of each."""
    settings, fields = [numbers(record) for record in records], type(records[0]).model_fields
    names = [name for name in settings[0] if name in fields and not fields[name].is_required()]
    varied = {name: list(dict.fromkeys(getattr(record, name) for record in records)) for name in names}
    return {name: values[:2] + values[2:][-1:] for name, values in varied.items() if len(values) > 1}


def _sizes(tree: Tree) -> dict[nn.Module, Shape]:
    """The images that each block takes, in the plane large enough for its windows."""
    return {module: (seen[0], 16, 16) for module, seen in tree.channels.items() if seen and module in tree.known}


# -- the network's own class


def _top(
    classes: Classes, real: Tree, others: Mapping[str, Tree], given: Mapping[str, int], changed: Mapping[str, Any]
) -> tuple[Node, Node, list[str]]:
    """The expressions of the body and of the head, and which of `classes` and `channels` they depend on."""
    changed = {"channels": given["channels"] + 1, **{k: v for k, v in changed.items() if v}}
    for some in ({**others}, *({name: tree} for name, tree in others.items()), {}):
        uses = [dict(given), *({**given, name: changed[name]} for name in some)]
        signature = Signature([{k: v for k, v in use.items() if k in some} for use in uses], may_add=False)
        trees = [real, *some.values()]
        try:
            nodes = [
                signature.common([classes.node(tree.root.get_submodule(part)) for tree in trees], range(len(trees)))
                for part in ("body", "head")
            ]
        except Unlike:
            continue
        opened = [replace(node, open=True) if isinstance(node, Layers) else node for node in nodes]
        return opened[0], opened[1], list(signature.used)
    raise AssertionError("without variants the network is common to itself")


def _network_class(
    title: str, body: Node, head: Node, used: Sequence[str], given: Mapping[str, int], seed: int, shape: Shape
) -> str:
    arguments = [f"{name}: int = {given[name]}" for name in ("classes", "channels") if name in used]
    lines = [
        f"class {title}(nn.Module):",
        f'    """Images (B, {shape[0]}, {shape[1]}, {shape[2]}) -> logits (B, {given["classes"]})."""',
        "",
        f"    def __init__(self, {', '.join([*arguments, f'seed: int = {seed}'])}):",
        "        super().__init__()",
        *written(body, 8, "self.body = "),
        *written(head, 8, "self.head = "),
        "        start(self, seed)",
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        "        return self.head(self.body(x))",
    ]
    return "\n".join(lines)


def _main(title: str, shape: Shape) -> str:
    return "\n".join(
        [
            'if __name__ == "__main__":',
            f"    net = {title}()",
            '    print(f"{sum(weight.numel() for weight in net.parameters()):,} parameters")',
            f"    print(tuple(net(torch.zeros(2, {', '.join(map(str, shape))})).shape))",
        ]
    )


# -- the classes of its blocks


def _classes(printed: Mapping[str, Printed], tops: Iterable[Node]) -> list[str]:
    """The classes that are used, each before those that use it."""
    wanted: set[str] = set()
    todo = [name for node in tops for name in functions(node)]
    while todo:
        name = todo.pop()
        if name in printed and name not in wanted:
            wanted.add(name)
            todo += [inner for _, node in printed[name].layers for inner in functions(node)]
    return [class_text(one) for name, one in printed.items() if name in wanted]


def functions(node: Node) -> list[str]:
    match node:
        case ConstructorCall(function, arguments):
            return [function, *(name for argument in arguments for name in functions(argument.node))]
        case Layers(layers):
            return [name for _, layer in layers for name in functions(layer)]
        case Copies(layers):
            return [name for layer in layers for name in functions(layer)]
        case Choice(_, then, otherwise):
            return functions(then) + functions(otherwise)
    return []


def class_text(printed: Printed) -> str:
    """The source of a class."""
    signature = ", ".join(
        [
            "self",
            *(
                f"{name}: {kind}" if default is UNSET else f"{name}: {kind} = {literal(default)}"
                for name, default, kind in printed.arguments
            ),
        ]
    )
    base = "Stack" if printed.is_stack else "nn.Module"
    lines = [f"class {printed.name}({base}):"]
    if printed.doc:
        lines += [f'    """{in_docstring(printed.doc)}"""', ""]
    lines += _definition(signature)
    if printed.is_stack:
        return "\n".join([*lines, *written(Layers(tuple(printed.layers), "super().__init__"), 8)])
    lines.append("        super().__init__()")
    for name, node in printed.layers:
        lines += _assigned(name, node)
    for call, condition in printed.quiet:
        lines += [f"        if {condition}:"] if condition else []
        lines.append(f"        {'    ' if condition else ''}{call}")
    lines += ["", "    def forward(self, x: Tensor) -> Tensor:", *(f"        {line}" for line in printed.forward)]
    return "\n".join(lines)


def _definition(signature: str) -> list[str]:
    """The line that a constructor begins with, or as many as its arguments need."""
    line = f"    def __init__({signature}):"
    if len(line) <= WIDTH:
        return [line]
    if 8 + len(signature) <= WIDTH:
        return ["    def __init__(", f"        {signature}", "    ):"]
    inner = re.split(r", (?=\w+(?::|$))", signature)
    return ["    def __init__(", *(f"        {argument}," for argument in inner), "    ):"]


def _assigned(name: str, node: Node) -> list[str]:
    """The statement that makes a layer an attribute."""
    if is_word(name):
        return written(node, 8, f"self.{name} = ")
    return written(node, 8, f"self.add_module({literal(name)}, ", ")")


def in_docstring(text: str) -> str:
    """Words of whoever made a network, which must not end the docstring that they stand in."""
    return "".join(letter if letter.isprintable() else " " for letter in text).replace("\\", "/").replace('"', "'")


def class_of(source: str) -> str:
    """The name of the network's own class in a file."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)][-1]


def class_name(name: str, taken: Iterable[str]) -> str:
    """What a network's class is called.

    >>> class_name("cifar/resnet20", []), class_name("mobilenet_v2", []), class_name("3x3", ["Network3x3"])
    ('ResNet20', 'MobileNetV2', 'Network3x3Network')
    """
    words = re.split(r"\W|_", name.rpartition("/")[2])
    title = "".join(word[:1].upper() + word[1:] for word in words)
    title = re.sub(r"(?<=[a-z])net(?=[^a-z]|$)", "Net", title) or "Network"
    title = title if title[0].isalpha() else f"Network{title}"
    title = title if title.isascii() and title.isidentifier() else "Network"
    while title in set(taken):
        title += "Network"
    return title


# -- the file


def _file(heading: str, classes: Sequence[str], main: str) -> str:
    """The classes, with the layers that torch lacks before them, and how weights start behind."""
    needed = _needed(classes)
    layers = [_part(name) for name in LAYERS if name in needed]
    starts = [_part(name) for name in STARTS if name in needed]
    has_types = any("Layer" in _words(text) for text in starts)
    starts = [HOW_WEIGHTS_START, *(['Layer = TypeVar("Layer", bound=nn.Module)'] if has_types else []), *starts]
    text = "\n\n\n".join([*layers, *classes, "\n\n".join(starts[:2]), *starts[2:], main])
    used = _words(text)
    used -= {"TypeVar"} if "Any" in used else set()
    lines = {line: place for word, (line, place) in IMPORTS.items() if word in used}
    imports = ["\n".join(line for line, place in lines.items() if place == part) for part in ("standard", "torch")]
    head = "\n\n".join(["from __future__ import annotations", *filter(None, imports)])
    return f"{heading}\n\n{head}\n\n\n{text}\n"


def _needed(code: Sequence[str]) -> set[str]:
    """Of PARTS, those that are named, and those that they name."""
    needed: set[str] = set()
    todo = set().union(*map(_words, code)) & PARTS.keys()
    while todo:
        name = todo.pop()
        needed.add(name)
        todo |= (_words(_part(name)) & PARTS.keys()) - needed
    return needed


def _part(name: str) -> str:
    text = re.sub(r"  # (type: ignore|pyright: ignore|noqa)\S*( \w+)?", "", inspect.getsource(PARTS[name])).rstrip()
    return text.replace("(Conv2d):", "(KernelConv2d):")


def _words(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
