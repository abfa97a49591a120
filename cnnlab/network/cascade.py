"""What blocks take from around them: model, kinds, composite, block; the nearest wins."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from typing import Any

from cnnlab.blocks.block import Block, Inherits
from cnnlab.blocks.merge import Scope, Skip
from cnnlab.errors import Fault, FaultKind
from cnnlab.network.composite import Vocabulary
from cnnlab.network.spec import ModelSettings
from cnnlab.settings import read

INHERITED = ("norm", "head_norm", "act", "bias", "init", "dropout")
SPREAD = "stochastic_depth"
"""what spreads over all blocks that take it, by their place among them"""
NOT_OF_OUTPUT = ("head_norm", "act", "dropout")
"""what the output layer has only where it says so itself"""
SHORTCUT = ("norm", "bias", "init")
"""what the convolution of a skip's shortcut takes"""
Scoped = ChainMap[str, Any]
"""what blocks inherit: the settings of what encloses them, the nearest first, the model's last"""


def source_of(cls: type[Block], name: str) -> str | None:
    """The enclosing setting that the field `name` of `cls` inherits."""
    return next((m.name for m in cls.model_fields[name].metadata if isinstance(m, Inherits)), None)


def of_output(cls: type[Block], name: str) -> bool:
    """Whether the output layer has the field `name` only where it says so itself."""
    return source_of(cls, name) in NOT_OF_OUTPUT


def inherited(cls: type[Block], scope: Scoped, output: bool) -> list[tuple[str, str, bool]]:
    """What a block takes from around it: setting there, field here, and whether the block itself makes use of it.

    The output layer takes no norm, activation or dropout.
    """
    sources = [(source_of(cls, name), name) for name in cls.model_fields]
    return [
        (source, name, not issubclass(cls, Scope) or (cls is Skip and source in SHORTCUT))
        for source, name in sources
        if source is not None and source in scope and not (output and source in NOT_OF_OUTPUT)
    ]


def reaches(cls: type[Block] | None, key: str, scope: Scoped, output: bool) -> bool:
    """Whether what is said of all blocks of a kind holds for one of them that does not say otherwise.

    `cls` is None for a kind that YAML defines.
    """
    source = source_of(cls, key) if cls else key
    nearer = any(source in said for said in scope.maps[:-1])
    return not nearer and not (output and source in NOT_OF_OUTPUT)


def sound(settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the settings that can be inherited: a wrong one is told where it stands, and not of all who take it."""
    if not settings:
        return settings
    _, faults = read(ModelSettings, {**settings, "body": {}, "head": {}}, "", "a block")
    wrong = {fault.path.split(".")[0] for fault in faults}
    return {key: value for key, value in settings.items() if key not in wrong}


def kind_faults(kinds: dict[str, dict[str, Any]], vocabulary: Vocabulary, path: str) -> Iterator[Fault]:
    """What is wrong with `model.kinds` by itself."""
    for kind, settings in kinds.items():
        if kind not in vocabulary:
            yield vocabulary.unknown(f"{path}.{kind}", kind)
        elif kind not in vocabulary.broken:
            known = vocabulary.settings(kind)
            for key in settings:
                if key not in known:
                    said = f"{kind} has no such setting"
                    yield Fault.unknown(FaultKind.UNKNOWN_SETTING, f"{path}.{kind}.{key}", said, key, known)


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
