"""What the words typed so far would compose, near enough to name blocks: files, their parents, overrides.

Hydra's own composition takes longer than a user waits for a completion. What this one leaves out (interpolations,
packages other than `_here_` and a name) moves no block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from cnnlab import dotted
from cnnlab.config import GROUPS, KINDS, SHARED
from cnnlab.override import Override

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 20
"""parents of parents"""


def composed(confs: Sequence[Path], words: Iterable[str], name: str = "config") -> dict[str, Any]:
    """The settings of the run that the words would start."""
    top = _file(confs, name)
    pairs = [(override.key, override.value or "") for override in map(Override.read, words)]
    study = next((value for key, value in pairs if key == "study"), None)
    base = _file(confs, f"study/{study}").get("base") if study else None
    settings = [*(base.items() if isinstance(base, dict) else ()), *((key, _value(text)) for key, text in pairs)]
    chosen = {group: str(option) for entry in top.pop("defaults", []) for group, option in _choice(entry)}
    chosen |= {key: value for key, value in settings if key in (*GROUPS, SHARED, "debug") and isinstance(value, str)}
    for group in (*GROUPS, SHARED):
        top[group] = merged(top.get(group) or {}, _chosen(confs, group, chosen[group]) if group in chosen else {})
    if "debug" in chosen:
        top = merged(top, option(confs, "debug", chosen["debug"]))
    for key, value in settings:
        if key not in chosen:
            dotted.put(top, key, merged(dotted.get(top, key), value))
    return top


def _choice(entry: Any) -> list[tuple[str, Any]]:
    """The group and the file that an entry of config.yaml's defaults names."""
    if not isinstance(entry, dict):
        return []
    return [(group.removeprefix("optional ").removeprefix("override ").lstrip("/"), file)
            for group, file in entry.items() if file is not None]  # fmt: skip


def _chosen(confs: Sequence[Path], group: str, name: str) -> dict[str, Any]:
    """A group's file; where there is none, the kind of that name."""
    return option(confs, group, name) or ({"kind": name} if group in KINDS else {})


def option(confs: Sequence[Path], group: str, name: str, depth: int = 0) -> dict[str, Any]:
    """A group's file with what it starts from."""
    settings: dict[str, Any] = {}
    own = _file(confs, f"{group}/{name}")
    entries = own.pop("defaults", None) or []
    entries = entries if "_self_" in entries else [*entries, "_self_"]
    for entry in entries if depth < DEEPEST else ():
        if entry == "_self_":
            settings = merged(settings, own)
        elif isinstance(entry, str):
            path, _, package = entry.partition("@")
            parent = _parent(confs, group, path, depth)
            settings = merged(settings, parent if package in ("", "_here_") else {package: parent})
    return settings


def _parent(confs: Sequence[Path], group: str, path: str, depth: int) -> dict[str, Any]:
    other, _, name = path[1:].partition("/") if path.startswith("/") else (group, "", path)
    return option(confs, other, name, depth + 1)


def _file(confs: Sequence[Path], path: str) -> dict[str, Any]:
    file = next((file for conf in confs if (file := conf / f"{path}.yaml").is_file()), None)
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER) if file else None  # a safe one
    return content if isinstance(content, dict) else {}


def merged(below: Any, above: Any) -> Any:
    """Mappings merged name by name, the second one counts."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}


def _value(text: str) -> Any:
    try:
        return yaml.load(text, Loader=LOADER)
    except yaml.YAMLError:
        return text
