"""A network's settings as YAML has them, and the network as records: two forms of one thing, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import to_jsonable_python

from cnnlab.blocks.block import Added, Block
from cnnlab.blocks.conv import Bias, Init, Standardize
from cnnlab.blocks.norm import Act, Norm
from cnnlab.blocks.stack import Merge, Stack, Stage
from cnnlab.blocks.window import tiles
from cnnlab.dotted import flat
from cnnlab.settings import Count, Fraction, Natural, NonNegative, Pair, Positive, Settings, names, shown
from cnnlab.traits import Traits
from cnnlab.yaml_form import short_form


def _freeze(value: Any) -> Any:
    """Patterns of names, and for how many epochs what they name is frozen; None: all through."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value)
    if not isinstance(value, dict):
        raise ValueError(
            f"should be names of blocks, [body.stem, body.stage1], or {{name: epochs}}, not {shown(value)}"
        )
    frozen = {name: epochs for name, epochs in flat(value).items() if epochs is not None}
    for name, epochs in frozen.items():
        if type(epochs) is not bool and not (type(epochs) is int and epochs >= 0):
            raise ValueError(f"{name} should be a number of epochs, true (all through) or false, not {shown(epochs)}")
    return {name: None if epochs is True else int(epochs) for name, epochs in frozen.items()}


class ModelSettings(Settings):
    """What conf/model/*.yaml says."""

    norm: Norm | None = None
    """normalisation after every convolution: batch, group, layer, instance or none"""
    head_norm: Norm | None = None
    """normalisation after every linear layer but the output"""
    act: Act | None = None
    """activation after every convolution and linear layer but the output"""
    bias: Bias | None = None
    """whether layers add a bias: true, false, or auto (those without a norm)"""
    init: Init | None = None
    """how weights start"""
    standardize: Standardize | None = None
    """whether convolutions standardise their weights before they use them: none, weights or scaled"""
    dropout: Fraction | None = None
    """share dropped after linear layers, in dropout blocks and inside residual blocks"""
    stochastic_depth: Fraction | None = None
    """rate that residual blocks rise to which do not set theirs: rate · i / n for the i-th of n, counted from 0"""
    width: Positive = 1.0
    """multiplies every number of channels in the body"""
    divisor: Annotated[Count | None, Traits(rounds="width")] = None
    """widths that `width` makes are rounded to its multiples, as in MobileNets to the nearest, but not to under 90 %;
    unless set, a width that is not whole is a fault"""
    depth: Positive = 1.0
    """multiplies every `repeat` that is written in the body"""
    depth_rounding: Annotated[Literal["up", "down", "nearest"] | None, Traits(rounds="depth")] = None
    """how repeats that `depth` makes are rounded (never to 0); unless set, one that is not whole is a fault"""
    min_size: Pair | None = None
    """smallest image the network takes; smaller ones are enlarged to it"""
    input_size: Pair | None = None
    """image size that the network is tied to; others are resized to it"""
    freeze: Annotated[
        dict[str, int | None],
        BeforeValidator(_freeze, json_schema_input_type=str | list[str] | dict[str, Any]),
        Traits(for_training=True),
    ] = Field(default_factory=dict)
    """what does not learn: names such as body.stage1 or *.norm, or {name: for how many epochs, or true}"""
    kinds: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """settings of all blocks of a kind, where a block does not say otherwise"""
    blocks: dict[str, Any] = Field(default_factory=dict)
    """blocks made of others: name: {params: {…}, block: …}, in which $… stands for what is made of the parameters"""
    aux: dict[str, Any] = Field(default_factory=dict)
    """auxiliary heads by name: {from: BLOCK, weight: 0.3, head: {…}}; they add to the loss in training alone"""
    body: dict[str, Any]
    """the convolutional part: blocks by name, in order"""
    head: dict[str, Any]
    """the dense part: blocks by name, in order"""


