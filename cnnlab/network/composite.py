"""Blocks that YAML defines out of others: parameters, and a block in which `$…` stands for what is made of them."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cnnlab import dotted
from cnnlab.blocks import KINDS
from cnnlab.errors import Fault, FaultKind
from cnnlab.network.arithmetic import UNKNOWN, Unknown, evaluate, is_expression, names_in, parameter_of
from cnnlab.network.provenance import ResolvedSetting
from cnnlab.network.spec import PLACED
from cnnlab.settings import shown
from cnnlab.untrusted.files import Refused, bounded

REQUIRED = "required"
"""the default of a parameter that has none"""
LARGEST = 2_000
"""values in a parameter: `[$n, $n]` that goes through one block into the next doubles them each time"""


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
        message, words = f"{self.name} has no such setting", [*known, *PLACED]
        faults = [
            moved_fault(self.moved, name, setting.source.path)
            or Fault.unknown(FaultKind.UNKNOWN_SETTING, setting.source.path, message, name, words)
            for name, setting in settings.items()
            if name not in known and name != "block"
        ]
        meant = {fault.suggestion for fault in faults}
        needed = [name for name, default in self.params.items() if default == REQUIRED]
        absent = [name for name in needed if name not in settings and name not in meant]
        missing = [Fault(f"{path}.{name}", f"{self.name} needs this setting", FaultKind.MISSING) for name in absent]
        return [*faults, *missing]

    def bound(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Its block with `arguments` for the parameters. Raises Faults where an expression has no value."""
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, default in self.params.items():
            path = f"{self.path}.params.{name}"
            value = arguments[name] if name in arguments else _replaced(default, values, path, faults)
            values[name] = _of_bounded_size(value, path, faults)
        root = _replaced(self.root, values, self.path, faults)
        if faults:
            raise Faults(faults)
        return root

    @property
    def moved(self) -> Mapping[str, str]:
        """The settings of its own block that have another name now."""
        kind = self.root.get("block")
        return KINDS[kind].moved if isinstance(kind, str) and kind in KINDS else {}

    def written_at(self, path: str) -> Any:
        """What is written at a dotted path of the configuration that lies in it."""
        return dotted.get({**self.root, "params": self.params}, path[len(self.path) + 1 :])


def moved_fault(moved: Mapping[str, str], name: str, path: str) -> Fault | None:
    """What to say of a setting that has another name now; None for one that has not."""
    return Fault(path, f"is {moved[name]} now") if name in moved else None


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


def _of_bounded_size(value: Any, path: str, faults: list[Fault]) -> Any:
    """`value`, or UNKNOWN where it has more in it than a parameter may have."""
    if isinstance(value, Mapping | list):
        try:
            bounded(value, (object,), LARGEST)
        except Refused as error:
            faults.append(Fault(path, str(error)))
            return UNKNOWN
    return value


def read_composites(raw: Any, path: str) -> tuple[dict[str, Composite], list[Fault]]:
    """The blocks that `model.blocks` defines, also those at fault, and what is wrong with them by themselves."""
    if raw is None:
        return {}, []
    if not isinstance(raw, dict):
        return {}, [Fault(path, f"should be a mapping from names to blocks, not {shown(raw)}")]
    definitions = {str(name): definition for name, definition in raw.items() if definition is not None}
    faults = [
        fault for name, definition in definitions.items() for fault in _faults(name, definition, f"{path}.{name}")
    ]
    composites = {
        name: _composite(name, definition, f"{path}.{name}")
        for name, definition in definitions.items()
        if isinstance(definition, dict)
    }
    return composites, [
        *faults,
        *_circles({name: composite for name, composite in composites.items() if name not in KINDS}),
    ]


def _composite(name: str, definition: dict[str, Any], path: str) -> Composite:
    params = definition.get("params")
    named = {str(key): value for key, value in params.items()} if isinstance(params, dict) else {}
    return Composite(name, path, named, {key: value for key, value in definition.items() if key != "params"})


def _faults(name: str, definition: Any, path: str) -> Iterator[Fault]:
    if name in KINDS:
        yield Fault(path, f"{name} is a kind of block already; give it another name")
    if not isinstance(definition, dict):
        yield Fault(path, f"should be a block with its params, {{params: {{…}}, block: …}}, not {shown(definition)}")
        return
    if not isinstance(definition.get("block"), str):
        yield Fault(f"{path}.block", f"{name} needs the kind of block it is made of, such as block: sequential")
    for key in PLACED:
        if key in definition:
            yield Fault(f"{path}.{key}", f"{key} is said where {name} is used")
    params = definition.get("params")
    if params is not None and not isinstance(params, dict):
        yield Fault(f"{path}.params", f"should be a mapping from names to defaults (or required), not {shown(params)}")
        return
    for key in map(str, params or {}):
        if not key.isidentifier() or keyword.iskeyword(key) or key in ("block", *PLACED):
            yield Fault(f"{path}.params.{key}", "is no name that a parameter can have")


