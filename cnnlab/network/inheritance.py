"""Where a block's settings come from where it does not say them itself: its kind, what encloses it, the network.

What can be inherited is said by the kinds themselves: a field marked `Inherits` takes the setting of what encloses its
block.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.blocks.block import Block, Inherits
from cnnlab.blocks.merge import Scope, Skip
from cnnlab.errors import Fault, FaultKind
from cnnlab.network.composite import Vocabulary, moved_fault
from cnnlab.network.provenance import Provenance, ResolvedSetting, SettingSource
from cnnlab.network.spec import ModelSettings
from cnnlab.settings import read

INHERITED = ("norm", "head_norm", "act", "bias", "init", "standardize", "dropout")
SPREAD = "stochastic_depth"
"""what spreads over all blocks that take it, by their place among them"""
NOT_OF_OUTPUT = ("head_norm", "act", "dropout")
"""what the output layer has only where it says so itself"""
SHORTCUT = ("norm", "bias", "init", "standardize")
"""what the convolution of a skip's shortcut takes"""
Enclosing = ChainMap[str, Any]
"""settings that blocks inherit: those of the combinators around them, the nearest first, and the model's last"""
BlockSettings = dict[str, ResolvedSetting]
"""what is said of a block, by the settings' names"""


# The law of precedence. Of all that may say a setting of a block, the first in this list counts:
#
#   1  `first:` and `last:` of the block, for that one of its copies
#   2  what copies after the first have: of a block's copies only the first strides
#   3  the block itself
#   4  the combinators around it, the nearest first
#   5  `model.kinds`: of all blocks of its kind
#   6  the model
#   7  the default of its kind
#
# 4 to 6 do not hold for the activation, norm and dropout of the network's output, which has them by 1 to 3 alone.
# `null` says nothing anywhere: what is further down the list counts. `none` is a value: deliberately no norm.
#
# The parser collects 1 to 3 in `written`; `with_kind` adds 5, but where 4 would count; `resolved` adds 4 and 6.


def with_kind(
    written: BlockSettings, of_kind: BlockSettings, cls: type[Block] | None, enclosing: Enclosing, output: bool
) -> BlockSettings:
    """What is said of a block or of all blocks of its kind; `cls` is None for a kind that YAML defines."""
    combinators = enclosing.maps[:-1]
    holding = {}
    for name, setting in of_kind.items():
        inherits = source_of(cls, name) if cls else name
        nearer = any(inherits in settings for settings in combinators)
        if not nearer and not (output and inherits in NOT_OF_OUTPUT):
            holding[name] = setting
    return holding | written


def resolved(
    written: BlockSettings, cls: type[Block], enclosing: Enclosing, output: bool, provenance: Provenance
) -> BlockSettings:
    """All settings of a block that are not its kind's defaults; `written` is what `with_kind` makes."""
    of_output = (
        {"act": ResolvedSetting("none", SettingSource("output"))} if output and "act" in cls.model_fields else {}
    )
    around = {
        name: ResolvedSetting(enclosing[setting], provenance.inherited(setting))
        for setting, name in inherited(cls, enclosing, output)
    }
    return {**of_output, **around, **written}


def source_of(cls: type[Block], name: str) -> str | None:
    """The enclosing setting that the field `name` of `cls` inherits."""
    return next((mark.name for mark in cls.model_fields[name].metadata if isinstance(mark, Inherits)), None)


def inherited(cls: type[Block], enclosing: Enclosing, output: bool) -> list[tuple[str, str]]:
    """What a block takes from around it: the setting there, the field here."""
    sources = [(source_of(cls, name), name) for name in cls.model_fields]
    return [
        (source, name)
        for source, name in sources
        if source is not None and source in enclosing and not (output and source in NOT_OF_OUTPUT)
    ]


def left_to_output(cls: type[Block]) -> dict[str, SettingSource]:
    """The settings that the output layer has only where it says so itself."""
    return {name: SettingSource("output") for name in cls.model_fields if source_of(cls, name) in NOT_OF_OUTPUT}


def uses(cls: type[Block], enclosing: Enclosing, output: bool) -> set[str]:
    """The enclosing settings that a block makes use of itself; a combinator hands them on to what is inside of it."""
    taken = {source for source, _ in inherited(cls, enclosing, output)}
    if cls is Skip:
        return taken & {*SHORTCUT}
    return set() if issubclass(cls, Scope) else taken


def inheritable(settings: Mapping[str, ResolvedSetting]) -> dict[str, Any]:
    """What blocks inside of a block inherit of its settings: a wrong one is told where it stands, and not of all."""
    values = {name: settings[name].value for name in INHERITED if name in settings}
    if not values:
        return values
    _, faults = read(ModelSettings, {**values, "body": {}, "head": {}}, "", "a block")
    wrong = {fault.path.split(".")[0] for fault in faults}
    return {name: value for name, value in values.items() if name not in wrong}


def kind_faults(kinds: dict[str, dict[str, Any]], vocabulary: Vocabulary, path: str) -> Iterator[Fault]:
    """What is wrong with `model.kinds` by itself."""
    for kind, settings in kinds.items():
        if kind not in vocabulary:
            yield vocabulary.unknown(f"{path}.{kind}", kind)
        elif kind not in vocabulary.broken:
            known = vocabulary.settings(kind)
            for key in settings:
                if key not in known:
                    message = f"{kind} has no such setting"
                    old = moved_fault(KINDS[kind].moved, key, f"{path}.{kind}.{key}") if kind in KINDS else None
                    yield old or Fault.unknown(FaultKind.UNKNOWN_SETTING, f"{path}.{kind}.{key}", message, key, known)


def idle(raw: dict[str, Any], used: set[str], path: str) -> Iterator[Fault]:
    """Settings of the model that nothing takes; `used` are the settings and the kinds that are."""
    for key in (*INHERITED, SPREAD):
        if key in raw and key not in used and raw[key] not in ("none", "auto"):
            yield Fault(f"{path}.{key}", "no block of this network takes this setting")
    if raw.get("depth", 1) != 1 and "depth" not in used:
        yield Fault(f"{path}.depth", "no block in the body of this network says how often it is there (repeat)")
    for kind in raw.get("kinds", {}):
        if kind not in used:
            yield Fault(f"{path}.kinds.{kind}", f"this network has no {kind} block")
