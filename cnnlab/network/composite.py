"""Blocks that YAML defines out of others: parameters, and a block in which `$…` stands for what is made of them."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlab import dotted
from cnnlab.blocks import KINDS
from cnnlab.errors import Fault, FaultKind
from cnnlab.network.arithmetic import UNKNOWN, Unknown, evaluate, is_expression
from cnnlab.network.provenance import ResolvedSetting
from cnnlab.network.spec import PLACED
from cnnlab.settings import shown

REQUIRED = "required"
"""the default of a parameter that has none"""


@dataclass(frozen=True)
class Composite:
    """One of `model.blocks`."""

    name: str
    path: str
    params: Mapping[str, Any]
    """their defaults; one may be worked out from those before it"""
    root: Mapping[str, Any]
    """the block it stands for, expressions and all"""

    def misuse(self, settings: Mapping[str, ResolvedSetting], known: Sequence[str], path: str) -> list[Fault]:
        """What is wrong with the `settings` of a block at `path` that is one of this, which may have those `known`."""
        said, words = f"{self.name} has no such setting", [*known, *PLACED]
        faults = [
            Fault.unknown(FaultKind.UNKNOWN_SETTING, setting.source.path, said, name, words)
            for name, setting in settings.items()
            if name not in known and name != "block"
        ]
        meant = {fault.suggestion for fault in faults}
        needed = [name for name, default in self.params.items() if default == REQUIRED]
        absent = [name for name in needed if name not in settings and name not in meant]
        missing = [Fault(f"{path}.{name}", f"{self.name} needs this setting", FaultKind.MISSING) for name in absent]
        return [*faults, *missing]

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Its block with `given` for the parameters. Raises Faults where an expression has no value."""
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, default in self.params.items():
            values[name] = (
                given[name] if name in given else _replaced(default, values, f"{self.path}.params.{name}", faults)
            )
        root = _replaced(self.root, values, self.path, faults)
        if faults:
            raise Faults(faults)
        return root

    def says(self, path: str) -> Any:
        """What is written at a dotted path of the configuration that lies in it."""
        return dotted.get({**self.root, "params": self.params}, path[len(self.path) + 1 :])


class Faults(Exception):
    """Several at once."""

    def __init__(self, faults: list[Fault]):
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def _replaced(value: Any, params: Mapping[str, Any], path: str, faults: list[Fault]) -> Any:
    """`value` with the values of its expressions."""
    if isinstance(value, Mapping):
        return {key: _replaced(inner, params, f"{path}.{key}", faults) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, params, path, faults) for inner in value]
    if not is_expression(value):
        return value
    try:
        return evaluate(value, params)
    except ValueError as error:
        faults += [] if isinstance(error, Unknown) else [Fault(path, str(error))]
        return UNKNOWN


def read_composites(raw: Any, path: str) -> tuple[dict[str, Composite], list[Fault]]:
    """The blocks that `model.blocks` defines, also those at fault, and what is wrong with them by themselves."""
    if raw is None:
        return {}, []
    if not isinstance(raw, dict):
        return {}, [Fault(path, f"should be a mapping from names to blocks, not {shown(raw)}")]
    given = {str(name): said for name, said in raw.items() if said is not None}
    faults = [fault for name, said in given.items() for fault in _faults(name, said, f"{path}.{name}")]
    made = {name: _composite(name, said, f"{path}.{name}") for name, said in given.items() if isinstance(said, dict)}
    return made, [*faults, *_circles({name: found for name, found in made.items() if name not in KINDS})]


def _composite(name: str, said: dict[str, Any], path: str) -> Composite:
    params = said.get("params")
    named = {str(key): value for key, value in params.items()} if isinstance(params, dict) else {}
    return Composite(name, path, named, {key: value for key, value in said.items() if key != "params"})


