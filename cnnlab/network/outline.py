"""From a network to its outline: what is inside each block, read off the module it builds and one pass on paper.

No kind says how it is drawn: containers (stacks, branches, shortcuts, gates) are known by their modules, and what has
none in it is one box. So a user's own block is drawn as well as those that ship.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.blocks.base import Block, Flow, Part, Stack, Stage, entry, made
from cnnlab.blocks.measure import Tally
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.modules import Branches, Chain, Gated, Preactivated, Skipped
from cnnlab.drawing.outline import Aux, Branch, Node, Outline, alike, record, through
from cnnlab.network.operations import POOLS, role, told
from cnnlab.network.plan import plan
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


def outline(network: Network, shape: Shape) -> Outline:
    """The outline of a network for images of `shape`. Raises Misfit where it cannot be built."""
    body, flow = _stack(network.body, shape)
    head, _ = _stack(network.head, flow.last)
    aux = [Aux(one.name, one.tap, one.weight, _stack(one.head, flow.left[one.tap])[0]) for one in network.aux]
    return Outline(shape, body, head, tuple(aux))


def on_paper(network: Network, shape: Shape) -> dict[str, Any]:
    """The network as network.json has it: counts, layers, and the outline that drawings are made from."""
    return {**plan(network, shape).record(), "outline": record(outline(network, shape))}


def _stack(stack: Stack, shape: Shape) -> tuple[tuple[Node, ...], Flow[Shape]]:
    flow, nodes = Flow(shape), []
    for stage in stack:
        given = entry(flow, stage)
        nodes.append(_stage(stage, lambda _, block, at: inside(block, at), given))
        flow.put(stage.name, nodes[-1].until or nodes[-1].shape)
    return tuple(nodes), flow


def inside(block: Block, shape: Shape) -> Node:
    """A block with all that is in it, for an input of `shape`. Raises Misfit."""
    return _inside(block, shape)  # type: ignore[arg-type]


@lru_cache(maxsize=2048)
def _inside(block: Block, shape: Shape) -> Node:
    with torch.device("meta"), torch.no_grad():
        module, x = made(block, shape).eval(), torch.empty(1, *shape)
        seen = _watched(module, x)
    kinds: dict[nn.Module, Part] = {}
    _name(block, module, kinds)
    return _Walk(seen, kinds).block(block, module)


@dataclass(frozen=True)
class _Seen:
    """What a module took and left, and its multiply-adds."""

    given: Shape
    left: Shape
    macs: int


def _watched(module: nn.Module, x: Tensor) -> dict[nn.Module, _Seen]:
    """Run `module`, and note what each module within it did."""
    seen: dict[nn.Module, _Seen] = {}
    tally, begun = Tally(x), {}

    def before(one: nn.Module, given: tuple[Any, ...]) -> None:
        begun[one] = tally.macs

    def after(one: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        seen[one] = _Seen(_shape(given[0] if given else None), _shape(out), tally.macs - begun[one])

    hooks = [
        h for one in module.modules() for h in (one.register_forward_pre_hook(before), one.register_forward_hook(after))
    ]
    with tally:
        module(x)
    for hook in hooks:
        hook.remove()
    return seen


def _shape(value: Any) -> Shape:
    """Of what a module takes or returns; what is no tensor only modules of users' own blocks do, drawn as one box."""
    return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def _name(part: Part, module: nn.Module, found: dict[nn.Module, Part]) -> None:
    """Which module is which block or stage that was written: of combinators, whose insides have names of their own."""
    found[module] = part
    match part:
        case Stage():
            for name, copy in part.parts.items():
                _name(copy, module.get_submodule(name), found)
        case Sequential(body=stack):
            _name_all(stack, module, found)
        case Skip(body=stack):
            _name_all(stack, module.get_submodule("body"), found)
        case Parallel(branches=branches):
            for name, stack in branches:
                _name_all(stack, module.get_submodule(name), found)


def _name_all(stack: Stack, module: nn.Module, found: dict[nn.Module, Part]) -> None:
    for stage in stack:
        _name(stage, module.get_submodule(stage.name), found)


