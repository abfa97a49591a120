"""Where the weights that a run starts from lie: in a file, a run's folder, or published under a name. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from cnnlab.data.download import Broken, digest_of, download, length
from cnnlab.data.places import cache as cache_folder
from cnnlab.data.remote import Remote
from cnnlab.errors import Fault, UserError, did_you_mean
from cnnlab.tracking.checkpoints import find_checkpoint
from cnnlab.weights.names import families

KEY = "weights"
URL = "https://download.pytorch.org/models/"
"""where torchvision publishes weights, under names that end in the first digits of their SHA-256"""


@dataclass(frozen=True)
class Published:
    """A file of torchvision's."""

    file: str
    mib: float
    """its size in units of 2^20 bytes, to three decimals: as torchvision's own record has it"""

    @property
    def sha256(self) -> str:
        """Its first eight digits, or ten."""
        return self.file.rpartition("-")[2].partition(".")[0]


@cache
def published() -> dict[str, Published]:
    """The names that `weights=` knows, `torchvision/resnet18` and the like."""
    return {
        f"torchvision/{name}": Published(*file)
        for family in families().values()
        for name, file in family.get("files", {}).items()
    }


def locate(weights: str) -> Path:
    """The file that `weights=` names, downloaded if need be. UserError where there is none."""
    path = Path(weights).expanduser()
    if path.exists():
        return find_checkpoint(path, KEY)
    if weights in published():
        return obtain(published()[weights])
    hint = did_you_mean(weights, published())
    raise UserError(Fault(KEY, f"there is no {path}{hint}"))


def obtain(wanted: Published) -> Path:
    """The published file, from this machine or from where it is published. UserError that says how to do it by hand."""
    folder, hub = cache_folder("weights"), _torch_hub()
    for place in (folder, hub):
        if (place / wanted.file).is_file():
            return _checked(place / wanted.file, wanted)
    try:
        size = length(URL + wanted.file)
        if abs(size / 2**20 - wanted.mib) > 0.001:
            raise Broken(f"it has {size} bytes there, not {wanted.mib} · 2^20 as published")
        return download(Remote(wanted.file, size, sha256=wanted.sha256), URL, folder)
    except (Broken, OSError) as error:
        reason = f"it could not be downloaded from {URL} ({error})"
    message = (
        f"{wanted.file} is not on this machine, and {reason}"
        f"\n    looked in: {folder}, {hub}"
        f"\n    by hand: put {URL}{wanted.file} into {folder}, or say with weights=FILE where it lies"
    )
    raise UserError(Fault(KEY, message))


def _torch_hub() -> Path:
    """Where torch.hub, and so torchvision itself, keeps what it downloads."""
    home = os.environ.get("TORCH_HOME")
    root = Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
    return root / "hub" / "checkpoints"


def _checked(file: Path, wanted: Published) -> Path:
    if not sha256(file).startswith(wanted.sha256):
        message = f"{file} is damaged, or another file: its SHA-256 does not begin with {wanted.sha256}"
        raise UserError(Fault(KEY, message))
    return file


def content(weights: str) -> str:
    """The SHA-256 of the file that `weights=` names: what a run starts from is told by it, wherever the file lies."""
    return sha256(locate(weights))


def sha256(file: Path) -> str:
    about = file.stat()
    return _sha256(file, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(file: Path, size: int, changed: int) -> str:
    """Of a file as it was then: every job of a sweep asks for it."""
    return digest_of(file, "sha256")
