"""`task=report dir=…`: a comparison from what lies on disk."""

from __future__ import annotations

from pathlib import Path

from cnnlab.cli.output import Output
from cnnlab.config.top import Top
from cnnlab.door.pattern import matches
from cnnlab.door.words import json_text
from cnnlab.errors import Exit, Fault, UserError


def report(top: Top) -> Exit:
    """Judge the sweeps that `dir=` names; write the comparison into the first one's folder and show it."""
    from cnnlab.compare import report as compare_and_write
    from cnnlab.compare import text
    from cnnlab.compare.comparison import record

    found = compare_and_write(sweep_folders(top.dir))
    if top.format == "json":
        print(json_text(record(found)))
    else:
        Output().print(text(found), highlight=False)
    return Exit.DONE


def sweep_folders(named: str | None, task: str = "report") -> list[Path]:
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
        found = [path] if path.is_dir() else [match for match in matches(path) if match.is_dir()]
        faults += [] if found else [Fault("dir", f"there is no folder {part}")]
        folders.update(dict.fromkeys(found))
    if faults or not folders:
        raise UserError(*(faults or [Fault("dir", f"task={task} needs a folder: dir=outputs/…")]))
    return list(folders)


def _holds_runs(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("sweep.json", "run.json")) or any(folder.glob("*/run.json"))
