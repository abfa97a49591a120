"""Dotted paths of settings, `model.body.stem.stride`, and nested mappings read and changed by them.

A path is plain text: it is what users type and what records hold. The names in it have no dots; where names may have
some (a study's factors), the path alone does not say where one ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any


def join(*parts: str) -> str:
    """
    >>> join("model", "body.stem"), join("", "seed")
    ('model.body.stem', 'seed')
    """
    return ".".join(filter(None, parts))


def prefixes(path: str) -> list[str]:
    """The paths that lead to one, the outermost first, and it.

    >>> prefixes("body.stem.0")
    ['body', 'body.stem', 'body.stem.0']
    """
    return list(accumulate(path.split("."), "{}.{}".format))


def within(path: str, outer: str) -> bool:
    """Whether `path` is `outer` or lies inside of it.

    >>> within("body.stem.0", "body.stem"), within("body.stem2", "body.stem")
    (True, False)
    """
    return f"{path}.".startswith(f"{outer}.")


def overlap(a: str, b: str) -> bool:
    """Whether one of two paths is the other or lies inside of it."""
    return within(a, b) or within(b, a)


def get(tree: Any, path: str) -> Any:
    """What stands at a path; None where nothing does.

    >>> get({"body": {"stem": {"stride": 2}}}, "body.stem.stride"), get({"body": None}, "body.stem")
    (2, None)
    """
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path; what is no mapping on the way there becomes one.

    >>> tree = {"body": {"stem": {"stride": 2}}}
    >>> put(tree, "body.stem.act", "relu"), tree
    (None, {'body': {'stem': {'stride': 2, 'act': 'relu'}}})
    """
    *above, last = path.split(".")
    for name in above:
        if not isinstance(tree.get(name), dict):
            tree[name] = {}
        tree = tree[name]
    tree[last] = value


def drop(tree: Any, path: str) -> None:
    """Take out what stands at a path, if anything does."""
    above, _, name = path.rpartition(".")
    holder = get(tree, above) if above else tree
    if isinstance(holder, dict):
        holder.pop(name, None)


def flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Nested mappings as one whose keys are paths: on a command line `….body.stem=1` makes nested ones.

    >>> flat({"body": {"stem": 0.1}, "head.fc": 2})
    {'body.stem': 0.1, 'head.fc': 2}
    """
    paths: dict[str, Any] = {}
    for name, inner in tree.items():
        here = join(path, str(name))
        paths |= flat(inner, here) if isinstance(inner, dict) else {here: inner}
    return paths
