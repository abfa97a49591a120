"""What is left over from a kind of block that was changed later: gone if it was said before, a fault if after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.global_hydra import GlobalHydra
from stderr_lines import stderr_lines
from tiny_run import CONF

from cnnlab.config.compose import compose
from cnnlab.config.engine import HydraEngine, start


@pytest.fixture
def hydra() -> Iterator[HydraEngine]:
    yield start(CONF)
    GlobalHydra.instance().clear()


def block(hydra: HydraEngine, path: str, *overrides: str) -> dict[str, Any]:
    composed = compose(hydra.config_loader, "config", list(overrides))
    assert not composed.faults
    for config in (composed.config, composed.frozen):
        found: Any = config["model"]
        for name in path.split("."):
            found = found[name]
    return found


def test_settings_of_the_old_kind_vanish(hydra: HydraEngine) -> None:
    said = block(hydra, "body.c3", "model=lenet", "model.body.c3.block=max_pool")
    assert said == {"block": "max_pool", "kernel_size": 5, "padding": "valid"}


def test_what_both_kinds_take_stays(hydra: HydraEngine) -> None:
    said = block(hydra, "body.stage2", "model=resnet18", "model.body.stage2.block=bottleneck")
    assert said == {"block": "bottleneck", "channels": 128, "repeat": 2, "stride": 2}


def test_a_kind_written_again_is_no_change(hydra: HydraEngine) -> None:
    said = block(hydra, "body.c1", "model=lenet", "model.body.c1.block=conv")
    assert said == {"block": "conv", "channels": 6, "kernel_size": 5}


def test_what_stands_within_a_combinator_vanishes_with_it(hydra: HydraEngine) -> None:
    said = block(hydra, "blocks.fire", "model=squeezenet1_0", "model.blocks.fire={block: conv, channels: 8}")
    assert said == {"block": "conv", "channels": 8, "params": {"squeeze": "required"}}


def test_settings_of_a_kind_that_is_gone_vanish(hydra: HydraEngine) -> None:
    overrides = [f"model.body.stage{i}.block=bottleneck" for i in range(1, 4)]
    assert block(hydra, "kinds", "model=cifar/resnet20", *overrides) == {}
    assert block(hydra, "kinds", "model=cifar/resnet20") == {"residual": {"shortcut": "pad"}}


def test_what_is_written_with_the_new_kind_or_after_it_is_a_fault(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    changed = ["model=resnet50", "model.body.stage3.block=residual", "model.body.stage3.ratio=2"]
    assert cnnlab(*changed) == 2
    assert stderr_lines(capsys) == [
        "command line  model.body.stage3.ratio: residual has no such setting; did you mean 'dilation'?"
    ]
    assert cnnlab("model=resnet18", "model.kinds.bottleneck.ratio=2") == 2
    assert stderr_lines(capsys) == ["command line  model.kinds.bottleneck: this network has no bottleneck block"]


def test_a_file_that_changes_kinds_is_read_as_it_is_written(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine" / "model" / "net.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("defaults: [resnet18, _self_]\nbody: {pool: {block: avg_pool}, stage1: {block: conv}}\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), "model=net", "task=summary") == 0
    capsys.readouterr()
    file.write_text("defaults: [resnet18, _self_]\nbody: {pool: {block: conv, channels: 3, ceil_mode: true}}\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), "model=net", "task=summary") == 2
    (said,) = stderr_lines(capsys)
    assert "model.body.pool.ceil_mode: conv has no such setting" in said
