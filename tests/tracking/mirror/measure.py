"""What docs/wandb.md has figures for, measured: `python tests/tracking/mirror/measure.py [matrix|cost|overhead]`.

`matrix`: what a run says and how long its end takes, for each state of credentials, network and terminal; W&B's server
is that of tests/loopback.py. `cost`: of the mirror by itself.
`overhead`: LeNet with logger=wandb and without, in turns.
"""

from __future__ import annotations

import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from loopback import Loopback  # noqa: E402

RUN = """
import sys, time
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from run_records import begun, row
from cnnlab.tracking.mirror.follower import Follower
from cnnlab.tracking.loggers import Wandb
folder = Path(sys.argv[1])
record = begun(folder)
since = time.monotonic()
say = lambda text: print(text.replace(str(folder), "RUN"), flush=True)
mirror = Follower(folder, Wandb().plain(), [], None, say)
begin = time.monotonic() - since
record.epoch(row(1)); mirror.epoch({})
time.sleep(float(sys.argv[2]))
record.epoch(row(2)); mirror.epoch({})
record.finish("ok", **{"test/acc": 0.8})
since = time.monotonic()
mirror.end(0)
print(f"TOOK {begin:.3f} {time.monotonic() - since:.1f}", flush=True)
"""
CREDENTIALS = ("none", "working", "rejected", "no right to write")
NETWORKS = ("up", "nothing listens", "never answers", "goes away")


def matrix() -> None:
    """A row a state: what was printed, and the seconds of the start and of the end of a run that is over at once."""
    print("| credentials | server | terminal | what the run says | start, s | end, s |\n|---|---|---|---|---|---|")
    for credentials in CREDENTIALS:
        for network in NETWORKS:
            for terminal in ("pipe", "terminal"):
                with Loopback() as server, tempfile.TemporaryDirectory() as home:
                    environment = clean(home) | server.environment
                    if credentials == "none":
                        del environment["WANDB_API_KEY"]
                    if credentials == "rejected":
                        server.on_viewer = server.on_getDefaultEntity = lambda _: {"viewer": None}  # type: ignore[method-assign]
                    if credentials == "no right to write":
                        server.refuses = lambda asked: "permission denied" if asked == "UpsertBucket" else None
                    if network == "goes away":
                        threading.Timer(7, server.stop).start()
                    if network == "nothing listens":
                        environment["WANDB_BASE_URL"] = "http://127.0.0.1:9"
                    if network == "never answers":
                        server.silent.set()
                    wait = 10 * (network == "goes away")
                    said = run(Path(home) / "run", wait, environment, terminal == "terminal")
                    server.silent.clear()
                *lines, took = said.strip().splitlines()
                _, begin, end = took.split()
                shown = " / ".join(line.replace(server.url, "http://…") for line in lines)
                print(f"| {credentials} | {network} | {terminal} | {shown} | {begin} | {end} |", flush=True)


def clean(home: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")} | {"HOME": home}


def run(folder: Path, wait: int, environment: dict[str, str], terminal: bool) -> str:
    """A run of two epochs, `wait` seconds from one to the other: what it printed."""
    command = [sys.executable, "-c", RUN, str(folder), str(wait), *sys.path]
    if not terminal:
        return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        parts = []
        while True:
            try:
                parts.append(os.read(ours, 4096))
            except OSError:
                break
    os.close(ours)
    return b"".join(parts).decode()


LONG = """
import os, resource, sys, time
sys.path[:0] = sys.argv[3:]
from contextlib import suppress
from pathlib import Path
from run_records import begun, looked_at, row
from cnnlab.tracking.mirror.follower import Follower
from cnnlab.tracking.loggers import Wandb
folder, count = Path(sys.argv[1]), int(sys.argv[2])
record = begun(folder)
since = time.perf_counter()
mirror = Follower(folder, Wandb().plain(), [], None, lambda text: None)
begin = time.perf_counter() - since
time.sleep(5)
told = []
for epoch in range(1, count + 1):
    record.epoch(row(epoch))
    since = time.perf_counter()
    mirror.epoch({})
    told.append(time.perf_counter() - since)
    time.sleep(0.1)
time.sleep(3)
service = 0
for file in Path("/proc").glob("[0-9]*/stat"):
    with suppress(OSError):  # a process that has ended meanwhile
        one = file.read_text().rpartition(")")[2].split()
        service += (one[1] == str(mirror.process.pid)) * (int(one[11]) + int(one[12]))
looked_at(folder)
record.finish("ok", **{"test/acc": 0.8})
since = time.perf_counter()
mirror.end(0)
end = time.perf_counter() - since
mirror.process.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
ticks = os.sysconf("SC_CLK_TCK")
print(begin, sorted(told)[len(told) // 2], end, used.ru_utime + used.ru_stime + service / ticks)
"""


def cost(few: int = 20, many: int = 120, times: int = 3) -> None:
    """What the trainer waits for, and the processor's time that the mirror and W&B's own process take beside it."""
    found: dict[int, list[tuple[float, ...]]] = {few: [], many: []}
    with Loopback() as server:
        for count in (few, many) * times:
            with tempfile.TemporaryDirectory() as home:
                command = [sys.executable, "-c", LONG, f"{home}/run", str(count), *sys.path]
                done = subprocess.run(command, env=clean(home) | server.environment, capture_output=True, text=True)
                found[count].append(tuple(map(float, done.stdout.split())))
    begin, told, end, _ = (statistics.median(figures) for figures in zip(*found[few], *found[many], strict=True))
    used = {count: statistics.median(one[3] for one in some) for count, some in found.items()}
    print(f"the trainer waits {begin:.3f} s at its start, {told * 1e6:.0f} µs an epoch, {end:.2f} s at its end")
    each = (used[many] - used[few]) / (many - few)
    print(f"beside it: {used[few] - few * each:.2f} s of a processor a run, and {each * 1e3:.1f} ms an epoch")


def overhead(pairs: int = 5, epochs: int = 8) -> None:
    """Seconds of an epoch and of the whole command, with and without, the same seed in turns."""
    figures: dict[str, list[tuple[float, float]]] = {"none": [], "wandb": []}
    with Loopback() as server, tempfile.TemporaryDirectory() as home:
        environment = clean(home) | server.environment
        for number in range(pairs):
            for logger in ("none", "wandb") if number % 2 else ("wandb", "none"):
                folder = Path(home) / f"{logger}{number}"
                words = ["model=lenet", f"trainer.max_epochs={epochs}", f"logger={logger}", f"hydra.run.dir={folder}"]
                since = time.monotonic()
                subprocess.run(
                    [sys.executable, ROOT / "run.py", *words],
                    env=environment,
                    check=True,
                    cwd=home,
                    capture_output=True,
                )
                took = time.monotonic() - since
                rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
                epoch = statistics.median(row["seconds"] for row in rows[1:])
                figures[logger].append((epoch, took))
                print(f"{logger:6} {number}  epoch {epoch:.3f} s  command {took:.2f} s", flush=True)
    for place, what in enumerate(("epoch", "command")):
        found = list(zip(figures["none"], figures["wandb"], strict=True))
        more = statistics.median(b[place] - a[place] for a, b in found)
        share = 100 * (statistics.median(b[place] / a[place] for a, b in found) - 1)
        print(f"{what}: median of {pairs} pairs {more:+.3f} s, {share:+.1f} %")


if __name__ == "__main__":
    for name in sys.argv[1:] or ("matrix", "cost", "overhead"):
        {"matrix": matrix, "cost": cost, "overhead": overhead}[name]()
