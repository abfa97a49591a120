"""The user's own folder of configuration, `conf` in the folder they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnnlab.program import shipped_conf

NAME = "conf"

MARK = "# cnnlab"
"""how the first line of a config.yaml begins that is this program's, and not another Hydra project's"""


@dataclass(frozen=True)
class OwnFolder:
    """A folder `conf`, and whether it is one of this program's."""

    path: Path
    is_ours: bool

    @property
    def note(self) -> str:
        """Why it is not read."""
        return (
            f"{self.path}/ is not read: its config.yaml is another program's; "
            f"where it is yours for cnnlab, let its first line be `{MARK}`"
        )


def own_folder(parent: Path | None = None) -> OwnFolder | None:
    """The folder `conf` in `parent`, or where the user stands; None where there is none, or it is the shipped one.

    A `config.yaml` in it without the mark makes it another program's: Hydra's projects all have such a folder.
    """
    path = (parent or Path()) / NAME
    if not path.is_dir() or path.resolve() == shipped_conf().resolve():
        return None
    config = path / "config.yaml"
    try:
        with config.open(encoding="utf-8", errors="replace") as file:
            return OwnFolder(path, file.readline(200).startswith(MARK))
    except OSError:
        return OwnFolder(path, not config.exists())
