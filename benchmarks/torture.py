"""Is a run that was interrupted, at any moment and in any way, the same as one that was not?

    python -m benchmarks.torture                      everything, about 40 minutes on one core
    python -m benchmarks.torture kills=20 steps=10 saves=10 power=10 damage=50 disk=3

    kills=N    SIGKILL at random moments, N in all
    steps=N    SIGKILL and SIGTERM at step boundaries: at each of them, and at each pair; or at N of these points
    saves=N    death before operations on the disk, in the middle of writes: at all of them, or at N
    power=N    the power fails there: of the disk is left what was synced, under the names that were
    damage=N   the newest checkpoint damaged in N ways: cut, a bit flipped, zeroed, emptied, swapped, of another run
    disk=N     a disk that is full at N sizes up to what the run needs (a tmpfs: only as root)

After each the same command is given until it finishes. Then the weights of all checkpoints, metrics.jsonl and
result.json must be those of a run that nobody disturbed, times aside. Ends with 1 where one was not.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.dying import count_operations, die_before, power_fails_before
from cnnlab.cli import jobs  # noqa: F401 (imported once, before the forks)
from cnnlab.cli.main import main
from cnnlab.errors import Exit, UserError
from cnnlab.experiment import train
from cnnlab.override import Override
from cnnlab.training.checkpoint import read_checkpoint
from cnnlab.training.checkpoint_callback import CheckpointCallback

CONF = Path(__file__).parents[1] / "conf"
WORDS = [
    *("model=lenet", "model.norm=batch", "model.dropout=0.3", "augment=flip_crop"),
    *("data.subset=200", "data.batch_size=32", "trainer.max_epochs=3", "trainer.precision=32", "threads=1"),
    "checkpoint.every=2steps",
]
TIMES = {"seconds", "images_per_second", "started", "finished", "resumed", "peak_memory_mb", "git", "overrides"}
"""what a record has besides its result, and so has its `checksum`"""
TRIES = 50
"""attempts after which a run counts as one that never finishes"""
KILLED = -signal.SIGKILL

Doom = Callable[[], object]
"""called in the child before it trains: prepares its end"""


def attempt(folder: Path, doom: Doom = lambda: None, after: float | None = None) -> int:
    """The command in a process of its own, forked, as importing torch takes longer than the run; its exit code."""
    sys.stdout.flush()
    if not (child := os.fork()):
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        train.draw = lambda *_: None  # pictures are most of so small a run's time, and are not looked at
        doom()
        end = 1
        try:
            end = main(CONF, [*WORDS, f"hydra.run.dir={folder}"])
        finally:
            os._exit(end)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def finished(folder: Path) -> bool:
    """Give the command until it has finished."""
    return any(attempt(folder) == 0 for _ in range(TRIES))


def outcome(folder: Path) -> dict[str, Any]:
    """What the run left, times aside."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    result = json.loads((folder / "result.json").read_text())
    result.pop("warnings")  # of damaged checkpoints, for one
    result.pop("checksum")  # of these, too
    weights = {name: digest(folder / "checkpoints" / f"{name}.ckpt") for name in ("last", "best")}
    return {"rows": [_timeless(row) for row in rows], "result": _timeless(result), "weights": weights}


def digest(checkpoint: Path) -> str:
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    return hashlib.sha256(b"".join(state[name].numpy().tobytes() for name in sorted(state))).hexdigest()


def _timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in {*TIMES, "times_checksum"}}


def kills(root: Path, count: int, seed: int = 0) -> Iterator[tuple[str, Path]]:
    """SIGKILL, up to four times a run, uniformly over the time that a run takes."""
    began = time.monotonic()
    attempt(root / "clock")
    seconds, left, dice = time.monotonic() - began, count, random.Random(seed)
    for number in range(count):
        folder = root / f"kill-{number}"
        for _ in range(min(4, left)):
            left -= attempt(folder, after=dice.uniform(0, seconds)) == KILLED
        yield f"kill {number}", folder
        if not left:
            return


def steps(root: Path, count: int) -> Iterator[tuple[str, Path]]:
    """Interrupted at a step boundary, and gone on with to a later one."""
    boundaries = range(1, 3 * 6 + 1)
    points = [*((n,) for n in boundaries), *combinations(boundaries, 2)]
    for number, at in _some(product((signal.SIGKILL, signal.SIGTERM), points), count):
        folder = root / f"steps-{number}-{'-'.join(map(str, at))}"
        for point in at:
            attempt(folder, partial(_die_at, point, number))
        yield f"{number.name} at {at}", folder


def _some(all_of_them: Iterable[Any], count: int) -> list[Any]:
    """`count` of them, in order; all where there are no more."""
    found = list(all_of_them)
    chosen = random.Random(0).sample(range(len(found)), min(count, len(found)))
    return [found[index] for index in sorted(chosen)]


