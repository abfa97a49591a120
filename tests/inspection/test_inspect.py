"""task=inspect: what a page about a trained network says is what the network does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from stderr_lines import stderr_lines
from tiny_run import CONF, SMALL

import cnnlab as package
from cnnlab.inspection import look


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cnnlab.cli.main import main

    folder = tmp_path_factory.mktemp("runs") / "<run> & more"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnlab.experiment.train.draw", lambda *_: None)
        assert main(CONF, [*SMALL, "metrics=shift", f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def seen(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    from cnnlab.cli.main import main

    folder = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look, "GRID", 50)
        assert main(CONF, ["task=inspect", f"ckpt_path={run}", "threads=1", f"hydra.run.dir={folder}"]) == 0
    return folder / "inspect.html", json.loads((folder / "inspect.json").read_text())


def test_the_page_stands_alone_and_is_small(seen: tuple[Path, dict]) -> None:
    text = seen[0].read_text()
    assert len(text.encode()) < 2_000_000
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert "&lt;run&gt; &amp; more" in text
    for name in ("filters", "maps", "blocks", "calibration", "shifts"):
        assert f'<section id="{name}"' in text
    for block in ("body.c1", "body.s4", "head.f6", "head.out"):
        assert block in text


def test_its_numbers_are_those_of_the_run(run: Path, seen: tuple[Path, dict]) -> None:
    result, numbers = json.loads((run / "result.json").read_text()), seen[1]
    assert numbers["model"] == "lenet on fashion_mini"
    assert numbers["calibration"]["accuracy"] == pytest.approx(result["test/acc"])
    assert numbers["calibration"]["nll"] == pytest.approx(result["test/loss"], rel=1e-4)
    for pixels in (1, 2, 3):
        for what in ("acc", "agree"):
            assert numbers["shift"][f"shift/{what}_{pixels}"] == pytest.approx(result[f"shift/{what}_{pixels}"])
    assert sum(one["count"] for one in numbers["calibration"]["bins"]) == 2000
    assert numbers["calibration_with_temperature"]["nll"] <= numbers["calibration"]["nll"] + 0.02


def test_the_images_picked_are_right_and_wrong_ones(seen: tuple[Path, dict]) -> None:
    said = [
        (one["truth"] == max(one["probabilities"], key=one["probabilities"].get), max(one["probabilities"].values()))
        for one in seen[1]["images"]
    ]
    assert [right for right, _ in said] == [True, True, False, False]
    assert said[0][1] > said[1][1]
    for one in seen[1]["images"]:
        assert one["shifted"][3][3] == max(one["probabilities"], key=one["probabilities"].get)


def test_given_images_are_shown_with_their_answers(
    run: Path,
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(look, "GRID", 50)
    monkeypatch.setattr(look, "MOVED", 50)
    for i in range(9):
        Image.new("L", (40, 40), 20 * i).save(tmp_path / f"{i}.png")
    words = ["task=inspect", f"ckpt_path={run}", "images=*.png", "format=json", "hydra.run.dir=out", "threads=1"]
    assert cnnlab(*words) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert [one["image"] for one in numbers["images"]] == [f"{i}.png" for i in range(8)]
    network = package.load(run)
    probabilities = network.predict(["3.png"])[0]
    assert list(numbers["images"][3]["probabilities"].values()) == pytest.approx(probabilities.tolist(), abs=2e-3)
    assert "1 more were given" in Path("out/inspect.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "ckpt_path: task=inspect needs a run's folder or a checkpoint: ckpt_path=outputs/…"),
        (["ckpt_path=nowhere"], "command line  ckpt_path: there is no nowhere"),
    ],
)
def test_without_a_trained_network_it_says_what_it_needs(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cnnlab("task=inspect", *words) == 2
    assert any(line.endswith(said) for line in stderr_lines(capsys))
