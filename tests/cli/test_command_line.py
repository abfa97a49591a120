"""run.py from outside: what it shows, how it ends, and that our own bugs are not hidden."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from stderr_lines import stderr_lines
from tiny_run import CONF, SMALL

from cnnlab.cli.help import EXAMPLES
from cnnlab.cli.main import main
from cnnlab.cli.tasks import TaskContext
from cnnlab.cli.tasks.summary import Summary
from cnnlab.errors import Exit
from cnnlab.tracking.lock import Lock

RUN = CONF.parent / "run.py"


def test_help_names_every_task_group_and_option(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("model=foo", "-h") == 0
    said = capsys.readouterr().out
    for file in CONF.glob("*/**/*.yaml"):
        assert str(file.relative_to(CONF / file.relative_to(CONF).parts[0]).with_suffix("")) in said
    for task in ("train", "test", "predict", "summary"):
        assert f"task={task}" in said


@pytest.mark.slow
def test_every_example_of_the_help_composes(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    for example, _ in EXAMPLES:
        words = [word for word in shlex.split(example) if "=" in word and not word.startswith(("task=", "seed="))]
        sweeps = ["-m"] if example.startswith("-m") else []
        assert cnnlab(*sweeps, *words, "task=summary") == 0
        assert stderr_lines(capsys) == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--cfg", "job"], "    channels: 6"),
        (["--cfg", "job", "-p", "model.head.out"], "features: classes"),
        (["--cfg", "hydra", "-p", "hydra.sweep"], "subdir: ${hydra.job.num}"),
        (["--cfg", "job", "--resolve", "model=resnet34"], "    repeat: 6"),
    ],
)
def test_the_configuration_is_shown(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert cnnlab(*words) == 0
    assert any(line in shown for shown in capsys.readouterr().out.splitlines())


def test_the_files_that_make_it_are_shown(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("--info", "defaults", "model=resnet34") == 0
    assert "model/resnet18" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("run.py model=resnet1", {"model=resnet18", "model=resnet101", "model=resnet152"}),
        ("run.py model=d2l/lenet model.head.", {f"model.head.{name}." for name in ("flat", "f5", "f6", "out")}),
        ("run.py model=foo model.body.", set()),
    ],
)
def test_blocks_complete_in_the_shell(
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    completions: set[str],
) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    assert cnnlab("-sc", "query=bash") == 0
    assert set(capsys.readouterr().out.split()) == completions


def test_completion_is_silent_about_a_broken_file(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "lenet.yaml").write_text("{{{")
    monkeypatch.setenv("COMP_LINE", "run.py -cd . model.body.")
    monkeypatch.setenv("COMP_POINT", "24")
    assert cnnlab("-sc", "query=bash") == 2
    assert tuple(capsys.readouterr()) == ("", "")


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    for words in ("--help", "--cfg job"):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, RUN, *words.split()], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_version_names_what_runs_here(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("--version") == 0
    words = [word.split(" ") for word in capsys.readouterr().out.strip().split(", ")]
    assert [name for name, _ in words] == ["cnnlab", "torch", "Python"]
    assert all(number[0].isdigit() for _, number in words)


def test_a_sweep_of_nothing_is_told_and_trains_nothing(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cnnlab("-m", "model=lenet", "seed=3") == 2
    (line,) = stderr_lines(capsys)
    assert line.startswith("command line  -m: no setting has several values to go through, as in seed=0,1,2;")
    assert not (tmp_path / "outputs").exists()


def test_help_needs_neither_hydra_nor_torch_and_the_configuration_no_torch(tmp_path: Path) -> None:
    look = (
        "import sys; from pathlib import Path; from cnnlab.cli.main import main; "
        "main(Path({!r}), {!r}); print(*sys.modules)"
    )
    absent = {
        "--help": ("hydra", "torch", "pydantic"),
        "--version": ("hydra", "torch", "pydantic"),
        "--cfg job": ("torch", "pydantic", "pytorch_lightning", "wandb"),
    }
    for words, names in absent.items():
        code = look.format(str(CONF), words.split())
        said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        loaded = said.stdout.splitlines()[-1].split()
        assert not set(names) & set(loaded)


def test_our_own_bugs_show_a_traceback(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Exit:
        raise KeyError("a bug")

    monkeypatch.setattr(Summary, "run", broken)
    with pytest.raises(KeyError, match="a bug"):
        cnnlab("task=summary")
    assert "Error executing" not in capsys.readouterr().err


def test_a_bug_in_one_job_does_not_end_the_sweep(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def broken(_: Summary, context: TaskContext) -> Exit:
        seeds.append(context.run.top.seed)
        if seeds[-1] == 1:
            raise KeyError("a bug")
        return Exit.DONE

    monkeypatch.setattr(Summary, "run", broken)
    assert cnnlab("task=summary", "seed=0,1,2", "-m") == Exit.SWEEP
    assert seeds == [0, 1, 2]
    said = capsys.readouterr().err
    assert "KeyError: 'a bug'" in said
    assert said.endswith("1 of 3 jobs did not end well\n")


@pytest.mark.usefixtures("no_pictures")
def test_a_finished_run_says_so_and_another_one_is_refused(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = "hydra.run.dir=a run (1)=x [ü]"
    assert cnnlab(*SMALL, "data.subset=100", "trainer.max_epochs=1", folder) == 0
    capsys.readouterr()
    assert cnnlab(*SMALL, "data.subset=100", "trainer.max_epochs=1", folder) == 0
    assert "holds this run, finished: test accuracy" in capsys.readouterr().out.replace("\n", " ")
    assert cnnlab(*SMALL, "data.subset=100", "trainer.max_epochs=1", folder, "seed=1") == 2
    (said,) = stderr_lines(capsys)
    assert said.startswith("command line  hydra.run.dir: a run (1)=x [ü] holds another experiment")


def test_a_folder_in_use_is_refused(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with Lock("held"):
        assert cnnlab(*SMALL, "hydra.run.dir=held") == 2
    (said,) = stderr_lines(capsys)
    assert said.startswith("command line  hydra.run.dir: ")
    assert "is in use by pid" in said


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04"])
def test_a_file_that_is_no_checkpoint_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    Path("x.ckpt").write_bytes(content)
    assert cnnlab("task=test", "ckpt_path=x.ckpt") == 2
    assert stderr_lines(capsys) == ["command line  ckpt_path: x.ckpt is not a checkpoint, or is damaged"]


@pytest.mark.slow
def test_what_the_environment_holds_lands_in_no_file(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CNNLAB_SECRET", "hunter2")
    words = ["name=${oc.env:CNNLAB_SECRET}", "tags=['${oc.env:CNNLAB_SECRET}']", "data.subset=100"]
    assert cnnlab(*SMALL, *words, "trainer.max_epochs=1") == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if b"hunter2" in path.read_bytes() or "hunter2" in str(path)]


def test_folders_are_named_as_hydras_users_name_them(cnnlab: Callable[..., int], tmp_path: Path) -> None:
    assert cnnlab("task=summary", "seed=3", "hydra.run.dir=x y/${hydra.job.override_dirname}") == 0
    assert json.loads((tmp_path / "x y" / "seed=3,task=summary" / "network.json").read_text())["params"] == 61_706


def test_a_job_is_composed_once(cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    load = ConfigLoaderImpl._load_configuration_impl

    def counted(*args: Any, **how: Any) -> Any:
        composed.append(how)
        return load(*args, **how)

    monkeypatch.setattr(ConfigLoaderImpl, "_load_configuration_impl", counted)
    assert cnnlab("task=summary", "hydra.run.dir=out", "hydra.output_subdir=.hydra") == 0
    assert len(composed) == 1
    assert {path.name for path in Path("out").rglob("*") if path.is_file()} == {
        *("run.log", "network.json", "config.yaml", "hydra.yaml", "overrides.yaml")
    }


def test_main_leaves_hydra_as_it_found_it() -> None:
    from hydra.core.global_hydra import GlobalHydra

    assert main(CONF, ["model=foo"]) == 2
    assert not GlobalHydra.instance().is_initialized()
