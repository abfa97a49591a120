"""The data sources there are: a file each, a record that reads what it describes."""

from __future__ import annotations

from typing import Any

from cnnlab.data.source import Source
from cnnlab.data.sources.cifar import Cifar10, Cifar100
from cnnlab.data.sources.fashion_mini import FashionMini
from cnnlab.data.sources.folder import Folder
from cnnlab.data.sources.mnist import FashionMnist, Mnist
from cnnlab.data.sources.synthetic import Synthetic
from cnnlab.errors import Fault, near
from cnnlab.settings import read, shown

SOURCES = Source.registry.ship(FashionMini, FashionMnist, Mnist, Cifar10, Cifar100, Folder, Synthetic)


def read_source(raw: Any, path: str = "data") -> tuple[Source | None, list[Fault]]:
    """`raw` as the record of the source that it names, or all its faults."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    cls = SOURCES.get(raw["source"]) if isinstance(raw.get("source"), str) else None
    if cls:
        return read(cls, raw, path, path)
    # Of an unknown source all else is checked that every source has
    known = {key: value for key, value in raw.items() if key in Source.model_fields}
    _, faults = read(Folder, {**known, "source": "folder"}, path, path)
    if "source" not in raw:
        return None, [Fault(f"{path}.source", f"{path} needs this setting"), *faults]
    guess = near(raw["source"], SOURCES)
    message = f"should be one of {', '.join(SOURCES)}, not {shown(raw['source'])}{guess if 'mean' in guess else ''}"
    return None, [Fault(f"{path}.source", message), *faults]


def sketched(raw: Any) -> Source | None:
    """What a network has to know of data, where that much is sound: other faults of theirs do not hide the network's.

    Without `classes` where those are at fault; None where `shape` or `size` is.
    """
    known = {name: raw[name] for name in ("shape", "size", "classes") if name in raw} if isinstance(raw, dict) else {}
    for left_out in ((), ("classes",)):
        sound = {name: value for name, value in known.items() if name not in left_out}
        data, _ = read(Folder, sound, "", "data")
        if data:
            return data
    return None
