"""One hostile case: its files written, its command given, and what must hold of the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hostile.process import SECRET, Outcome, Worker

SECONDS, MB = 2.0, 200.0
"""that a refusal may take, and megabytes beyond the imports"""
SENTINEL = "as it was"


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
    if (case / "sentinel.txt").read_text() != SENTINEL or list(case.rglob("CANARY*")) or list(home.rglob("CANARY*")):
        found.append("a file is there, or another, that nobody asked for")
    written = [file for file in (case / "outputs").rglob("*") if file.is_file()]
    if SECRET in outcome.said or any(SECRET.encode() in file.read_bytes() for file in written):
        found.append("the secret is out")
    return found


def attempt(worker: Worker, case: Path, files: Mapping[str, str | bytes], argv: Sequence[str]) -> Outcome:
    prepare(case, files)
    return worker.run(case, argv)
