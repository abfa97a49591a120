"""Settings left over from a kind of block that a later file, or the command line, has changed.

Configurations merge: a `bottleneck` that becomes a `conv` still has the ratio its file gave it. What was said before
the kind was changed, and means nothing to the new one, was meant for the old one, and goes; what was said with the new
kind, or after it, is what the user wrote, and stays to be found fault with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnlab import dotted
from cnnlab.config.kinds import registries
from cnnlab.config.origins import Origins
from cnnlab.network.composite import Vocabulary, read_composites
from cnnlab.network.spec import PLACED

OVERLAYS = ("first", "last")


def stale(model: Any, origins: Origins, path: str = "model") -> list[str]:
    """The dotted keys of left-over settings in a composed model."""
    if not isinstance(model, dict):
        return []
    composites, _ = read_composites(model.get("blocks"), f"{path}.blocks")
    vocabulary = Vocabulary(composites)
    blocks = list(_blocks(model, path))
    left_over = [key for path, block in blocks for key in _left_over(path, block, vocabulary, origins)]
    return left_over + list(_idle_kinds(model, path, blocks, vocabulary, origins))


def _blocks(value: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping that says what kind of block it is, and where it stands."""
    if isinstance(value.get("block"), str):
        yield path, value
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _blocks(inner, f"{path}.{key}")


def _left_over(path: str, block: dict[str, Any], vocabulary: Vocabulary, origins: Origins) -> Iterator[str]:
    kind, changed = block["block"], origins.rank(f"{path}.block")
    if kind not in vocabulary or len(origins.history.get(f"{path}.block", ())) < 2:
        return
    known = {"block", "params", *PLACED, *vocabulary.settings(kind)}
    overlays = [(f"{path}.{side}", block[side]) for side in OVERLAYS if isinstance(block.get(side), dict)]
    for own_path, settings in [(path, block), *overlays]:
        for key in settings:
            if key not in known and origins.rank(f"{own_path}.{key}", changed) < changed:
                yield f"{own_path}.{key}"


def _idle_kinds(
    model: dict[str, Any],
    path: str,
    blocks: list[tuple[str, dict[str, Any]]],
    vocabulary: Vocabulary,
    origins: Origins,
) -> Iterator[str]:
    """Settings of kinds that are no longer there, since blocks were changed or taken away."""
    changes = [f"{path}.block" for path, _ in blocks if len(origins.history.get(f"{path}.block", ())) > 1]
    latest = max((origins.rank(key) for key in [*changes, *_removed(model, path)]), default=-1)
    there = {block["block"] for _, block in blocks}
    kinds = model.get("kinds")
    for kind in kinds if isinstance(kinds, dict) else ():
        if kind in vocabulary and kind not in there and origins.rank(f"{path}.kinds.{kind}", latest) < latest:
            yield f"{path}.kinds.{kind}"


def _removed(value: dict[str, Any], path: str) -> Iterator[str]:
    for key, inner in value.items():
        if inner is None:
            yield f"{path}.{key}"
        elif isinstance(inner, dict):
            yield from _removed(inner, f"{path}.{key}")


def stale_recipes(config: Mapping[str, Any], origins: Origins) -> list[str]:
    """Dotted keys of settings that were said of another kind, before the command line or a later file changed it.

    A file of one of these groups is the recipe of one kind. A rate chosen for it is none for the next: so all that was
    said before the change goes, and what is said with it, or after it, stays.
    """
    stale = []
    for group, registry in registries().items():
        key = f"{group}.{registry.key}"
        history = origins.history.get(key, ())
        if len(history) < 2 or history[-1].value == history[-2].value:
            continue
        if isinstance(settings := config.get(group), dict):
            names = (f"{group}.{name}" for name in settings)
            stale += [name for name in names if _latest(name, origins) < history[-1].rank]
            origins.history[group] = [history[-1]]
    return stale


def _latest(key: str, origins: Origins) -> int:
    """The rank of what was last said of a setting, or of anything in it."""
    return max((history[-1].rank for name, history in origins.history.items() if dotted.within(name, key)), default=-1)
