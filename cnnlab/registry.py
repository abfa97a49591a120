"""Registries: the kinds of record that one group of settings may hold, shipped and brought by plugins.

A kind is a record that makes what it describes: a block its module, an optimizer torch's optimizer. All kinds of a
group derive from one base class, which names the group's registry; so a class alone tells where it belongs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, Field, model_validator
from typing_extensions import dataclass_transform

from cnnlab.blame import written_at
from cnnlab.errors import Fault, FaultKind
from cnnlab.settings import Settings, read, shown

R = TypeVar("R", bound="Registered")

SHIPPED = "cnnlab."
"""what the names of this package's own modules begin with"""


class Registry(Mapping[str, type[R]], Generic[R]):
    """The kinds of one group by their names: shipped ones, then those of plugins, then those made when asked for.

    `group` is where such records stand in YAML and what messages call them, `key` the setting that tells kinds apart.
    `methods` are what every kind has to define, or in their place all of `instead`. `library` makes kinds by name, such
    as those of torch.optim; `refused` has the reasons why a name that users may try is none.
    """

    base: type[R]

    def __init__(
        self,
        group: str,
        key: str = "kind",
        methods: Sequence[str] = ("build",),
        instead: Sequence[str] = (),
        refused: Mapping[str, str] | None = None,
    ):
        self.group, self.key, self.methods, self.instead = group, key, tuple(methods), tuple(instead)
        self.shipped: dict[str, type[R]] = {}
        self.brought: dict[str, type[R]] = {}
        """by plugins"""
        self.library: Mapping[str, type[R]] = {}
        self.refused = refused or {}

    def ship(self, *classes: type[R], library: Mapping[str, type[R]] | None = None) -> Registry[R]:
        """Add this package's own kinds, and a library that makes more of them by name; the registry itself."""
        self.shipped |= {kind_of(cls): cls for cls in classes}
        self.library = library or self.library
        return self

    def __getitem__(self, kind: str) -> type[R]:
        for kinds in (self.shipped, self.brought):
            if kind in kinds:
                return kinds[kind]
        return self.library[kind]

    def __contains__(self, kind: object) -> bool:
        return any(kind in kinds for kinds in (self.shipped, self.brought, self.library))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.shipped, *self.brought, *self.library]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    @property
    def known(self) -> list[type[R]]:
        """The kinds that have a class already: none is made for this, and nothing imported."""
        return [*self.shipped.values(), *self.brought.values()]

    def unknown(self, path: str, kind: object) -> Fault:
        """The fault of a kind that there is not, written at `path`."""
        if reason := self.refused.get(str(kind)):
            return Fault(path, reason)
        return Fault.unknown(FaultKind.UNKNOWN_CHOICE, path, f"there is no {self.group} {shown(kind)}", kind, self)

    def read(self, raw: Any, path: str) -> tuple[R | None, list[Fault]]:
        """The record that a mapping of settings describes, or all its faults, their paths under `path`."""
        if not isinstance(raw, dict):
            return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
        kind = raw.get(self.key)
        if kind is None:
            return None, [
                Fault(f"{path}.{self.key}", f"{path} needs this setting: one of {', '.join(self)}", FaultKind.MISSING)
            ]
        if not isinstance(kind, str) or kind not in self:
            return None, [self.unknown(f"{path}.{self.key}", kind)]
        return read(self[kind], raw, path, kind)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class _Lenient(type(BaseModel)):
    """Keeps attributes without a type aside, where pydantic would stop at the first: all faults are told at once."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **more: Any) -> Any:
        own = not namespace.get("__module__", "").startswith(SHIPPED)
        inherited = {key for base in bases for key in getattr(base, "__class_vars__", ())}
        untyped = _untyped(namespace, inherited) if own else {}
        kept = {key: value for key, value in namespace.items() if key not in untyped}
        cls: Any = super().__new__(mcs, name, bases, kept, **more)
        cls.untyped = {**getattr(super(cls, cls), "untyped", {}), **untyped}
        if "registry" in namespace:
            cls.registry.base = cls
        return cls


NO_SETTINGS = (FunctionType, type, property, classmethod, staticmethod)
"""what a class may have without a type beside it"""


def _untyped(namespace: Mapping[str, Any], inherited: set[str]) -> dict[str, Any]:
    """The attributes of a class that are meant as settings, but have no type."""
    annotations = namespace.get("__annotations__")
    if annotations is None and "__annotate_func__" in namespace:  # Python 3.14 works them out when asked
        annotations = namespace["__annotate_func__"](4)
    return {
        key: value
        for key, value in namespace.items()
        if not key.startswith("_") and key not in {"model_config", *inherited, *(annotations or ())}
        and not isinstance(value, NO_SETTINGS) and not hasattr(value, "decorator_info")
    }  # fmt: skip


class Registered(Settings, metaclass=_Lenient):
    """Base of all records that registries hold."""

    registry: ClassVar[Registry[Any]]
    """of the group; a base class sets it"""
    untyped: ClassVar[dict[str, Any]] = {}
    """attributes that the class gives a value, but no type"""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        """The kinds of this package name themselves; a user's need not."""
        if cls.untyped:
            raise TypeError("; ".join(f"{cls.__name__}.{fault}" for fault in _without_type(cls)))
        key = cls.registry.key
        unnamed = isinstance(values, dict) and cls.model_fields[key].is_required()
        return {key: kind_of(cls), **values} if unnamed else values


