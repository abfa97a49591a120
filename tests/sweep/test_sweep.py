"""Sweeps in real processes: what ends one job, what ends them all, and that the same command goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stderr_lines import stderr_lines
from tiny_run import CONF, result

from cnnlab.sweep import pool
from cnnlab.tracking.lock import Lock

QUICK = [
    "model=lenet",
    "data.subset=100",
    "trainer.max_epochs=1",
    "trainer.precision=32",
    "threads=1",
    "data.val_fraction=0.01",
]
LONG = [*QUICK, "trainer.max_epochs=20"]
TIMES = re.compile(r"seconds|images_per_second|memory|created|updated|started|finished|resumed|attempts|checksum")


def jobs(folder: Path) -> dict[str, str]:
    """How each job of a sweep ended."""
    return {file.parent.name: result(file.parent)["status"] for file in sorted(folder.glob("*/result.json"))}


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if not TIMES.search(str(key))}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def eventually(condition: Callable[[], object], seconds: float = 120) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def process_of(folder: Path) -> int:
    """The process that trains in a run's folder."""
    found = re.match(r"pid (\d+) ", (folder / "run.lock").read_text())
    assert found
    return int(found[1])


def training(folder: Path) -> bool:
    return (folder / "metrics.jsonl").exists()


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def meanwhile() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Does something while this thread runs a sweep."""
    threads: list[threading.Thread] = []

    def begin(task: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=task))
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join()


@pytest.mark.slow
def test_a_job_that_is_killed_one_that_hangs_and_one_that_diverges_end_no_other(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch, meanwhile: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pool, "SIGKILL_AFTER", 0.2)
    sweep = Path("sweep")
    ends = {"lr=0.01-s0": signal.SIGKILL, "lr=0.01-s1": signal.SIGSTOP}
    stopped: list[str] = []
    events = pool.WorkerPool.events

    def an_hour_later(self: pool.WorkerPool, wait: float) -> Iterator[tuple[pool.RunningJob, int | None]]:
        """The limit is an hour, too long for any job to reach, and passes at once for the stopped one."""
        for running in self.running.values():
            if running.job.folder.name in stopped:
                running.since -= 3601
        return events(self, wait)

    def strike() -> None:
        for name, number in ends.items():
            assert eventually(lambda name=name: training(sweep / name))
            os.kill(process_of(sweep / name), number)
        stopped.append("lr=0.01-s1")

    monkeypatch.setattr(pool.WorkerPool, "events", an_hour_later)
    meanwhile(strike)
    words = ["-m", *LONG, "optimizer.lr=0.01,1e30", "seed=0,1,2", "trainer.gradient_clip_val=null", "jobs=2"]
    assert cnnlab(*words, "hydra.sweep.dir=sweep", "timeout=1h") == 5
    assert jobs(sweep) == {
        "lr=0.01-s0": "failed",
        "lr=0.01-s1": "failed",
        "lr=0.01-s2": "ok",
        **{f"lr=1e+30-s{seed}": "diverged" for seed in range(3)},
    }
    errors = {name: result(sweep / name)["error"] for name in ends}
    assert errors["lr=0.01-s0"] == "killed by SIGKILL (for want of memory, perhaps)"
    assert errors["lr=0.01-s1"] == "it took longer than the time limit (timeout=3600 s)"
    said = capsys.readouterr().out
    assert "lr=0.01 seed 0  failed: killed by SIGKILL" in said
    capsys.readouterr()
    stopped.clear()
    before = result(sweep / "lr=0.01-s2")
    assert cnnlab(*words, "hydra.sweep.dir=sweep", "retry=failed") == 5  # diverged ones stay
    assert jobs(sweep)["lr=0.01-s0"] == jobs(sweep)["lr=0.01-s1"] == "ok"
    assert "6 jobs, 1 ok, 3 diverged, 2 to train" in capsys.readouterr().out
    assert result(sweep / "lr=0.01-s2") == before


IDLE = [
    *("trainer.progress=false", "data.download=false", "data.names=[a,b,c,d,e,f,g,h,i,j]", "checkpoint.every=10steps"),
    *("name=other", "tags=[x]", "draw.depth=2", "jobs=1", "retry=failed", "timeout=1h"),
]
"""settings that affect no result"""


def test_the_same_sweep_with_other_settings_that_affect_no_result_trains_nothing(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *QUICK, "model.norm=none,batch", "seed=0"]
    assert cnnlab(*words) == 0
    (sweep,) = Path("outputs").iterdir()
    before = {name: (sweep / name / "result.json").read_bytes() for name in jobs(sweep)}
    assert len(before) == 2
    capsys.readouterr()
    assert cnnlab(*words, *IDLE) == 0
    assert list(Path("outputs").iterdir()) == [sweep]
    assert {name: (sweep / name / "result.json").read_bytes() for name in jobs(sweep)} == before
    assert "2 jobs, 2 ok" in capsys.readouterr().out


@pytest.mark.slow
def test_a_killed_sweep_leaves_no_process_and_the_same_command_ends_as_if_nothing_had_happened(
    cnnlab: Callable[..., int], tmp_path: Path
) -> None:
    words = ["-m", *LONG, "trainer.max_epochs=10", "model.norm=none,batch", "seed=0,1"]
    assert cnnlab(*words, "hydra.sweep.dir=whole") == 0
    command = [sys.executable, str(CONF.parent / "run.py"), *words, "hydra.sweep.dir=cut"]
    first = tmp_path / "cut" / "norm=none-s0"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as sweep:
        assert eventually(lambda: training(first))
        process = process_of(first)
        sweep.kill()
    assert eventually(lambda: not alive(process))
    assert "ok" not in jobs(tmp_path / "cut").values()
    assert cnnlab(*words, "hydra.sweep.dir=cut") == 0
    whole, cut = (json.loads((tmp_path / name / "comparison.json").read_text()) for name in ("whole", "cut"))
    assert result(first)["resumed"] >= 1
    assert without_times(whole) == json.loads(json.dumps(without_times(cut)).replace("=cut", "=whole"))
    assert whole["contrasts"]


def test_an_interrupted_sweep_saves_its_jobs_and_says_so(
    cnnlab: Callable[..., int], meanwhile: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = Path("sweep")

    def interrupt() -> None:
        assert eventually(lambda: training(sweep / "s0"))
        os.kill(os.getpid(), signal.SIGTERM)

    meanwhile(interrupt)
    assert cnnlab("-m", *LONG, "seed=0,1,2", "hydra.sweep.dir=sweep", "jobs=1") == 143
    assert jobs(sweep) == {"s0": "interrupted"}
    assert "interrupted; the same command goes on (sweep)" in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_done_stays_done_and_only_new_arms_and_seeds_are_trained(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path, meanwhile: Callable
) -> None:
    mine = tmp_path / "mine" / "model"
    mine.mkdir(parents=True)
    (mine / "tiny.yaml").write_text("defaults: [/model/lenet@_here_, _self_]\nbody: {c3: {channels: 8}}\n")

    def edit() -> None:  # the sweep is composed; what its jobs are stays
        assert eventually(lambda: list(Path("outputs").glob("*/sweep.json")))
        (mine / "tiny.yaml").write_text("defaults: [/model/lenet@_here_, _self_]\nbody: {c3: {channels: 4}}\n")

    meanwhile(edit)
    words = [*QUICK[1:], "model=tiny", "-cd", "mine", "-m"]
    assert cnnlab("model.norm=none,null", "seed=0", *words) == 0
    (folder,) = Path("outputs").iterdir()
    sheet = json.loads((folder / "sweep.json").read_text())
    assert [entry["folder"] for entry in sheet["jobs"]] == ["norm=none-s0", "norm=none-s0"]  # null: inherit: none
    params = result(folder / "norm=none-s0")["params"]
    assert params == 61_706 - 8 * (6 * 25 + 1) - 120 * 8 * 25
    said = capsys.readouterr().out
    assert "1 jobs (1 more are the same as others of them), 1 to train" in said
    (mine / "tiny.yaml").write_text("defaults: [/model/lenet@_here_, _self_]\nbody: {c3: {channels: 8}}\n")
    assert cnnlab("seed=0,1", "model.norm=batch,none", *words) == 0
    assert [path.name for path in Path("outputs").iterdir()] == [folder.name]
    assert "4 jobs, 1 ok, 3 to train" in capsys.readouterr().out
    sheet = json.loads((folder / "sweep.json").read_text())
    assert sheet["keys"] == {"model.norm": ["none", "null", "batch"], "seed": ["0", "1"]}
    assert cnnlab("seed=1,0", "model.norm=none,batch", *words) == 0
    assert "4 jobs, 4 ok, nothing to train" in capsys.readouterr().out


def test_a_sweep_in_use_and_anothers_folder_are_refused(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *QUICK, "seed=0,1"]
    with Lock("held"):
        assert cnnlab(*words, "hydra.sweep.dir=held") == 2
    (said,) = stderr_lines(capsys)
    assert said.startswith("command line  hydra.sweep.dir: ")
    assert "is in use by pid" in said
    sheet = {"version": 1, "command": [], "fixed": ["model=nin"], "keys": {"optimizer.lr": ["1"], "seed": ["0"]}}
    sheet |= {"study": None, "threads": 1, "precision": "32", "created": "", "jobs": []}
    Path("other").mkdir()
    Path("other/sweep.json").write_text(json.dumps(sheet))
    Path("broken").mkdir()
    Path("broken/sweep.json").write_text('{"version": 1, "jo')
    assert cnnlab(*words, "hydra.sweep.dir=other") == 2
    assert cnnlab(*words, "hydra.sweep.dir=broken") == 2
    first, second = stderr_lines(capsys)
    assert first == (
        "command line  hydra.sweep.dir: other holds another sweep (optimizer.lr with model=nin); choose another folder"
    )
    assert second.startswith("command line  hydra.sweep.dir: broken/sweep.json cannot be read (")


def test_data_that_are_not_there_end_a_sweep_before_its_first_job(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*QUICK, "data=mnist", "data.dir=nowhere", "data.download=false", "hydra.sweep.dir=sweep"]
    assert cnnlab("-m", *words, "seed=0,1") == 2
    assert capsys.readouterr().err == "command line  data.dir: there is no directory nowhere\n"
    assert not Path("sweep").exists()
