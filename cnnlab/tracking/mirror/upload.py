"""Uploading what W&B does not have: runs that were offline, or cut off, one after the other, each by itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from cnnlab.tracking.loggers import Wandb
from cnnlab.tracking.mirror import note
from cnnlab.tracking.mirror.process import Order, command, environment, ordered
from cnnlab.untrusted.files import CONFIG, read_bytes
from cnnlab.untrusted.nodes import read_plain

PATIENCE = 180.0
"""seconds that one upload may take"""


@dataclass(frozen=True)
class Outcome:
    """How one upload went."""

    folder: Path
    delivered: bool
    explanation: str
    url: str | None = None
    unreachable: bool = False
    """whether it is W&B that cannot be reached"""

    def plain(self) -> dict[str, Any]:
        """As task=sync prints it with format=json, in the names that scripts read since 0.1."""
        ended = {"folder": str(self.folder), "delivered": self.delivered, "said": self.explanation}
        return {**ended, "url": self.url, "unreachable": self.unreachable}


def mirrored(root: Path, also_unmirrored: bool = False) -> list[Path]:
    """The folders at or below `root` of runs that have, or were to have, a mirror."""
    folders = sorted(file.parent for file in root.rglob("run.json"))
    return [folder for folder in folders if also_unmirrored or note.read(folder)]


def upload(folder: Path, settings: dict[str, Any] | None) -> Outcome:
    """Bring W&B up to the record in `folder`. `settings`: what to do it with, if not with those of the run."""
    recorded, tags = recorded_settings(folder)
    if note.read(folder) is None:
        group = folder.parent.name if (folder.parent / "sweep.json").exists() else None
        note.new(group).write(folder)
    order = Order(str(folder.resolve()), {**Wandb().plain(), **(settings or recorded)}, tags)
    try:
        done = subprocess.run(
            command(),
            input=ordered(order),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment(),
            start_new_session=True,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return Outcome(folder, False, f"W&B took longer than {PATIENCE:.0f} s")
    except (OSError, ValueError, IndexError):
        return Outcome(folder, False, "its process ended without a word")
    return _outcome(folder, answer)


def _outcome(folder: Path, answer: dict[str, Any]) -> Outcome:
    url = answer.get("url")
    if not answer["delivered"]:
        return Outcome(folder, False, answer["why"], url, answer.get("unreachable", False))
    return Outcome(folder, True, "already there" if answer.get("before") else f"{answer['epochs']} epochs", url)


def recorded_settings(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The settings of logger.wandb and the tags that the run was started with."""
    try:
        config = read_plain(read_bytes(folder / "config.yaml", CONFIG))
        asked = OmegaConf.create({"wandb": (config.get("logger") or {}).get("wandb") or {}, "tags": config.get("tags")})
        plain: Any = OmegaConf.to_container(asked, resolve=True)  # a name that came from the environment does so again
    except Exception:
        return {}, []
    return plain["wandb"], [str(tag) for tag in plain["tags"] or ()]