def _names(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise ValueError(f"should be an earlier block's name, a list of them, or input, not {shown(value)}")


def _present(value: Any) -> Any:
    if isinstance(value, str) and value != "none":
        raise ValueError(f"should be true, false or a number (0 and none: it is not there), not {shown(value)}")
    return bool(value) and value != "none"


class Placement(Settings):
    """Where in its stack a block stands, what it takes in, and how often it is there."""

    model_config = ConfigDict(serialize_by_alias=True)

    repeat: Annotated[Natural, Field(le=10_000)] = 1
    """number of copies; only the first one strides; 0 removes the block"""
    present: Annotated[bool, BeforeValidator(_present, json_schema_input_type=bool | float | Literal["none"])] = Field(
        default=True, alias="if"
    )
    """whether it is there at all: true or false, or a number, of which 0 removes it as `repeat: 0` does"""
    width: Literal["scaled", "fixed", "grows"] = "scaled"
    """what the network's `width` does to its channels: multiply them; nothing; or multiply them where that is more"""
    first: dict[str, Any] | None = None
    """settings of the first copy alone"""
    last: dict[str, Any] | None = None
    """settings of the last copy alone"""
    after: str | None = None
    """name of the block it follows"""
    before: str | None = None
    """name of the block it precedes"""

    sources: Annotated[tuple[str, ...], BeforeValidator(_names, json_schema_input_type=str | list[str])] = Field(
        default=(), alias="from"
    )
    """names of the earlier blocks whose outputs it takes, or input, the stack's own; the block before it unless said"""
    join: Merge = "concat"
    """how the outputs of several sources become one"""

    @model_validator(mode="after")
    def _one_anchor(self) -> Placement:
        if self.after is not None and self.before is not None:
            raise ValueError("a block stands either after another or before it; write one of the two")
        return self

    @model_validator(mode="after")
    def _join_of_several(self) -> Placement:
        if "join" in self.model_fields_set and len(self.sources) < 2:
            raise ValueError("join is how several blocks' outputs become one; name them: from: [a, b]")
        return self


PLACED = tuple(names(Placement))
"""settings that every block takes: of its place in the stack, not of the block itself"""
RESERVED = {"block": PLACED}
"""settings that no kind of a group may have, since all have them already"""


class AuxSettings(Settings):
    """An auxiliary head. Szegedy et al. 2014, arXiv:1409.4842, §5."""

    tap: str = Field(alias="from")
    """name of the block in the body whose output it takes"""
    weight: NonNegative = 0.3
    """of its loss, in the sum with the network's own"""
    head: dict[str, Any]
    """blocks by name, in order; `width` does not touch them"""


@dataclass(frozen=True)
class Aux:
    """An auxiliary head as records."""

    name: str
    tap: str
    weight: float
    head: Stack


@dataclass(frozen=True)
class Network:
    """A network as records: every setting resolved, every copy listed."""

    body: Stack
    head: Stack
    classes: int
    min_size: tuple[int, int] | None = None
    input_size: tuple[int, int] | None = None
    aux: tuple[Aux, ...] = ()
    freeze: tuple[tuple[str, int | None], ...] = ()
    """patterns of names, and for how many epochs what they name does not learn; None: all through"""

    @property
    def sections(self) -> dict[str, Stack]:
        return {"body": self.body, "head": self.head}

    def plain(self) -> dict[str, Any]:
        """As plain data in which the order of blocks is kept in lists, for hashing and for showing."""
        aux = [[head.name, head.tap, head.weight, plain(head.head)] for head in self.aux]
        return {**{name: plain(stack) for name, stack in self.sections.items()}, **({"aux": aux} if aux else {})}

    def image_size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns that images of the stored size are brought to for this network."""
        if self.input_size:
            return self.input_size
        low = self.min_size or (1, 1)
        return max(stored[0], low[0]), max(stored[1], low[1])


def plain(value: Any) -> Any:
    match value:
        case Stage():
            taken = [[*value.sources, value.join]] if value.sources else []
            return [value.name, [plain(copy) for copy in value.copies], *taken]
        case Block():
            tiled = {"tiles": True} if tiles(value) else {}  # the same words made another network before 0.3.0
            return {**value.hashed(_settings(value)), **tiled}
        case Settings() if value.hashed_short:
            return to_jsonable_python(short_form(value))
        case Settings():
            return _settings(value)
        case tuple():
            return [plain(part) for part in value]
    return to_jsonable_python(value)  # of users' own kinds, lists, mappings and records of theirs


def _settings(record: Settings) -> dict[str, Any]:
    """A record's settings, without those that it had not from the first and that are the usual ones."""
    said = {name: (getattr(record, name), info) for name, info in type(record).model_fields.items()}
    return {
        name: plain(value)
        for name, (value, info) in said.items()
        if value != info.default or not any(isinstance(mark, Added) for mark in info.metadata)
    }
