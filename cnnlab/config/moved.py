"""Settings that have another name since 0.3.0: what to say of the old one, and how older records are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnnlab.errors import Fault

MOVED = {"label_smoothing": "loss.label_smoothing"}
"""old name -> new one"""


def fault_of(path: str) -> Fault:
    """What to say of an old name."""
    return Fault(path, f"is {MOVED[path]} now")


def migrated(config: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved configuration of a record in today's words. 0.2.0 had one loss, with a setting at the top."""
    if "label_smoothing" not in config or "loss" in config:
        return dict(config)
    config = {**config, **({"model": _blocks_migrated(config["model"])} if "model" in config else {})}
    smoothing = config["label_smoothing"]
    rest = {name: value for name, value in config.items() if name != "label_smoothing"}
    return {**rest, "loss": {"kind": "cross_entropy", "label_smoothing": smoothing}}


def _blocks_migrated(value: Any, kind: str | None = None) -> Any:
    """A network's settings in today's words; `kind` is that of the block that they are settings of."""
    if isinstance(value, list):
        return [_blocks_migrated(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    named = value.get("block", kind)
    own = {key: _blocks_migrated(inner, _kind_within(key, named)) for key, inner in value.items()}
    if isinstance(own.get("kinds"), dict):
        own["kinds"] = {name: _blocks_migrated(settings, name) for name, settings in own["kinds"].items()}
    return BLOCKS[named](own) if named in BLOCKS else own


def _kind_within(key: str, kind: Any) -> str | None:
    """The settings of the first and the last copy are of the same kind."""
    return kind if key in ("first", "last") else None


def _renamed(old: str, new: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda settings: {(new if key == old else key): value for key, value in settings.items()}


def _compression(settings: dict[str, Any]) -> dict[str, Any]:
    ratio = settings.pop("ratio", None)
    return {**settings, **({"compression": 1 / ratio} if type(ratio) is int and ratio else {})}


def _of_input(settings: dict[str, Any]) -> dict[str, Any]:
    ratio = settings.get("squeeze_excite")
    return {**settings, "squeeze_excite": {"ratio": ratio, "of": "input"}} if type(ratio) is int else settings


BLOCKS: dict[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "select": _renamed("channels", "indices"),
    "squeeze_excite": _renamed("channels", "inner"),
    "transition": _compression,
    "inverted_residual": _of_input,
}
"""kind of block -> its settings of 0.2.0 in today's words"""
