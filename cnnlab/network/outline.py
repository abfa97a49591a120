"""From a network's graph to its outline: what is inside each block, read off the module that was traced.

No kind says how it is drawn: containers (stacks, branches, shortcuts, gates) are known by their modules, and what has
none in it is one box. So a user's own block is drawn as well as those that ship.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from cnnlab.blocks.block import Block
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.modules import Branches, Chain, Gated, Preactivated, Skipped
from cnnlab.blocks.part import Part
from cnnlab.blocks.stack import Stack, Stage
from cnnlab.blocks.trace import Call, Trace
from cnnlab.drawing.outline import Branch, Outline, OutlineHead, OutlineNode, alike, record, through
from cnnlab.network.graph import Graph, graph
from cnnlab.network.layer_words import POOLS, described, role
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


def outline(network: Network, shape: Shape) -> Outline:
    """The outline of a network for images of `shape`. Raises Misfit where it cannot be built."""
    whole = graph(network, shape)
    if whole.end:
        raise whole.end[1]
    body, top = (_section(whole, name, stack) for name, stack in network.sections.items())
    aux = [
        OutlineHead(head.name, head.tap, head.weight, _section(whole, f"aux.{head.name}.head", head.head))
        for head in network.aux
    ]
    return Outline(shape, body, top, tuple(aux))


def network_record(network: Network, shape: Shape) -> dict[str, Any]:
    """The network as network.json has it: counts, layers, and the outline that drawings are made from."""
    return {**graph(network, shape).record(), "outline": record(outline(network, shape))}


def _section(whole: Graph, path: str, stack: Stack) -> tuple[OutlineNode, ...]:
    copies = {
        name: [block_node(placed.block, placed.trace) for placed in copies]
        for name, copies in whole.stages(path).items()
    }
    return tuple(_stage(stage, copies[stage.name]) for stage in stack)


def block_node(block: Block, traced: Trace) -> OutlineNode:
    """A block with all that is in it."""
    parts: dict[nn.Module, Part] = {}
    _name(block, traced.module, parts)
    return _NodeMaker(traced.calls, parts).block(block, traced.module)


def _name(part: Part, module: nn.Module, parts: dict[nn.Module, Part]) -> None:
    """Note which module is which block or stage: of combinators, whose insides have names of their own."""
    parts[module] = part
    match part:
        case Stage():
            for name, copy in part.parts.items():
                _name(copy, module.get_submodule(name), parts)
        case Sequential(body=stack):
            _name_all(stack, module, parts)
        case Skip(body=stack):
            _name_all(stack, module.get_submodule("body"), parts)
        case Parallel(branches=branches):
            for name, stack in branches:
                _name_all(stack, module.get_submodule(name), parts)


def _name_all(stack: Stack, module: nn.Module, parts: dict[nn.Module, Part]) -> None:
    for stage in stack:
        _name(stage, module.get_submodule(stage.name), parts)


@dataclass
class _NodeMaker:
    """Makes nodes of modules."""

    calls: Mapping[nn.Module, Call]
    parts: Mapping[nn.Module, Part]

    def block(self, block: Block, module: nn.Module) -> OutlineNode:
        return replace(self.node("", module), kind=block.block)

    def node(self, name: str, module: nn.Module) -> OutlineNode:
        part = self.parts.get(module)
        if isinstance(part, Stage):
            return _stage(part, [self.block(copy, module.get_submodule(name)) for name, copy in part.parts.items()])
        made = self.inner(module)
        if not made.is_box:
            made = replace(made, **self.cost(module))
        return replace(made, name=name, kind=part.block if isinstance(part, Block) else "")

    def inner(self, module: nn.Module) -> OutlineNode:
        match module:
            case Chain():
                return OutlineNode(chain=self.chain(module))
            case Branches():
                branches = [Branch(self.row(branch)) for branch in module.values()]
                return OutlineNode(branches=_grouped(branches), merge=module.joined_by)
            case Skipped():
                return self.skipped(module)
            case Preactivated():
                return self.preactivated(module)
            case Gated():
                branches = (Branch(self.row(module.gate)), Branch())
                return OutlineNode(branches=branches, merge="mul")
            case nn.Sequential() if any(isinstance(inner, CONTAINERS) for inner in module.modules()):
                return OutlineNode(chain=tuple(self.node(name, inner) for name, inner in module.named_children()))
        return self.box(module)

    def row(self, module: nn.Module) -> tuple[OutlineNode, ...]:
        """The nodes of a branch: those of a stack, or one."""
        if isinstance(module, Chain) and module not in self.parts:
            return self.chain(module)
        node = self.node("", module)
        return (node,) if node.ops or not node.is_box else ()

    def chain(self, module: Chain) -> tuple[OutlineNode, ...]:
        nodes = []
        for name, inner in module.named_children():
            node = self.node(name, inner)
            if name in module._sources:
                sources, join = module._sources[name]
                node = replace(node, sources=sources, join=join)
            if node.ops or not node.is_box:
                nodes.append(node)
        return tuple(nodes)

    def skipped(self, module: Skipped) -> OutlineNode:
        act = self.row(module.act) if module.act is not None else ()
        if module.shortcut is None:
            return OutlineNode(chain=(*self.dropped(module), *act))
        return OutlineNode(chain=(self.added(self.dropped(module), self.row(module.shortcut), module.body), *act))

    def dropped(self, module: Skipped | Preactivated) -> tuple[OutlineNode, ...]:
        rest = [getattr(module, name, None) for name in ("scale", "drop")]
        return (*self.row(module.body), *(node for layer in rest if layer is not None for node in self.row(layer)))

    def added(self, body: tuple[OutlineNode, ...], shortcut: tuple[OutlineNode, ...], end: nn.Module) -> OutlineNode:
        return OutlineNode(branches=(Branch(body), Branch(shortcut)), merge="add", shape=self.calls[end].output)

    def preactivated(self, module: Preactivated) -> OutlineNode:
        pre, body = self.row(module.pre), self.dropped(module)
        if module.shortcut is None:
            return OutlineNode(chain=(*pre, *body))
        shortcut = self.row(module.shortcut)
        if module.shared:
            return OutlineNode(chain=(*pre, self.added(body, shortcut, module.body)))
        return OutlineNode(chain=(self.added((*pre, *body), shortcut, module.body),))

    def cost(self, module: nn.Module) -> dict[str, Any]:
        call = self.calls[module]
        return {"shape": call.output, "params": _params(module), "macs": call.macs}

    def box(self, module: nn.Module) -> OutlineNode:
        """One operation, with the norm and the activation that stand around it."""
        layers = list(module.children()) if type(module) is nn.Sequential else [module]
        layers = [layer for layer in layers if layer in self.calls]
        words = {layer: described(layer, self.calls[layer].input, self.calls[layer].output) for layer in layers}
        ops = [layer for layer in layers if words[layer]]
        if not ops:
            return OutlineNode(**self.cost(module))
        main = max(range(len(ops)), key=lambda i: self.weight(ops[i]))
        whole = self.calls[module]
        does = role(layers, _params(module), whole.macs, whole.input, whole.output)
        return OutlineNode(ops=tuple(words[layer] for layer in ops), main=main, role=does, **self.cost(module))

    def weight(self, layer: nn.Module) -> tuple[bool | int, ...]:
        """What a box is named after: what costs most; without any cost a pool, or what changes the shape."""
        call = self.calls[layer]
        return call.macs, isinstance(layer, POOLS), call.input != call.output


CONTAINERS = (Chain, Branches, Skipped, Preactivated, Gated)


def _params(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _stage(stage: Stage, nodes: Iterable[OutlineNode]) -> OutlineNode:
    """A named place in a stack: the nodes of its copies, those that are drawn the same put together."""
    copies = [replace(node, name=f"{stage.name}.{part}") for part, node in zip(stage.parts, nodes, strict=True)]
    runs = [_run(list(same)) for same in _runs(copies)]
    about = {"name": stage.name, "sources": stage.sources, "join": stage.join}
    kind = stage.kind or stage.copies[0].block
    if len(runs) == 1:
        return replace(runs[0], **about, kind=kind)
    total = {"params": sum(run.params for run in runs), "macs": sum(run.macs for run in runs)}
    own = [run for run in runs if run.kind == stage.copies[0].block]
    if len(own) == 1:  # beside it is only what closes the block: it needs no number
        runs = [replace(run, name=stage.name) if run is own[0] else run for run in runs]
    chain = tuple(replace(run, kind=kind) if run.kind == stage.copies[0].block else run for run in runs)
    return OutlineNode(chain=chain, copies=True, shape=copies[-1].shape, kind=kind, **total, **about)


def _runs(nodes: Iterable[OutlineNode]) -> list[list[OutlineNode]]:
    runs: list[list[OutlineNode]] = []
    for node in nodes:
        if runs and alike(runs[-1][0], node):
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


def _run(same: list[OutlineNode]) -> OutlineNode:
    first, last = same[0], same[-1]
    if len(same) == 1:
        return first
    name = f"{first.name}–{last.name.rpartition('.')[2]}"
    total = {"params": sum(node.params for node in same), "macs": sum(node.macs for node in same)}
    return replace(through(first, last), name=name, times=len(same), **total)


def _grouped(branches: list[Branch]) -> tuple[Branch, ...]:
    """Branches beside each other that are drawn the same, put together."""
    groups: list[Branch] = []
    for branch in branches:
        if (
            groups
            and branch.nodes
            and len(groups[-1].nodes) == len(branch.nodes)
            and all(alike(a, b) and a.shape == b.shape for a, b in zip(groups[-1].nodes, branch.nodes, strict=True))
        ):
            groups[-1] = replace(groups[-1], times=groups[-1].times + 1)
        else:
            groups.append(branch)
    return tuple(groups)
