"""What docs/extending.md shows is what is there: one of every kind, in a module of a user's own, at work in one run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from plugin_modules import modules
from stderr_lines import stderr_lines
from tiny_run import result

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
MODULE = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)[0]
COMMANDS = [shlex.split(line) for line in re.findall(r"^python run\.py (.*)$", PAGE, re.MULTILINE)]
EVERYTHING, COUNT = COMMANDS[1:]
QUICK = ["trainer.max_epochs=2", "threads=1", "trainer.precision=32"]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with the page's module, and images as NumPy files in class folders."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for part, count in (("train", 30), ("test", 10)):
        for label in range(3):
            folder = tmp_path / "arrays" / part / f"bar{label}"
            folder.mkdir(parents=True)
            for number in range(count):
                image = rng.random((1, 12, 12)) * 0.3
                image[0, 4 * label : 4 * label + 4] += 0.7
                np.save(folder / f"{number:02d}.npy", image)
    with modules(tmp_path) as write:
        write("mine", MODULE)
        yield tmp_path


@pytest.mark.usefixtures("mine", "no_pictures")
def test_one_of_every_kind_is_at_work_in_one_run(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*EVERYTHING, *QUICK, "hydra.run.dir=run") == 0
    found = result(Path("run"))
    rows = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert found["test/images"] == 30  # the source's
    assert found["described"]["entropy"]["unit"] == "nats"
    assert all(row["weights/largest"] > 0 for row in rows)
    assert rows[-1]["lr"] < 0.001  # the schedule's, and the optimizer's own rate
    assert len(Path("run/notes.txt").read_text().splitlines()) == 2
    config = Path("run/config.yaml").read_text()
    for word in ("max_blur_pool", "arrays", "noise", "focal", "lion", "ramp", "entropy", "mine.Watch", "notebook"):
        assert word in config
    layers = json.loads(Path("run/network.json").read_text())["layers"]
    assert "max_blur_pool" in [layer["block"] for layer in layers]


@pytest.mark.usefixtures("mine")
def test_a_task_of_ones_own_runs(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab(*COUNT) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1].isdigit()


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("loss.gama=1", "loss.gama: focal has no such setting; did you mean 'gamma'?"),
        ("optimizer.kep=1", "optimizer.kep: lion has no such setting; did you mean 'keep'?"),
        ("scheduler=rampp", "there is no scheduler 'rampp'; did you mean 'ramp'?"),
        ("data.largst=1", "data.largst: data has no such setting; did you mean 'largest'?"),
        ("task=count_block", "did you mean 'count_blocks'?"),
        ("model.body.s2.kernal_size=3", "max_blur_pool has no such setting; did you mean 'kernel_size'?"),
    ],
)
def test_a_typo_in_them_is_told_as_in_shipped_ones(
    word: str, message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*EVERYTHING, *QUICK, word) == 2
    assert message in "\n".join(stderr_lines(capsys))


@pytest.mark.usefixtures("mine")
def test_their_settings_are_explained_with_their_docstrings(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for key, doc in (("optimizer.keep", "share of the running mean that is kept"), ("data.largest", "what white is")):
        assert cnnlab(*EVERYTHING, *QUICK, "task=explain", f"key={key}") == 0
        assert doc in capsys.readouterr().out


def test_the_table_names_every_kind_of_registry() -> None:
    bases = re.findall(r"^\| an? [a-z ]+ \| (?:Lightning's )?`(\w+)`", PAGE, re.MULTILINE)
    assert sorted(bases) == sorted(
        ["Block", "Source", "Augmentation", "Loss", "Optimizer", "Schedule", "Metric", "Callback", "Logger", "Task"]
    )