def _circles(composites: Mapping[str, Composite]) -> Iterator[Fault]:
    """Blocks that are made of themselves, however far round."""
    uses = {name: set(_kinds_in(composite.root)) & composites.keys() for name, composite in composites.items()}
    for name, composite in composites.items():
        reached, waiting = set(), list(uses[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += uses[other]
        if name in reached:
            yield Fault(composite.path, f"{name} is made of itself, through {', '.join(sorted(reached))}")


def _kinds_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("block"), str):
            yield value["block"]
        for inner in value.values():
            yield from _kinds_in(inner)


def misread(raw: Any, path: str) -> Iterator[Fault]:
    """What can be said against blocks that nothing uses yet: kinds and settings that there are not."""
    composites, faults = read_composites(raw, path)
    yield from faults
    vocabulary = Vocabulary(composites)
    for composite in composites.values() if not faults else ():
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
                message = f"{kind} has no such setting"
                old = moved_fault(KINDS[kind].moved, name, f"{path}.{name}") if kind in KINDS else None
                yield old or Fault.unknown(FaultKind.UNKNOWN_SETTING, f"{path}.{name}", message, name, known)
    for name, inner in value.items():
        yield from _unknown(inner, f"{path}.{name}", vocabulary)


Role = Literal["step", "pool", "other"]
"""what a value inside of a block is for: how far it steps, how far a pool does, or something else"""


@dataclass(frozen=True)
class Vocabulary:
    """All that `block:` may say: the kinds that Python defines, and those of `model.blocks`."""

    composites: Mapping[str, Composite]
    broken: frozenset[str] = frozenset()
    """composites at fault, which no block can be made of"""
    _steps: dict[str, list[str]] = field(default_factory=dict, compare=False, repr=False)
    """of the composites that were asked for"""

    def __contains__(self, kind: object) -> bool:
        return kind in KINDS or kind in self.composites

    def unknown(self, path: str, kind: object) -> Fault:
        """The fault of a `kind` that there is not, written at `path`."""
        message = f"there is no kind of block {kind!r}"
        return Fault.unknown(FaultKind.UNKNOWN_BLOCK_KIND, path, message, kind, [*KINDS, *self.composites])

    def settings(self, kind: str) -> list[str]:
        """What a block of `kind` may be told, without its place: parameters, then what its own block takes."""
        if kind in KINDS:
            return [name for name in KINDS[kind].model_fields if name != "block"]
        composite = self.composites[kind]
        root = composite.root.get("block")
        inner = self.settings(root) if isinstance(root, str) and root in self else []
        return [
            *composite.params,
            *(name for name in inner if name not in ("body", "branches") and name not in composite.params),
        ]

    def later(self, kind: str) -> dict[str, Any]:
        """Settings of the second and later copies: only the first one strides."""
        if kind in KINDS:
            return {name: value for name, value in KINDS[kind].later.items() if name in KINDS[kind].model_fields}
        composite, steps = self.composites[kind], self.steps(kind)
        root = composite.root.get("block")
        inner = self.later(root) if isinstance(root, str) and root in self and root != kind else {}
        of_root = {name: value for name, value in inner.items() if parameter_of(composite.root.get(name)) not in steps}
        return {**of_root, **dict.fromkeys(steps, 1)}

    def steps(self, kind: str) -> list[str]:
        """The parameters of a composite that say how far its blocks step, and nothing else, whatever they are called.

        One that is called `stride` is taken at its word.
        """
        if kind not in self._steps:
            self._steps[kind] = []  # for what is made of itself
            composite = self.composites[kind]
            uses = list(self._uses(composite.root))
            other = {name for text, role in uses if role == "other" for name in names_in(text)}
            other |= {name for default in composite.params.values() for name in names_in(default)}
            stepping = {parameter_of(text) for text, role in uses if role == "step"} - other
            self._steps[kind] = [name for name in composite.params if name == "stride" or name in stepping]
        return self._steps[kind]

    def _uses(self, value: Any, role: Role = "other") -> Iterator[tuple[Any, Role]]:
        """The values inside of a block, and what each is for."""
        if isinstance(value, Mapping):
            kind = value.get("block")
            roles = self._roles(kind) if isinstance(kind, str) else {}
            for name, inner in value.items():
                yield from self._uses(inner, roles.get(name, "other"))
        elif isinstance(value, list):
            for inner in value:
                yield from self._uses(inner, role)
        else:
            yield value, role if parameter_of(value) else "other"

    def _roles(self, kind: str) -> dict[str, Role]:
        """The settings of a kind that are steps; to stride is what a pool is for."""
        if kind in self.composites:
            return dict.fromkeys(self.steps(kind), "step")
        if kind in KINDS and "stride" in KINDS[kind].model_fields:
            return {"stride": "step" if "stride" in KINDS[kind].later else "pool"}
        return {}