def kind_of(cls: type[Registered]) -> str:
    """The name of a kind: the default of the setting that tells kinds apart, or the class's name in small letters.

    >>> class MaxBlurPool(Registered):
    ...     registry = Registry("block", "block")
    ...     block: str
    >>> kind_of(MaxBlurPool)
    'max_blur_pool'
    """
    name = cls.model_fields[cls.registry.key].default
    return name if isinstance(name, str) else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


def is_whole(cls: type[Registered]) -> bool:
    """Whether a class has the methods that make it a kind, and is not only there for others to derive from."""
    ways = [way for way in (cls.registry.methods, cls.registry.instead) if way]
    return not ways or any(all(_defines(cls, method) for method in way) for way in ways)


def _defines(cls: type[Registered], method: str) -> bool:
    """Whether a class has more than its base's empty method."""
    return getattr(cls, method) is not getattr(cls.registry.base, method)


def flaws(cls: type[Registered], reserved: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is wrong with a class of a plugin, each with its line. `reserved` are settings that a group has already."""
    name, registry = cls.__name__, cls.registry
    yield from (f"{name}.{flaw}" for flaw in _without_type(cls))
    for field, info in cls.model_fields.items():
        if isinstance(info.default, list | dict | set | bytearray):
            instead = "a tuple, as in tuple[int, ...] = (1, 2)," if isinstance(info.default, list) else "None,"
            yield (
                f"{name}.{field}: its default {shown(info.default)} can be changed in place; write {instead} or "
                f"Field(default_factory={type(info.default).__name__}){written_at(cls, field)}"
            )
        if field in reserved.get(registry.group, ()):
            problem = f"every {registry.group} takes {field}; give this setting another name"
            yield f"{name}.{field}: {problem}{written_at(cls, field)}"
    if not is_whole(cls):
        ways = (way for way in (registry.methods, registry.instead) if way)
        wanted = (" and ".join(f"{method}{_signature(registry, method)}" for method in way) for way in ways)
        yield f"{name} needs a method {', or else '.join(wanted)}{written_at(cls)}"
    for method in (*registry.methods, *registry.instead):
        if _defines(cls, method) and not _takes(cls, method):
            expected = f"{name}.{method} should take {_signature(registry, method)}"
            yield f"{expected}, not {inspect.signature(getattr(cls, method))}{written_at(cls, method)}"
    kind = kind_of(cls)
    if not re.fullmatch(r"\w[\w-]*", kind):
        yield f"{name}.{registry.key}: {kind!r} is no word{written_at(cls, registry.key)}"
    elif kind in registry:
        other = registry[kind]
        whose = "" if other.__module__.startswith(SHIPPED) else f", {other.__module__}.{other.__name__}"
        problem = f"there is a kind of {registry.group} {kind!r} already{whose}; give it another `{registry.key}`"
        yield f"{name}: {problem}{written_at(cls, registry.key)}"


def _without_type(cls: type[Registered]) -> Iterator[str]:
    for field, value in cls.untyped.items():
        typed = f"{field}: {type(value).__name__} = {shown(value)}"
        yield f"{field}: a setting needs a type; write {typed}{written_at(cls, field)}"


def _signature(registry: Registry[Any], method: str) -> str:
    return f"({', '.join(inspect.signature(getattr(registry.base, method)).parameters)})"


def _takes(cls: type[Registered], method: str) -> bool:
    """Whether a method can be called as the base's is."""
    own = getattr(cls, method)
    names = list(inspect.signature(getattr(cls.registry.base, method)).parameters)
    try:
        inspect.signature(own).bind(*(names if isinstance(own, FunctionType) else names[1:]))
    except (TypeError, ValueError):
        return False
    return True


def returned(record: object, method: str, value: object, wanted: str) -> str:
    """What to say of a method that has returned something else than `wanted`."""
    return f"its {method}() returns {type(value).__name__}, not {wanted}{written_at(type(record), method)}"