def _faults(name: str, said: Any, path: str) -> Iterator[Fault]:
    if name in KINDS:
        yield Fault(path, f"{name} is a kind of block already; give it another name")
    if not isinstance(said, dict):
        yield Fault(path, f"should be a block with its params, {{params: {{…}}, block: …}}, not {shown(said)}")
        return
    if not isinstance(said.get("block"), str):
        yield Fault(f"{path}.block", f"{name} needs the kind of block it is made of, such as block: sequential")
    for key in PLACED:
        if key in said:
            yield Fault(f"{path}.{key}", f"{key} is said where {name} is used")
    params = said.get("params")
    if params is not None and not isinstance(params, dict):
        yield Fault(f"{path}.params", f"should be a mapping from names to defaults (or required), not {shown(params)}")
        return
    for key in map(str, params or {}):
        if not key.isidentifier() or keyword.iskeyword(key) or key in ("block", *PLACED):
            yield Fault(f"{path}.params.{key}", "is no name that a parameter can have")


def _circles(made: Mapping[str, Composite]) -> Iterator[Fault]:
    """Blocks that are made of themselves, however far round."""
    uses = {name: set(_kinds_in(found.root)) & made.keys() for name, found in made.items()}
    for name, found in made.items():
        reached, waiting = set(), list(uses[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += uses[other]
        if name in reached:
            yield Fault(found.path, f"{name} is made of itself, through {', '.join(sorted(reached))}")


def _kinds_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("block"), str):
            yield value["block"]
        for inner in value.values():
            yield from _kinds_in(inner)


def misread(raw: Any, path: str) -> Iterator[Fault]:
    """What can be said against blocks that nothing uses yet: kinds and settings that there are not."""
    made, faults = read_composites(raw, path)
    yield from faults
    vocabulary = Vocabulary(made)
    for composite in made.values() if not faults else ():
        yield from _unknown(composite.root, composite.path, vocabulary)


def _unknown(value: Any, path: str, vocabulary: Vocabulary) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        return
    kind = value.get("block")
    if isinstance(kind, str) and not is_expression(kind):
        if kind not in vocabulary:
            yield vocabulary.unknown(f"{path}.block", kind)
            return
        known = ["block", *PLACED, *vocabulary.settings(kind)]
        for name in value:
            if name not in known:
                said = f"{kind} has no such setting"
                yield Fault.unknown(FaultKind.UNKNOWN_SETTING, f"{path}.{name}", said, name, known)
    for name, inner in value.items():
        yield from _unknown(inner, f"{path}.{name}", vocabulary)


@dataclass(frozen=True)
class Vocabulary:
    """All that `block:` may say: the kinds that Python defines, and those of `model.blocks`."""

    composites: Mapping[str, Composite]
    broken: frozenset[str] = frozenset()
    """composites at fault, which no block can be made of"""

    def __contains__(self, kind: object) -> bool:
        return kind in KINDS or kind in self.composites

    def unknown(self, path: str, kind: object) -> Fault:
        """The fault of a `kind` that there is not, written at `path`."""
        said = f"there is no kind of block {kind!r}"
        return Fault.unknown(FaultKind.UNKNOWN_BLOCK_KIND, path, said, kind, [*KINDS, *self.composites])

    def settings(self, kind: str) -> list[str]:
        """What a block of `kind` may be told, without its place: parameters, then what its own block takes."""
        if kind in KINDS:
            return [name for name in KINDS[kind].model_fields if name != "block"]
        found = self.composites[kind]
        root = found.root.get("block")
        inner = self.settings(root) if isinstance(root, str) and root in self else []
        return [
            *found.params,
            *(name for name in inner if name not in ("body", "branches") and name not in found.params),
        ]

    def later(self, kind: str) -> dict[str, Any]:
        """Settings of the second and later copies: only the first one strides."""
        if kind in KINDS:
            return {name: value for name, value in KINDS[kind].later.items() if name in KINDS[kind].model_fields}
        found = self.composites[kind]
        if "stride" in found.params:
            return {"stride": 1}
        root = found.root.get("block")
        return self.later(root) if isinstance(root, str) and root in self and root != kind else {}
