"""Completion in the shell."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from sample_networks import zoo
from tiny_run import CONF

from cnnlab.cli.completion.candidates import candidates
from cnnlab.cli.completion.line import Line, printed
from cnnlab.cli.completion.loose import composed

RUN = CONF.parent / "run.py"


def offered(text: str) -> list[str]:
    line = Line.of({"COMP_LINE": text})
    return [one.text for one in candidates(CONF, line.words, line.current)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("python run.py ta", ["task=", "tags="]),
        ("python run.py task=sc", ["task=schema"]),
        ("python run.py model=resnet1", ["model=resnet101", "model=resnet152", "model=resnet18"]),
        ("python run.py -m model=vgg11,resnet15", ["model=vgg11,resnet152"]),
        ("python run.py mo", ["model=", "model."]),
        ("python run.py model=resnet18 model.body.stage", [f"model.body.stage{i}." for i in (1, 2, 3, 4)]),
        ("python run.py model=resnet18 model.body.stage3.str", ["model.body.stage3.stride="]),
        ("python run.py model=resnet18 model.body.stage3.rep", ["model.body.stage3.repeat="]),
        ("python run.py model=resnet18 model.body.stage3.norm=g", ["model.body.stage3.norm=group"]),
        ("python run.py model=resnet18 model.body.stage3.first.k", ["model.body.stage3.first.kernel_size="]),
        ("python run.py model.body.s2.after=", [f"model.body.s2.after={b}" for b in ("c1", "c3", "s4", "null")]),
        ("python run.py model=squeezenet1_0 model.body.fire2.sq", ["model.body.fire2.squeeze="]),
        ("python run.py model=inception_v3 model.body.mix5b.po", ["model.body.mix5b.pool="]),
        ("python run.py model=inception_v3 model.body.x.block=do", ["model.body.x.block=down"]),
        ("python run.py model=googlenet model.kinds.max", ["model.kinds.max_pool."]),
        ("python run.py model=googlenet model.aux.aux1.w", ["model.aux.aux1.weight="]),
        ("python run.py 'model.body.new={block: linear, features: 3}' model.body.new.fe", ["model.body.new.features="]),
        ("python run.py study=padding study.s", ["study.size="]),
        ("python run.py optimizer=adam optimizer.b", ["optimizer.betas="]),
        ("python run.py optimizer=rm", ["optimizer=rmsprop"]),
        ("python run.py optimizer=rmsprop optimizer.al", ["optimizer.alpha="]),
        ("python run.py -m optimizer=sgd,rad", ["optimizer=sgd,radam"]),
        ("python run.py adapt=[channels,cl", ["adapt=[channels,classes"]),
        ("python run.py task=explain key=model.body.c", ["key=model.body.c1", "key=model.body.c3"]),
        ("python run.py ~model.body.c", ["~model.body.c1", "~model.body.c3"]),
        ("python run.py --config-d", ["--config-dir"]),
        ("python run.py --cfg j", ["job"]),
        ("python run.py model.body.nowhere.", []),
        ("python run.py model.nowhere.x", []),
    ],
)  # fmt: skip
def test_what_can_follow_is_offered(text: str, first: list[str]) -> None:
    assert offered(text) == first


def test_files_are_offered_where_a_setting_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my run (1)").mkdir()
    (tmp_path / "mine.pth").touch()
    monkeypatch.chdir(tmp_path)
    assert offered("run.py weights=mi") == ["weights=mine.pth"]
    assert offered("run.py ckpt_path=my") == ["ckpt_path=my run (1)/"]
    line = Line.of({"COMP_LINE": "run.py ckpt_path=my", "COMP_WORDBREAKS": " =:"})
    assert printed("bash", line, candidates(CONF, line.words, line.current)) == "my\\ run\\ \\(1\\)/\n"


def test_a_folder_of_ones_own_counts_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text(
        "defaults: [lenet, _self_]\nbody: {extra: {block: conv, channels: 8}}"
    )
    monkeypatch.chdir(tmp_path)
    assert offered("run.py --config-dir . model=mi") == ["model=mine"]
    assert offered("run.py --config-dir=. model=mine model.body.e") == ["model.body.extra."]


CHILDREN = ("resnet34", "densenet161", "squeezenet1_1", "d2l/bn_lenet", "paper/googlenet", "cifar/preact_resnet110")


@pytest.mark.parametrize("name", ["inception_v3", "paper/lenet5", *CHILDREN])
def test_the_blocks_are_those_that_hydra_composes(name: str) -> None:
    loose, real = composed([CONF], [f"model={name}"])["model"], zoo(name)
    for section in ("body", "head"):
        assert {block: said and said["block"] for block, said in loose[section].items()} == {
            block: said and said["block"] for block, said in real[section].items()
        }
        assert list(loose[section]) == list(real[section])


def test_an_answer_needs_neither_hydra_nor_pydantic_nor_torch() -> None:
    code = f"""
import sys
from pathlib import Path
from cnnlab.cli.main import main
assert main(Path({str(CONF)!r}), ["-sc", "query=bash"]) == 0
print(sorted({{"torch", "hydra", "omegaconf", "pydantic", "numpy", "rich"}} & set(sys.modules)))
"""
    line = "run.py model=resnet18 model.body.stage3."
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "COMP_LINE": line}, capture_output=True, text=True
    )
    *words, heavy = done.stdout.splitlines()
    assert heavy == "[]"
    assert "model.body.stage3.stride=" in words


def typed(folder: Path, *steps: tuple[str, str]) -> str:
    """What a real bash shows: after each step's keys it is waited for that step's words."""
    environment = {**os.environ, "PS1": "$ ", "TERM": "dumb", "HISTFILE": "/dev/null", "INPUTRC": "/dev/null"}
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))  # no line is broken
    shown = ""
    try:
        for keys, until in steps:
            os.write(terminal, keys.encode())
            deadline = time.monotonic() + 20
            while until not in shown and time.monotonic() < deadline:
                if select.select([terminal], [], [], 0.2)[0]:
                    shown += re.sub(
                        r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|\r", "", os.read(terminal, 65536).decode(errors="replace")
                    )
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return shown


def test_bash_completes_block_names_settings_and_values() -> None:
    words = "model=resnet18 model.body.stage3.stride=2 model.body.stage4.norm=group task=summary "
    shown = typed(
        CONF.parent,
        (f'eval "$({sys.executable} run.py -sc install=bash)"; echo rea""dy\n', "ready"),
        (f"{sys.executable} run.py model=resnet18 model.body.stage3.str\t", "stage3.stride="),
        ("2 model.body.stage4.nor\t", "stage4.norm="),
        ("gro\t", "norm=group "),
        ("task=sum\t", "task=summary "),
    )
    assert words in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    done = subprocess.run([sys.executable, RUN, "-sc", f"install={shell}"], capture_output=True, text=True)
    assert done.returncode == 0
    assert f"query={shell}" in done.stdout
