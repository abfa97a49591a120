"""Where a data set's files may lie on this machine, and where is kept what is fetched or worked out once."""

import os
from pathlib import Path

from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError

VARIABLE = "CNNLAB_CACHE_DIR"


def cache_folder(setting: str | None = None) -> Path:
    """The folder for what is fetched or worked out once: `data.cache_dir`, a variable's, or the user's cache.

    UserError where none is named and the user has no home.
    """
    if named := setting or os.environ.get(VARIABLE):
        return Path(named).expanduser()
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnnlab"
    except RuntimeError:  # a container's user that no passwd file knows
        message = f"this user has no home folder; name a folder with data.cache_dir=FOLDER or {VARIABLE}"
        raise UserError(Fault("data.cache_dir", message)) from None


def cache(name: str, setting: str | None = None) -> Path:
    """The folder into which a data set, or published weights, are downloaded."""
    return cache_folder(setting) / name


def places(settings: Source, below: list[str], usual: list[Path]) -> list[Path]:
    """Folders to look into: `data.dir` and its subfolders `below` if it is given, else the cache and the `usual` ones.

    A given folder is the only one: files from elsewhere in its stead would go unnoticed.
    """
    if settings.dir is None:
        return [cache(settings.source, settings.cache_dir), *usual]
    folder = Path(settings.dir).expanduser()
    if not folder.is_dir():
        raise UserError(Fault("data.dir", f"there is no directory {folder}"))
    return [folder, *(folder / name for name in below)]
