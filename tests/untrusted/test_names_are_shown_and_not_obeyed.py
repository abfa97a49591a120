"""Names of classes, files and runs that a terminal, a page, a spreadsheet or a picture could take for more."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_run import SMALL

NAMES = (
    "\x1b[31mred\x1b[0m",
    "[bold]b[/c]",
    "<script>alert(1)</script>",
    "=1+2\nnew line",
    "$\\frac{x",
    "\u202egnp.exe",
)


def photos(folder: Path, names: tuple[str, ...]) -> Path:
    dice = np.random.default_rng(0)
    for name in names:
        place = folder / name.replace("/", "∕")
        place.mkdir(parents=True)
        for number in range(6):
            Image.fromarray(dice.integers(0, 255, (8, 8), dtype=np.uint8)).save(place / f"{number}.png")
    return folder


def strange(text: str) -> set[str]:
    return {c for c in text if not c.isprintable() and c != "\n"}


@pytest.fixture
def trained(cnnlab: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> Path:
    """A run on classes of such names, in a folder of such a name, and nothing strange on the way."""
    photos(Path("photos"), NAMES)
    data = ["data=folder", "data.dir=photos", "data.shape=[1,28,28]"]
    words = ["model=lenet", "trainer.max_epochs=1", "trainer.precision=32", "threads=1"]
    assert cnnlab(*words, *data, "name=\x1b[31mrun", "hydra.run.dir=out/[red]run") == 0
    out, err = capfd.readouterr()
    assert strange(out + err) == set()
    assert "[red]run" in out
    return Path("out/[red]run")


def test_a_run_on_such_classes_is_shown_as_it_is(
    trained: Path, cnnlab: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert (trained / "overview.png").exists()
    shutil.copy(next(Path("photos").rglob("*.png")), "\x1b[2J[x].png")
    assert cnnlab("task=predict", f"ckpt_path={trained}", "images=.", "hydra.run.dir=p") == 0
    out, err = capfd.readouterr()
    assert strange(out + err) == set()
    assert "?[31mred" in out or "[bold]b[∕c]" in out or "<script>" in out or "=1+2" in out or "$" in out
    cells = [cell for row in csv.reader(Path("p/predictions.csv").read_text().splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert cnnlab("task=predict", f"ckpt_path={trained}", "images=.", "format=json", "hydra.run.dir=p") == 0
    out = capfd.readouterr().out
    assert strange(out) == set()
    assert len(json.loads(out)[0]["probabilities"]) == len(NAMES)


@pytest.mark.slow
def test_a_strangers_sweep_becomes_a_page_without_anything_that_acts(
    cnnlab: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", *SMALL, "data.subset=100", "trainer.max_epochs=1", "seed=0,1", "optimizer.lr=0.01,0.02"]
    assert cnnlab(*words, "hydra.sweep.dir=sweep") == 0
    sheet = json.loads(Path("sweep/sweep.json").read_text())
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m[bold]=1'
    sheet["keys"]["optimizer.lr"] = [evil, "0.02"]
    for job in sheet["jobs"]:
        job["overrides"]["optimizer.lr"] = evil if job["overrides"]["optimizer.lr"] == "0.01" else "0.02"
        result = Path("sweep", job["folder"], "result.json")
        result.write_text(json.dumps({**json.loads(result.read_text()), "error": evil, "device": evil, evil: 1.0}))
    Path("sweep/sweep.json").write_text(json.dumps(sheet))
    capfd.readouterr()
    assert cnnlab("task=report", "dir=sweep") == 0
    out, err = capfd.readouterr()
    assert strange(out + err) == set()
    assert "<script>alert(1)" in out  # a word like any other there
    page = Path("sweep/report.html").read_text()
    assert "<script>alert" not in page
    assert not re.search(r"<img[^>]*onerror", page)
    assert strange(page) == set()
    assert "default-src &#x27;none&#x27;" in page
    assert not [
        cell for row in csv.reader(Path("sweep/runs.csv").read_text().splitlines()) for cell in row if cell[:1] == "="
    ]


@pytest.mark.slow
def test_a_damaged_configuration_in_a_sweep_is_named(cnnlab: Callable[..., int]) -> None:
    words = ["-m", *SMALL, "data.subset=100", "trainer.max_epochs=1", "seed=0,1", "optimizer.lr=0.01,0.02"]
    assert cnnlab(*words, "hydra.sweep.dir=sweep") == 0
    Path("sweep/lr=0.01-s0/config.yaml").write_text("a: [&x 1, *x")
    assert cnnlab("task=report", "dir=sweep") == 0
    found = json.loads(Path("sweep/comparison.json").read_text())
    said = "whether the terms were equal cannot be told without lr=0.01-s0/config.yaml"
    assert found["contrasts"][0]["reason"] == said
    assert any("config.yaml cannot be read" in problem for problem in found["problems"])