@dataclass
class _Walk:
    """From a module to nodes."""

    seen: Mapping[nn.Module, _Seen]
    parts: Mapping[nn.Module, Part] = field(default_factory=dict)

    def block(self, block: Block, module: nn.Module) -> Node:
        return replace(self.node("", module), kind=block.block)

    def node(self, name: str, module: nn.Module) -> Node:
        part = self.parts.get(module)
        if isinstance(part, Stage):
            return _stage(part, lambda name, copy, _: self.block(copy, module.get_submodule(name)))
        made = self.inner(module)
        if not made.is_box:
            made = replace(made, **self.cost(module))
        return replace(made, name=name, kind=part.block if isinstance(part, Block) else "")

    def inner(self, module: nn.Module) -> Node:
        match module:
            case Chain():
                return Node(chain=self.chain(module))
            case Branches():
                branches = [Branch(self.row(branch)) for branch in module.values()]
                return Node(branches=_grouped(branches), merge=module.joined_by)
            case Skipped():
                return self.skipped(module)
            case Preactivated():
                return self.preactivated(module)
            case Gated():
                branches = (Branch(self.row(module.gate)), Branch())
                return Node(branches=branches, merge="mul")
            case nn.Sequential() if any(isinstance(one, CONTAINERS) for one in module.modules()):
                return Node(chain=tuple(self.node(name, one) for name, one in module.named_children()))
        return self.box(module)

    def row(self, module: nn.Module) -> tuple[Node, ...]:
        """The nodes of a branch: those of a stack, or one."""
        if isinstance(module, Chain) and module not in self.parts:
            return self.chain(module)
        node = self.node("", module)
        return (node,) if node.ops or not node.is_box else ()

    def chain(self, module: Chain) -> tuple[Node, ...]:
        nodes = []
        for name, one in module.named_children():
            node = self.node(name, one)
            if name in module._sources:
                sources, join = module._sources[name]
                node = replace(node, sources=sources, join=join)
            if node.ops or not node.is_box:
                nodes.append(node)
        return tuple(nodes)

    def skipped(self, module: Skipped) -> Node:
        act = self.row(module.act) if module.act is not None else ()
        if module.shortcut is None:
            return Node(chain=(*self.row(module.body), *act))
        return Node(chain=(self.added(self.dropped(module), self.row(module.shortcut), module.body), *act))

    def dropped(self, module: Skipped | Preactivated) -> tuple[Node, ...]:
        return (*self.row(module.body), *(self.row(module.drop) if module.drop is not None else ()))

    def added(self, body: tuple[Node, ...], shortcut: tuple[Node, ...], end: nn.Module) -> Node:
        return Node(branches=(Branch(body), Branch(shortcut)), merge="add", shape=self.seen[end].left)

    def preactivated(self, module: Preactivated) -> Node:
        pre, body = self.row(module.pre), self.dropped(module)
        if module.shortcut is None:
            return Node(chain=(*pre, *body))
        shortcut = self.row(module.shortcut)
        if module.shared:
            return Node(chain=(*pre, self.added(body, shortcut, module.body)))
        return Node(chain=(self.added((*pre, *body), shortcut, module.body),))

    def cost(self, module: nn.Module) -> dict[str, Any]:
        return {"shape": self.seen[module].left, "params": _params(module), "macs": self.seen[module].macs}

    def box(self, module: nn.Module) -> Node:
        """One operation, with the norm and the activation that stand around it."""
        layers = [one for one in module.children()] if type(module) is nn.Sequential else [module]
        layers = [one for one in layers if one in self.seen]
        said = [(one, told(one, self.seen[one].given, self.seen[one].left)) for one in layers]
        said = [(one, words) for one, words in said if words]
        if not said:
            return Node(**self.cost(module))
        main = max(range(len(said)), key=lambda i: self.weight(said[i][0]))
        whole = self.seen[module]
        does = role(layers, _params(module), whole.macs, whole.given, whole.left)
        return Node(ops=tuple(words for _, words in said), main=main, role=does, **self.cost(module))

    def weight(self, layer: nn.Module) -> tuple[bool | int, ...]:
        """What a box is named after: what costs most; without any cost a pool, or what changes the shape."""
        seen = self.seen[layer]
        return seen.macs, isinstance(layer, POOLS), seen.given != seen.left


CONTAINERS = (Chain, Branches, Skipped, Preactivated, Gated)


def _params(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _stage(stage: Stage, look: Callable[[str, Block, Shape], Node], shape: Shape = ()) -> Node:
    """A named place in a stack: its copies, as `look` sees them, those that are drawn the same put together."""
    copies: list[Node] = []
    for name, part in stage.parts.items():
        copies.append(replace(look(name, part, shape), name=f"{stage.name}.{name}"))
        shape = copies[-1].shape
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
    return Node(chain=chain, copies=True, shape=copies[-1].shape, kind=kind, **total, **about)


def _runs(nodes: Iterable[Node]) -> list[list[Node]]:
    found: list[list[Node]] = []
    for node in nodes:
        if found and alike(found[-1][0], node):
            found[-1].append(node)
        else:
            found.append([node])
    return found


def _run(same: list[Node]) -> Node:
    first, last = same[0], same[-1]
    if len(same) == 1:
        return first
    name = f"{first.name}–{last.name.rpartition('.')[2]}"
    total = {"params": sum(node.params for node in same), "macs": sum(node.macs for node in same)}
    return replace(through(first, last), name=name, times=len(same), **total)


def _grouped(branches: list[Branch]) -> tuple[Branch, ...]:
    """Branches beside each other that are drawn the same, put together."""
    found: list[Branch] = []
    for branch in branches:
        if (
            found
            and branch.nodes
            and len(found[-1].nodes) == len(branch.nodes)
            and all(alike(a, b) and a.shape == b.shape for a, b in zip(found[-1].nodes, branch.nodes, strict=True))
        ):
            found[-1] = replace(found[-1], times=found[-1].times + 1)
        else:
            found.append(branch)
    return tuple(found)
