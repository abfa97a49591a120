"""Hostile cases given to a worker: their files written, their command run, and what must hold of the outcome."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from hostile.files import CASES, TRAIN
from hostile.process import SECRET, Outcome, Worker
from hostile.recipes import NET, Recipe

SECONDS, MB = 2.0, 200.0
"""that a refusal may take, and megabytes beyond the imports"""
SENTINEL = "as it was"


class Suite:
    """A worker, and a folder a case below `root`."""

    def __init__(self, root: Path):
        self.root, self.home = root, root / "home"
        self.home.mkdir()
        self.worker = Worker(self.home)
        self.worker.ready()

    def close(self) -> None:
        self.worker.close()

    def train(self) -> None:
        """A run for the cases that tamper with one."""
        sound = self.root / "sound"
        prepare(sound, {"mine/model/net.yaml": NET})
        outcome = self.worker.run(sound, [*TRAIN, "hydra.run.dir=outputs/run"])
        assert outcome.code == 0, outcome

    def recipe(self, one: Recipe) -> tuple[Outcome, list[str]]:
        case = self._case()
        prepare(case, one.files)
        return self._run(case, one.argv)

    def file(self, name: str) -> tuple[Outcome, list[str]]:
        case = self._case()
        prepare(case, {"mine/model/net.yaml": NET})
        shutil.copytree(self.root / "sound/outputs/run", case / "run")
        return self._run(case, CASES[name](case))

    def _case(self) -> Path:
        return self.root / f"case{len(list(self.root.glob('case*')))}"

    def _run(self, case: Path, argv: Sequence[str]) -> tuple[Outcome, list[str]]:
        outcome = self.worker.run(case, argv)
        return outcome, wrongs(case, outcome, self.home)


def prepare(case: Path, files: Mapping[str, str | bytes]) -> None:
    case.mkdir(parents=True)
    (case / "sentinel.txt").write_text(SENTINEL)
    for name, content in files.items():
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def wrongs(case: Path, outcome: Outcome, home: Path) -> list[str]:
    """What is wrong with an outcome but the time it took."""
    found = list(outcome.did)
    if outcome.failed:
        found.append(f"it failed: {outcome.failed}")
    elif outcome.code != 2:
        found.append(f"it ended with {outcome.code}")
    if not outcome.said.strip() or "Traceback" in outcome.said:
        found.append(f"it said {outcome.said!r}")
    if strange := {c for c in outcome.said if not c.isprintable() and c != "\n"}:
        found.append(f"it printed {strange!r}")
    if outcome.mb > MB:
        found.append(f"it took {outcome.mb:.0f} MB")
    if (case / "sentinel.txt").read_text() != SENTINEL or [*case.rglob("CANARY*"), *home.rglob("CANARY*")]:
        found.append("a file is there, or another, that nobody asked for")
    written = [file for file in (case / "outputs").rglob("*") if file.is_file()]
    if SECRET in outcome.said or any(SECRET.encode() in file.read_bytes() for file in written):
        found.append("the secret is out")
    return found
