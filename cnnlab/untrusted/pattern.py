"""Files by a pattern such as `photos/*.png`, in folders whose names may look like patterns themselves."""

from __future__ import annotations

import glob
from pathlib import Path


def matches(path: Path) -> list[Path]:
    """What `path` names, in ascending order: as far as its folders are there as they are written, `[` is a bracket."""
    parts, there = path.parts, Path(path.anchor)
    known = 1 if path.anchor else 0
    while known < len(parts) and (there / parts[known]).is_dir():
        there /= parts[known]
        known += 1
    pattern = str(Path(glob.escape(str(there)), *parts[known:]))
    return sorted(Path(name) for name in glob.glob(pattern, recursive=True))
