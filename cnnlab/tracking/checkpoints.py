"""Where a run's folder has its checkpoints."""

from pathlib import Path

from cnnlab.errors import Fault, UserError


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
