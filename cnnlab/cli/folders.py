"""Folders that commands make, and those that `dir=` names."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.files import Refused
from cnnlab.untrusted.pattern import matches

OUTPUTS = Path("outputs")
"""where folders lie that the command line does not name"""


def new_sweep_folder() -> Path:
    """A folder for a sweep whose task trains nothing."""
    from cnnlab.tracking.folder import new_folder

    return new_folder(OUTPUTS, "sweep")


def make_writable(folder: Path, setting: str) -> Path:
    """Make a folder that a run or a sweep can write in, before Hydra tries to. UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise UserError(Fault(setting, f"{folder} cannot be used: {(error.strerror or str(error)).lower()}")) from None
    return folder


def from_here(folder: Path) -> str:
    """A folder's path from the current one, where it lies in it."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def sweep_folders(named: str | None, task: str) -> list[Path]:
    """The sweeps' folders that `dir=` names. UserError for one that holds no run."""
    folders = folders_named(named, task)
    if faults := [Fault("dir", f"no run lies in {folder}") for folder in folders if not _holds_runs(folder)]:
        raise UserError(*faults)
    return folders


def folders_named(named: str | None, task: str) -> list[Path]:
    """The folders that `dir=` names: one, a pattern's, or several with commas between. UserError for none."""
    if named is None:
        raise UserError(Fault("dir", f"task={task} needs a folder: dir=outputs/…"))
    parts = [named] if Path(named).expanduser().is_dir() else [part.strip() for part in named.split(",")]
    folders: dict[Path, None] = {}
    faults = []
    for part in filter(None, parts):
        path = Path(part).expanduser()
        try:
            matching = [path] if path.is_dir() else [match for match in matches(path) if match.is_dir()]
        except Refused as error:
            faults.append(Fault("dir", f"{part} {error}"))
            continue
        faults += [] if matching else [Fault("dir", f"there is no folder {part}")]
        folders.update(dict.fromkeys(matching))
    if faults or not folders:
        raise UserError(*(faults or [Fault("dir", f"task={task} needs a folder: dir=outputs/…")]))
    return list(folders)


def _holds_runs(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("sweep.json", "run.json")) or any(folder.glob("*/run.json"))
