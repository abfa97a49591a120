"""A small run, and where its configuration and its result lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONF = Path(__file__).parent.parent / "conf"
SMALL = ["model=lenet", "data.subset=300", "trainer.max_epochs=2", "trainer.precision=32", "threads=1"]
"""overrides of a run that takes a second"""


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())
