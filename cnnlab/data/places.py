"""Where a data set's files may lie on this machine."""

import os
from pathlib import Path

from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError


def cache(name: str) -> Path:
    """The folder into which a data set is downloaded."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "cnnlab" / name


def places(settings: Source, below: list[str], usual: list[Path]) -> list[Path]:
    """Folders to look into: `data.dir` and its subfolders `below` if it is given, else the cache and the `usual` ones.

    A given folder is the only one: files from elsewhere in its stead would go unnoticed.
    """
    if settings.dir is None:
        return [cache(settings.source), *usual]
    folder = Path(settings.dir).expanduser()
    if not folder.is_dir():
        raise UserError(Fault("data.dir", f"there is no directory {folder}"))
    return [folder, *(folder / name for name in below)]
