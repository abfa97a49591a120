"""What docs/language.md and docs/extending.md show is what is there: networks build, modules are plugins."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from brought import modules
from nets import network
from small import SMALL, result

from cnnlab.network.build import build

PAGE = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
NETWORKS = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", NETWORKS, ids=range(len(NETWORKS)))
def test_every_network_builds_and_runs(text: str) -> None:
    net = build(network(yaml.safe_load(text)), (1, 28, 28))
    logits, sides = net.with_aux(torch.randn(2, 1, 28, 28))
    assert {tuple(out.shape) for out in (logits, *sides.values())} == {(2, 10)}
    assert bool(sides) == ("aux:" in text)


def test_the_plugin_is_one() -> None:
    (text,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(compile(text, "my_blocks.py", "exec"), names)
    layer = names["LayerScale"](start=0.5)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(layer.build((3, 4, 4))(x), x / 2)
    assert layer.shape((3, 4, 4)) == (3, 4, 4)


EXTENDING = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python run\.py (plugins=.+)$", EXTENDING, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=range(len(COMMANDS)))
def test_what_extending_shows_trains(cnnlab: Callable[..., int], tmp_path: Path, no_pictures: None, words: str) -> None:
    (text,) = re.findall(r"```python\n# my_training.py\n(.+?)```", EXTENDING, re.DOTALL)
    with modules(tmp_path) as write:
        write("my_training", text)
        where = "sweep" if " -m " in words else "run"
        small = [word for word in SMALL if "max_epochs" not in word]
        assert cnnlab(*small, "trainer.max_epochs=1", *words.split(), f"hydra.{where}.dir=out") == 0
    ends = [result(file.parent)["status"] for file in (tmp_path / "out").rglob("result.json")]
    assert ends == ["ok"] * (4 if where == "sweep" else 1)