def _die_at(point: int, number: int) -> None:
    """The process gets a signal when it has finished the `point`-th step of the whole run."""
    inner = CheckpointCallback.on_train_batch_end

    def hook(self: CheckpointCallback, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch[0] < batch[1] and trainer.global_step == point:
            os.kill(os.getpid(), number)
        inner(self, trainer, module, outputs, batch, batch_idx)

    CheckpointCallback.on_train_batch_end = hook


def saves(root: Path, count: int) -> Iterator[tuple[str, Path]]:
    """Dies before the n-th operation on the disk, or after half of a write."""
    operations = root / "operations"
    attempt(root / "counted", partial(count_operations, operations))
    for point in _some(range(operations.stat().st_size), count):
        folder = root / f"save-{point}"
        attempt(folder, partial(die_before, point))
        yield f"operation {point}", folder


def power(root: Path, count: int) -> Iterator[tuple[str, Path]]:
    """Dies before the n-th operation on the disk, and with it all that no fsync has brought there."""
    operations = root / "operations of power"
    attempt(root / "counted for power", partial(count_operations, operations))
    for point in _some(range(operations.stat().st_size), count):
        folder = root / f"power-{point}"
        folder.mkdir()
        reached = folder.with_suffix(".reached")
        attempt(folder, partial(power_fails_before, point, folder, reached))
        kept, of = _epochs(folder), int(reached.read_text()) if reached.exists() else 0
        yield f"power at operation {point}, {kept} of {of} epochs kept", folder if kept >= of - 1 else _lost(root)


def _lost(root: Path) -> Path:
    """In place of a run that is to count as lost: a folder in which none can finish."""
    folder = root / "lost"
    folder.mkdir()
    (folder / "somebody's").touch()
    return folder


def _epochs(folder: Path) -> int:
    """Finished epochs that the newest valid checkpoint knows of."""
    found = [0]
    for file in (folder / "checkpoints").glob("*.ckpt"):
        with suppress(UserError):
            found.append(read_checkpoint(file)["cnnlab"]["epochs"])
    return max(found)


def damages(root: Path, count: int, seed: int = 0) -> Iterator[tuple[str, Path]]:
    """An interrupted run with two checkpoints, the newer of them damaged; now and then both."""
    dice, whole = random.Random(seed), root / "interrupted"
    attempt(whole, lambda: _die_at(9, signal.SIGKILL))
    other = root / "other"
    shutil.copytree(whole, other)
    kinds = ("cut", "flip", "zero", "empty", "swap", "foreign")
    for number in range(count):
        folder, kind = root / f"damage-{number}", kinds[number % len(kinds)]
        shutil.copytree(whole, folder)
        files = [folder / "checkpoints" / "last.ckpt", folder / "checkpoints" / "previous.ckpt"]
        for file in files[: 1 + (number % 7 == 6 and kind != "swap")]:
            _damage(file, kind, files, dice)
        yield f"{kind} {number}", folder


def _damage(file: Path, kind: str, files: list[Path], dice: random.Random) -> None:
    raw = bytearray(file.read_bytes())
    match kind:
        case "cut":
            raw = raw[: dice.randrange(len(raw))]
        case "flip":
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        case "zero":
            at = dice.randrange(len(raw))
            raw[at : at + 4096] = bytes(len(raw[at : at + 4096]))
        case "empty":
            raw = bytearray()
        case "swap":
            os.replace(files[1], files[0])
            files[1].write_bytes(raw)
            return
        case "foreign":
            state = torch.load(file, weights_only=True)
            state["cnnlab"]["identity"] = "another"
            torch.save(state, file)
            return
    file.write_bytes(raw)


def disk(root: Path, count: int) -> Iterator[tuple[str, Path]]:
    """A disk of every size up to enough: the run must end with the exit code for it, and go on once there is room."""
    for size in _some([64 * 1.2**n for n in range(20)], count):
        folder = root / f"disk-{int(size)}k"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={int(size)}k", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            print("disk      not run: mounting a tmpfs takes root")
            return
        try:
            code = attempt(folder)
            whole = root / f"{folder.name}-after"
            shutil.copytree(folder, whole)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        yield (
            f"a disk of {int(size)} kB, exit code {code}",
            whole if code in (Exit.DONE, Exit.EXHAUSTED) else _lost(root),
        )


def torture(words: list[str]) -> int:
    told = {one.key: one.value or "" for one in map(Override.read, words)} or dict.fromkeys(TESTS, "")
    with TemporaryDirectory() as place:
        root = Path(place)
        attempt(root / "reference")
        wanted, worst = outcome(root / "reference"), 0
        for name, number in told.items():
            test, default = TESTS[name]
            began, total, different, lost = time.monotonic(), 0, 0, 0
            for label, folder in test(root, int(number or default)):
                total += 1
                done = finished(folder)
                lost += not done
                if not done or outcome(folder) != wanted:
                    different += done
                    print(f"  {label}: {'another result' if done else 'never finished'}")
                shutil.rmtree(folder, ignore_errors=True)
            worst |= bool(different or lost)
            print(f"{name:<8} {total:>5} runs   {lost} lost   {different} different   {time.monotonic() - began:.0f} s")
    return worst


TESTS: dict[str, tuple[Callable[..., Iterator[tuple[str, Path]]], int]] = {
    "kills": (kills, 200),
    "steps": (steps, 10**6),
    "saves": (saves, 10**6),
    "power": (power, 10**6),
    "damage": (damages, 300),
    "disk": (disk, 20),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(torture(sys.argv[1:]))
