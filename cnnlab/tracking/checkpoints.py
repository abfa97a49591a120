"""Where a run's folder has its checkpoints."""

from pathlib import Path

from cnnlab.errors import Fault, UserError
from cnnlab.tracking.reader import RunFolder


def find_checkpoint(path: Path, key: str = "ckpt_path") -> Path:
    """The file that `path` names: itself, or the best of a run's folder. UserError under `key` where there is none."""
    if path.is_file():
        return path
    if not path.exists():
        raise UserError(Fault(key, f"there is no {path}"))
    for name in ("best.ckpt", "last.ckpt", "previous.ckpt"):
        for folder in (path / "checkpoints", path):
            if (folder / name).is_file():
                return folder / name
    raise UserError(Fault(key, f"{path} has no checkpoint in it; name a run's folder or a .ckpt file"))


def trained_name(path: Path) -> str:
    """What the run behind a folder or a checkpoint's path is called: its network's name, else the file's own."""
    folders = [path] if path.is_dir() else [path.parent.parent, path.parent]
    for facts in (RunFolder(folder).facts for folder in folders):
        if isinstance(name := facts.get("name") or facts.get("model"), str):
            return name
    return path.stem
