"""A run trains as anywhere else, whatever the environment of its process holds."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from forked_cli import running, wait_for
from lightning_fabric.utilities.rank_zero import rank_zero_only
from tiny_run import SMALL, result

ROOT = Path(__file__).parent.parent.parent
TINY = [*SMALL, "data.subset=100", "trainer.max_epochs=1"]
CLUSTERS = {
    "salloc of two tasks, without srun": {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_NAME": "x"},
    "srun": {
        "SLURM_JOB_ID": "1",
        "SLURM_NTASKS": "2",
        "SLURM_JOB_NAME": "x",
        "SLURM_PROCID": "1",
        "SLURM_LOCALID": "1",
        "SLURM_NODEID": "0",
        "SLURM_STEP_NUM_TASKS": "2",
    },
    "torchrun": {
        "TORCHELASTIC_RUN_ID": "x",
        "RANK": "1",
        "LOCAL_RANK": "1",
        "GROUP_RANK": "0",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "nowhere.invalid",
        "MASTER_PORT": "no number",
    },
    "LSF": {
        "LSB_JOBID": "1",
        "LSB_DJOB_RANKFILE": "/nowhere",
        "JSM_NAMESPACE_RANK": "1",
        "JSM_NAMESPACE_LOCAL_RANK": "1",
        "JSM_NAMESPACE_SIZE": "2",
    },
    "Kubeflow": {
        "KUBERNETES_PORT": "tcp://10.0.0.1:443",
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "1",
        "WORLD_SIZE": "2",
        "RANK": "1",
    },
    "MPI": {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "1"},
    "Lightning's defaults": {
        "PL_TRAINER_LIMIT_TRAIN_BATCHES": "1",
        "PL_TRAINER_FAST_DEV_RUN": "1",
        "PL_TRAINER_CHECK_VAL_EVERY_N_EPOCH": "2",
        "PL_TRAINER_STRATEGY": "ddp",
        "PL_TRAINER_NUM_NODES": "2",
        "PL_TRAINER_MAX_TIME": "00:00:00:00",
        "PL_TRAINER_PROFILER": "simple",
        "PL_GLOBAL_SEED": "7",
        "PL_SEED_WORKERS": "1",
    },
    "OpenMP": {"OMP_DYNAMIC": "true", "OMP_SCHEDULE": "dynamic", "KMP_AFFINITY": "none", "OMP_WAIT_POLICY": "PASSIVE"},
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights of the run that all of these environments should give."""
    from tiny_run import CONF

    from cnnlab.cli.main import main

    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(CONF, [*TINY, f"hydra.run.dir={folder}"]) == 0
    return weights(folder)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def same(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_one_process_trains_alike_inside_of_a_cluster(
    cnnlab: Callable[..., int],
    no_pictures: None,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: dict[str, torch.Tensor],
    cluster: str,
) -> None:
    for name, value in CLUSTERS[cluster].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rank_zero_only, "rank", 1)  # as where the variables were there when Lightning was imported
    assert cnnlab(*TINY, "hydra.run.dir=run") == 0
    assert same(weights(Path("run")), undisturbed)
    warned = [one for one in result(Path("run"))["warnings"] if "such processes" in one]
    assert bool(warned) is (cluster in ("srun", "torchrun", "LSF", "Kubeflow", "MPI"))


@pytest.mark.slow
def test_a_sweeps_jobs_train_inside_of_an_allocation(
    cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CLUSTERS["salloc of two tasks, without srun"].items():
        monkeypatch.setenv(name, value)
    assert cnnlab("-m", *TINY, "seed=0,1", "jobs=1", "hydra.sweep.dir=sweep") == 0


@pytest.mark.slow
def test_a_process_started_in_the_oddest_environment_trains(tmp_path: Path) -> None:
    """What is read while modules are imported takes a process of its own."""
    odd = {
        **{name: value for cluster in CLUSTERS.values() for name, value in cluster.items()},
        "RANK": "no number",
        "SLURM_PROCID": "",
        "MPLBACKEND": "module://no_such_package.backend_inline",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "WANDB_MODE": "nonsense",
        "WANDB_RUN_ID": "somebody_elses",
        "WANDB_RESUME": "must",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(ROOT / "run.py"), *TINY, "hydra.run.dir=run"]
    ended = subprocess.run(command, cwd=tmp_path, env={**os.environ, **odd}, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"Traceback" not in ended.stdout + ended.stderr
    assert b"multiply-adds at 1?28?28" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_schedulers_warning_saves_and_ends_the_run_and_starts_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cnnlab: Callable[..., int], no_pictures: None, number: int
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "scontrol").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (programs / "scontrol").chmod(0o755)
    slurm = {
        "SLURM_JOB_ID": "77",
        "SLURM_NTASKS": "1",
        "SLURM_JOB_NAME": "x",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    words = [*SMALL, "trainer.max_epochs=3", "data.batch_size=5", "checkpoint.every=20steps"]
    broken, straight = Path("broken"), Path("straight")
    with running(*words, f"hydra.run.dir={broken}", environment=slurm) as process:
        wait_for(process, (broken / "checkpoints" / "last.ckpt").exists)
        os.kill(process.pid, number)
    assert process.exitcode == 143
    assert result(broken)["status"] == "interrupted"
    assert not list(broken.glob("hpc_ckpt*"))
    assert not (tmp_path / "started").exists()
    for name, value in slurm.items():
        monkeypatch.setenv(name, value)
    shutil.copy(broken / "checkpoints" / "last.ckpt", broken / "hpc_ckpt_1.ckpt")  # as an earlier version has left it
    for folder in (broken, straight):
        assert cnnlab(*words, f"hydra.run.dir={folder}") == 0
    assert same(weights(broken), weights(straight))


def test_only_our_own_checkpoints_are_gone_on_from(
    monkeypatch: pytest.MonkeyPatch, cnnlab: Callable[..., int], no_pictures: None, undisturbed: dict[str, torch.Tensor]
) -> None:
    for name, value in CLUSTERS["salloc of two tasks, without srun"].items():
        monkeypatch.setenv(name, value)
    assert cnnlab(*TINY, "hydra.run.dir=run") == 0
    Path("run/result.json").unlink()
    shutil.rmtree("run/checkpoints")
    Path("run/hpc_ckpt_1.ckpt").write_bytes(b"somebody else's")
    assert cnnlab(*TINY, "hydra.run.dir=run") == 0
    assert same(weights(Path("run")), undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("stdout", ["/dev/full", "&-"])
def test_lines_that_cannot_be_printed_end_no_training(tmp_path: Path, stdout: str) -> None:
    command = shlex.join([sys.executable, str(ROOT / "run.py"), *TINY, "hydra.run.dir=run"])
    ended = subprocess.run(
        f"{command} >{stdout}", shell=True, cwd=tmp_path, stderr=subprocess.PIPE, check=False, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert result(tmp_path / "run")["status"] == "ok"
    said = "not all of the output could be written: no space left on device\n" if stdout == "/dev/full" else ""
    assert ended.stderr == said


@pytest.mark.slow
def test_a_table_that_cannot_be_printed_is_no_success(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, str(ROOT / "run.py"), "task=summary", "format=json", "model=lenet"]
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert (ended.returncode, ended.stderr) == (4, "not all of the output could be written: no space left on device\n")
