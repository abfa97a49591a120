"""Two networks block by block: settings, shapes, costs, what each position sees, and which weights would be taken over.

Blocks are the same where they have the same name; of a repeated block, copies of the same number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from cnnlab.blocks.block import Block
from cnnlab.blocks.stack import Stack, Stage
from cnnlab.network.build import blank
from cnnlab.network.graph import Graph, PlacedBlock, graph
from cnnlab.network.spec import Network
from cnnlab.settings import Shape
from cnnlab.weights.reading import Weights
from cnnlab.weights.transfer import OTHER_NETWORK, transfer
from cnnlab.yaml_form import short_form

CopyAddress = tuple[str, str]
"""a block's path below `model`, and which of its copies: ("body.stage3", "1")"""


@dataclass(frozen=True)
class BlockSide:
    """A block, or a copy of one, in one of the networks."""

    layer: PlacedBlock
    settings: Mapping[str, Any]
    """dotted, as YAML would have them; those of blocks within it, too"""


@dataclass(frozen=True)
class TakenWeights:
    """What of a block's layers the weights of the other network would fill."""

    layers: int = 0
    taken: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BlockDifference:
    """A block in both networks; None where one does not have it."""

    name: str
    here: BlockSide | None
    there: BlockSide | None
    weights: TakenWeights = field(default_factory=TakenWeights)
    moved: tuple[str, str] | None = None
    """the blocks that it follows, where those that both networks have stand in another order"""

    @property
    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Those that differ; where the kinds do, those that both kinds have."""
        if not self.here or not self.there:
            return {}
        a, b = self.here.settings, self.there.settings
        keys = [key for key in a if key in b] if a["block"] != b["block"] else dict.fromkeys([*a, *b])
        place = {"after": self.moved} if self.moved else {}
        return {**place, **{key: (a.get(key), b.get(key)) for key in keys if a.get(key) != b.get(key)}}

    @property
    def differs(self) -> bool:
        return self.altered or (self.sees is not None and self.sees[0] != self.sees[1])

    @property
    def altered(self) -> bool:
        """Whether it differs in more than what its positions see, which blocks before it change."""
        return not self.here or not self.there or bool(self.settings) or _costs(self.here) != _costs(self.there)

    @property
    def sees(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        return (self.here.layer.receptive_field, self.there.layer.receptive_field) if self.here and self.there else None


def _costs(side: BlockSide) -> tuple[Any, ...]:
    return side.layer.shape, side.layer.params, side.layer.macs


@dataclass(frozen=True)
class Difference:
    """This network and another one, on paper, and their blocks in order."""

    here: Graph
    there: Graph
    rows: tuple[BlockDifference, ...]

    @property
    def differing(self) -> list[BlockDifference]:
        return [row for row in self.rows if row.differs]

    @property
    def weights(self) -> tuple[int, int]:
        """(layers that the other network's weights would fill, layers with weights)."""
        return sum(row.weights.taken for row in self.rows), sum(row.weights.layers for row in self.rows)

    def record(self) -> dict[str, Any]:
        """As plain data."""
        totals = {
            key: [getattr(self.here, key), getattr(self.there, key)]
            for key in ("params", "params_aux", "macs", "input")
        }
        taken, layers = self.weights
        rows = [_record(row) for row in self.differing]
        return {
            **totals,
            "weights": {"taken": taken, "layers": layers},
            "equal": len(self.rows) - len(rows),
            "blocks": rows,
        }


def _record(row: BlockDifference) -> dict[str, Any]:
    sides = {
        name: {**side.layer.record(), "settings": dict(side.settings)} if side else None
        for name, side in (("this", row.here), ("against", row.there))
    }
    settings = {key: list(pair) for key, pair in row.settings.items()}
    return {"name": row.name, **sides, "settings": settings, "weights": vars(row.weights)}


def difference(here: tuple[Network, Shape], there: tuple[Network, Shape]) -> Difference:
    """Compare two networks, each with the shape of its images. Raises Misfit where one cannot be built."""
    graphs = graph(*here), graph(*there)
    sides, others = (dict(_sides(network, whole)) for (network, _), whole in zip((here, there), graphs, strict=True))
    fills, moved, rows = _weights(here, there), _moved(list(sides), list(others)), []
    for place in _aligned(list(sides), list(others)):
        name = next(side.layer.name for side in (sides.get(place), others.get(place)) if side)
        rows.append(
            BlockDifference(
                name, sides.get(place), others.get(place), fills.get(place, TakenWeights()), moved.get(place)
            )
        )
    return Difference(*graphs, tuple(rows))


def _moved(copies: list[CopyAddress], others: list[CopyAddress]) -> dict[CopyAddress, tuple[str, str]]:
    """Of the places in both, those that follow another one there than here: its name here, and there."""
    orders = [
        [place for place in copies if place in others],
        [place for place in others if place in copies],
    ]
    here, there = ({place: before[0] for before, place in pairwise([("input", ""), *order])} for order in orders)
    return {place: (here[place], there[place]) for place in here if here[place] != there[place]}


def _aligned(copies: list[CopyAddress], others: list[CopyAddress]) -> list[CopyAddress]:
    """All places, each of theirs after the one that it follows there."""
    places, index = list(copies), 0
    for place in others:
        if place in copies:
            index = places.index(place) + 1
        else:
            places.insert(index, place)
            index += 1
    return places


def _sides(network: Network, whole: Graph) -> Iterator[tuple[CopyAddress, BlockSide]]:
    stacks = {**network.sections, **{f"aux.{head.name}.head": head.head for head in network.aux}}
    stages = {f"{section}.{stage.name}": stage for section, stack in stacks.items() for stage in stack}
    heads = {f"aux.{head.name}.head": {"aux.from": head.tap, "aux.weight": head.weight} for head in network.aux}
    for placed in whole.placed:
        of_head = heads.pop(placed.stage.rpartition(".")[0], {})  # told with its first block
        settings = {**of_head, **_stage(stages[placed.stage]), **_flat(placed.block)}
        yield (placed.stage, placed.address.rpartition(".")[2]), BlockSide(placed, settings)


def _stage(stage: Stage) -> dict[str, Any]:
    """What a block takes in, where that is said."""
    joined = {"join": stage.join} if len(stage.sources) > 1 else {}
    return {"from": list(stage.sources), **joined} if stage.sources else {}


def _flat(block: Block) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name in type(block).model_fields:
        value = getattr(block, name)
        if name == "branches":
            for branch, stack in value:
                settings |= _stack(f"{name}.{branch}", stack)
        elif isinstance(value, tuple) and value and isinstance(value[0], Stage):
            settings |= _stack(name, value)
        else:
            settings[name] = short_form(value)
    return settings


def _stack(path: str, stack: Stack) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for stage in stack:
        alone = len(stack) == 1 and path.endswith(f".{stage.name}")
        stage_path = path if alone else f"{path}.{stage.name}"
        for part, block in stage.parts.items():
            block_path = stage_path if len(stage.parts) == 1 else f"{stage_path}.{part}"
            settings |= {f"{block_path}.{key}": value for key, value in {**_stage(stage), **_flat(block)}.items()}
    return settings


def _weights(here: tuple[Network, Shape], there: tuple[Network, Shape]) -> dict[CopyAddress, TakenWeights]:
    """What the other network's weights would fill here, by block."""
    own, foreign = (blank(network, images).state_dict() for network, images in (here, there))
    weights, adapt = Weights(Path("against"), foreign, "cnnlab's own names"), ("channels", "classes", "shapes")
    transferred = transfer(weights, own, adapt, OTHER_NETWORK)
    layers: dict[CopyAddress, list[Any]] = {}
    for layer in transferred.layers:
        layers.setdefault(place_of(layer.name), []).append(layer)
    return {
        place: TakenWeights(
            len(same),
            sum(layer.taken for layer in same),
            tuple(dict.fromkeys(layer.note for layer in same if layer.note)),
        )
        for place, same in layers.items()
    }


def place_of(layer: str) -> CopyAddress:
    """Where a layer with weights stands.

    >>> place_of("body.stage1.0.body.conv1.conv"), place_of("aux.aux1.fc1.0.linear")
    (('body.stage1', '0'), ('aux.aux1.head.fc1', '0'))
    """
    words = layer.split(".")
    if words[0] == "aux":
        return f"aux.{words[1]}.head.{words[2]}", words[3]
    return f"{words[0]}.{words[1]}", words[2]
