"""What docs/language.md shows is what is there: its networks build, its module is a plugin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import yaml
from sample_networks import network

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
