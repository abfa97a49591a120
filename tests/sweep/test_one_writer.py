"""A run's record has one writer: who does not hold the folder writes nothing into it."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked_cli import running, wait_for
from tiny_run import SMALL, result

from cnnlab.experiment.job import Job
from cnnlab.sweep import outcome, worker
from cnnlab.sweep.outcome import IN_USE, LOST, end_of, write_end
from cnnlab.sweep.pool import WorkerPool
from cnnlab.tracking.lock import Lock

LONG = [*SMALL, "trainer.max_epochs=300"]


@pytest.fixture
def job(cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> Job:
    """The one job of a sweep, as its worker gets it; nothing has trained it."""
    jobs: list[Job] = []

    class Takes(WorkerPool):
        def start(self, job: Job, slot: int) -> None:
            jobs.append(job)
            raise KeyboardInterrupt

    monkeypatch.setattr("cnnlab.cli.sweep.WorkerPool", Takes)
    assert cnnlab("-m", *LONG, "seed=0", "hydra.sweep.dir=sweep") == 130
    return jobs[0]


@pytest.fixture
def alive(job: Job) -> Iterator[Callable[[], dict]]:
    """A process that trains the job's run in the job's folder; what its record says when it was asked to end."""
    with running(*LONG, f"hydra.run.dir={job.folder}") as process:
        wait_for(process, (job.folder / "checkpoints" / "last.ckpt").exists)

        def end() -> dict:
            assert process.is_alive()
            process.terminate()
            process.join()
            return result(job.folder)

        yield end


@pytest.mark.slow
def test_a_worker_waits_says_so_and_leaves_a_live_runs_record_alone(
    job: Job, alive: Callable[[], dict], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "PATIENCE", 0.5)
    began = time.monotonic()
    assert worker.work(pickle.dumps(job)) == 2
    assert time.monotonic() - began >= 0.5
    said = capsys.readouterr().out
    assert said.startswith("waiting for at most 0 s: pid ")
    assert "is in use by pid" in said
    assert not (job.folder / "result.json").exists()
    assert alive()["status"] == "interrupted"


@pytest.mark.parametrize(("status", "asked"), [(2 << 8, None), (9, None), (LOST, None), (0, "it took too long")])
def test_a_sweep_settles_no_run_that_another_process_is_at(
    job: Job, alive: Callable[[], dict], status: int, asked: str | None
) -> None:
    ended = end_of(job.folder, job.facts, status, asked)
    assert ended["status"] == IN_USE
    assert "trains it; the same command, once it has ended, goes on" in ended["error"]
    assert not (job.folder / "result.json").exists()
    assert alive()["status"] == "interrupted"


def test_an_end_that_was_written_meanwhile_stands(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Lock):
        def __init__(self, folder: Path | str, path: str):
            with Lock(folder):  # the other process, which ends while this one waits for the folder
                outcome.settle(folder, "ok", {"test/acc": 0.5})
            super().__init__(folder, path)

    monkeypatch.setattr(outcome, "Lock", Slow)
    assert write_end(job.folder, job.facts, "failed", "too late")["test/acc"] == 0.5
    assert result(job.folder)["status"] == "ok"


def test_a_killed_holder_is_none(job: Job) -> None:
    with running(*LONG, f"hydra.run.dir={job.folder}") as process:
        wait_for(process, (job.folder / "checkpoints" / "last.ckpt").exists)
        os.kill(process.pid, 9)
    assert end_of(job.folder, job.facts, 9, None)["status"] == "failed"
    assert result(job.folder)["error"] == "killed by SIGKILL (for want of memory, perhaps)"
