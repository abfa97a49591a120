"""Threads that nobody asks for: chosen by what is quickest at the start, and never held against a run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_run import SMALL, result

from cnnlab.experiment import threads
from cnnlab.experiment.threads import ThreadChoice, choose_threads, measure, running_elsewhere

AUTO = [word for word in SMALL if not word.startswith("threads")] + ["data.subset=100", "trainer.max_epochs=1"]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A machine of eight processors, with others at work, where a step takes so long by the number of threads."""

    def be(others: int | None, **seconds: float) -> None:
        monkeypatch.setattr(threads, "TORCHS_OWN", 8)
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
        monkeypatch.setattr(threads, "_quota", lambda: None)
        monkeypatch.setattr(threads, "running_elsewhere", lambda: others)
        monkeypatch.setattr(threads, "measure", lambda counts: {count: seconds[f"of{count}"] for count in counts})

    return be


def test_the_quickest_number_is_chosen_where_it_gains_enough(machine: Callable[..., None]) -> None:
    machine(0, of1=1.0, of4=0.5, of8=0.7)
    assert choose_threads(8) == ThreadChoice(4, "2.0 times as quick as one")
    machine(None, of1=1.0, of4=0.95, of8=0.97)
    assert choose_threads(8) == ThreadChoice(1, "8 are hardly quicker")
    machine(3, of1=1.0, of4=1.2, of8=9.0)
    assert choose_threads(8) == ThreadChoice(1, "8 take 9.0 times as long")


def test_a_machine_whose_processors_are_all_taken_is_not_measured(machine: Callable[..., None]) -> None:
    machine(8)
    assert choose_threads(8) == ThreadChoice(1, "8 others compute here")


def test_openmps_own_setting_and_a_containers_share_are_limits(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(0, of1=1.0, of2=0.5)
    monkeypatch.setattr(threads, "_quota", lambda: 2)
    assert choose_threads(8).count == 2
    monkeypatch.setattr(threads, "TORCHS_OWN", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_threads(8) == ThreadChoice(1, "OMP_NUM_THREADS=1")


def test_measuring_is_quick_and_leaves_threads_and_chance_as_they_were() -> None:
    before, state, began = torch.get_num_threads(), torch.get_rng_state(), time.perf_counter()
    seconds = measure([1, 2])
    assert time.perf_counter() - began < 5  # a quarter of a second, but on a machine that others fill
    assert seconds.keys() == {1, 2}
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_what_runs_elsewhere_is_counted() -> None:
    assert (running_elsewhere() or 0) >= 0


def choice(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    chosen = ThreadChoice(count, f"{count} for a test")
    monkeypatch.setattr("cnnlab.experiment.hardware.decide.__defaults__", (lambda *_: chosen,))
    monkeypatch.setattr("cnnlab.sweep.plan.choose_threads", lambda *_: chosen)


def test_the_choice_is_said_and_recorded(
    cnnlab: Callable[..., int], no_pictures: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    choice(monkeypatch, 2)
    assert cnnlab(*AUTO, "hydra.run.dir=run") == 0
    assert "cpu, fp32, 2 threads (2 for a test)\n" in capsys.readouterr().out
    assert result(Path("run"))["threads"] == 2
    assert result(Path("run"))["threads_reason"] == "2 for a test"
    assert "threads: 2\n" in Path("run/config.yaml").read_text()


@pytest.mark.parametrize("place", [["hydra.run.dir=run"], []])
def test_a_run_goes_on_with_its_own_number_where_the_machine_would_now_choose_another(
    cnnlab: Callable[..., int],
    no_pictures: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: list[str],
) -> None:
    choice(monkeypatch, 2)
    assert cnnlab(*AUTO, *place) == 0
    (folder,) = [Path("run")] if place else list(Path("outputs").iterdir())
    ended = result(folder)
    (folder / "result.json").unlink()
    choice(monkeypatch, 1)
    capsys.readouterr()
    assert cnnlab(*AUTO, *place) == 0
    assert "taking up the killed run" in capsys.readouterr().out
    assert {key: result(folder)[key] for key in ("identity", "threads", "test/loss")} == {
        key: ended[key] for key in ("identity", "threads", "test/loss")
    }


def test_a_finished_run_in_a_named_folder_is_the_same_run(
    cnnlab: Callable[..., int], no_pictures: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    choice(monkeypatch, 2)
    assert cnnlab(*AUTO, "hydra.run.dir=run") == 0
    choice(monkeypatch, 1)
    assert cnnlab(*AUTO, "hydra.run.dir=run") == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert cnnlab(*AUTO, "hydra.run.dir=run", "threads=1") == 2  # said outright, it is another experiment
    assert "holds another experiment" in capsys.readouterr().err


def test_a_sweep_chooses_once_and_keeps_what_its_first_command_chose(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.sweep.plan.cores", lambda: 4)
    words = ["-m", *AUTO, "jobs=1", "hydra.sweep.dir=sweep"]
    choice(monkeypatch, 2)
    assert cnnlab(*words, "seed=0") == 0
    choice(monkeypatch, 1)
    assert cnnlab(*words, "seed=0,1") == 0
    assert json.loads(Path("sweep/sweep.json").read_text())["threads"] == 2
    assert {result(folder)["threads"] for folder in Path("sweep").glob("s?")} == {2}
