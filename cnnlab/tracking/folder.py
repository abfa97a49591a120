"""A run's folder: made for one run alone, and entered for a run where it is empty or holds that run."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from cnnlab.errors import Fault, UserError
from cnnlab.tracking.lock import KEY, Lock, unusable
from cnnlab.tracking.reader import OURS, WRITTEN, RunFolder, run_in
from cnnlab.untrusted.words import few

NAME = 120
"""bytes of a run's name in that of its folder; file systems allow 255 in all"""


def new_folder(root: Path | str, name: str, path: str = KEY) -> Path:
    """A folder of its own under `root`, as `2026-11-24_03-44-27_resnet18`, or `…-2` where that one is taken."""
    root = Path(root)
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{slug(name)}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in _candidates(root, stem):
            try:
                folder.mkdir()  # exclusive: of two processes in the same second one fails and tries the next name
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise unusable(root, error, path) from None
    raise AssertionError("unreachable: names do not run out")


def _candidates(root: Path, stem: str) -> Iterator[Path]:
    yield root / stem
    number = 2
    while True:
        yield root / f"{stem}-{number}"
        number += 1


def slug(name: str) -> str:
    """`name` as part of a file's name, anywhere.

    >>> slug("d2l/lenet act=relu")
    'd2l-lenet-act-relu'
    >>> slug("..")
    'run'
    """
    short = re.sub(r"[^\w.+-]+", "-", name).strip(".-")[:60]
    return cut(short, NAME) or "run"


def cut(name: str, most: int) -> str:
    """The beginning of `name` that is no longer than `most` bytes, in which file systems count.

    >>> cut("éé", 3)
    'é'
    """
    return name.encode("utf-8", "replace")[:most].decode(errors="ignore")


def enter(
    folder: Path | str, identity: str, path: str = KEY, differs: Callable[[RunFolder], str] = lambda _: ""
) -> tuple[Lock, RunFolder]:
    """Hold the folder the user named for the run `identity`, and say what lies in it: nothing, or that run.

    UserError where it is in use, or holds files that are no run's, or another experiment; `differs` says in what, as
    far as the caller knows.
    """
    _admit(folder, identity, path, differs)  # before anything is written there
    lock = Lock(folder, path)
    try:
        return lock, _admit(folder, identity, path, differs)
    except BaseException:
        lock.release()
        raise


def _admit(folder: Path | str, identity: str, path: str, differs: Callable[[RunFolder], str]) -> RunFolder:
    run = run_in(folder, path)
    if run.kind == "empty" and (others := strangers(Path(folder))):
        message = f"{folder} holds other files ({few(others)}); choose an empty folder, or one that is not there yet"
        raise UserError(Fault(path, message))
    if run.kind == "foreign":
        there = ", ".join(name for name in OURS if (Path(folder) / name).exists())
        raise UserError(Fault(path, f"{folder} holds {there}, but of no run; choose another folder"))
    if run.kind != "empty" and run.identity != identity:
        message = f"{folder} holds another experiment ({run.identity}, this one is {identity})"
        why = f": {told}" if (told := differs(run)) else ""
        instead = f"choose another folder; weights={folder} starts from what was learned here"
        raise UserError(Fault(path, f"{message}{why}; {instead}"))
    return run


def strangers(folder: Path) -> list[str]:
    """What lies in a folder and is neither hidden nor of a run or a sweep: somebody keeps something else there."""
    if not folder.is_dir():
        return []
    mine = (*WRITTEN, "sweep.json", "comparison.json", "runs.csv", "report.html")
    names = sorted(name for name in os.listdir(folder) if not name.startswith(".") and name not in mine)
    return [name for name in names if not any((folder / name / of).is_file() for of in ("run.json", "sweep.json"))]


def enter_any(root: Path | str, name: str, identity: str, path: str = KEY) -> tuple[Lock, RunFolder]:
    """Hold the newest interrupted run of `identity` right under `root` that nobody else is at, or a new folder."""
    for folder in interrupted(root, identity):
        try:
            lock = Lock(folder, path)
        except UserError:
            continue  # in use: the same command runs beside this one, which is its right
        run = run_in(folder, path)  # again: it may have been finished before the lock was ours
        if _is_interrupted(run, identity):
            return lock, run
        lock.release()
    return enter(new_folder(root, name, path), identity, path)


def by_age(root: Path | str) -> list[Path]:
    """The folders right under `root` with the record of a run, newest first."""
    records = sorted(Path(root).glob("*/run.json"), key=lambda record: record.stat().st_mtime_ns, reverse=True)
    return [record.parent for record in records]


def interrupted(root: Path | str, identity: str) -> list[Path]:
    """The folders right under `root` with a killed or interrupted run of `identity`, newest first.

    Damaged ones are passed by; one that failed is not taken up unasked, as it may well fail again.
    """
    dated = []
    for record in Path(root).glob("*/run.json"):
        try:
            here = run_in(record.parent)
        except UserError:
            continue
        if _is_interrupted(here, identity):
            dated.append((record.stat().st_mtime_ns, record.parent))
    return [folder for _, folder in sorted(dated, reverse=True)]


def _is_interrupted(run: RunFolder, identity: str) -> bool:
    return run.kind == "unfinished" and run.identity == identity and run.status in (None, "interrupted")
