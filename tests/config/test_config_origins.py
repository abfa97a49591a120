"""Where settings came from: files in the order in which they count, and the command line after them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hydra.core.global_hydra import GlobalHydra
from stderr_lines import named
from tiny_run import CONF

from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import HydraEngine, start


@pytest.fixture
def hydra() -> Iterator[HydraEngine]:
    yield start(CONF)
    GlobalHydra.instance().clear()


def composed(hydra: HydraEngine, *overrides: str) -> Composed:
    return compose(hydra.config_loader, "config", list(overrides))


@pytest.mark.parametrize(
    ("overrides", "key", "places"),
    [
        (
            "model=resnet34",
            "model.body.stage3.repeat",
            ["conf/model/resnet18.yaml[repeat]", "conf/model/resnet34.yaml[repeat]"],
        ),
        ("model=resnet34", "model.body.stage3.channels", ["conf/model/resnet18.yaml[channels]"]),
        (
            "model=resnet152",
            "model.body.stage3.repeat",
            [
                "conf/model/resnet18.yaml[repeat]",
                "conf/model/resnet34.yaml[repeat]",
                "conf/model/resnet152.yaml[repeat]",
            ],
        ),
        (
            "model=resnet50",
            "model.body.stage1.block",
            ["conf/model/resnet18.yaml[block]", "conf/model/resnet50.yaml[block]"],
        ),
        ("model=d2l/resnet18", "model.kinds.residual.shortcut_norm", ["conf/model/d2l/resnet18.yaml[shortcut_norm]"]),
        ("model=d2l/resnet18", "model.body.stem.channels", ["conf/model/resnet18.yaml[channels]"]),
        (
            "debug=smoke",
            "trainer.max_epochs",
            ["conf/trainer/default.yaml[max_epochs]", "conf/debug/smoke.yaml[max_epochs]"],
        ),
        ("debug=smoke trainer.max_epochs=3", "trainer.max_epochs", [..., ..., "command line"]),
        ("model.body.x={block:conv,channels:64}", "model.body.x.channels", ["command line"]),
        ("seed=1 seed=2", "seed", ["conf/config.yaml[seed]", "command line", "command line"]),
    ],
)
def test_every_place_that_set_a_key_is_known_in_order(
    hydra: HydraEngine, overrides: str, key: str, places: list
) -> None:
    found = [named(str(place)) for place in composed(hydra, *overrides.split()).origins.history[key]]
    assert len(found) == len(places)
    assert [place for place, said in zip(found, places, strict=True) if said not in (..., place)] == []


def test_what_nothing_set_is_placed_by_what_encloses_it(hydra: HydraEngine) -> None:
    origins = composed(hydra, "model=resnet34").origins
    assert named(str(origins.of("model.body.stage3.0.conv1.norm"))) == "conf/model/resnet34.yaml[stage3]"
    assert named(str(origins.of("model.nothing"))) == "conf/model/resnet34.yaml"
    assert origins.of("nothing") is None


def test_a_shipped_networks_settings_all_have_a_place(hydra: HydraEngine) -> None:
    for name in ("googlenet", "squeezenet1_1", "resnext50_32x4d", "d2l/vgg11_small", "cifar/preact_resnet164"):
        found = composed(hydra, f"model={name}")
        assert found.faults == []
        for key in _leaves(found.config["model"], "model"):
            assert named(found.origins.last()[key]).endswith(f"[{key.rpartition('.')[2]}]")


def _leaves(value: object, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}")
    else:
        yield key


def test_any_setting_of_any_block_needs_no_plus(hydra: HydraEngine) -> None:
    words = ["model.body.c1.norm=batch", "model.body.new={block: act}", "model.head_norm=batch", "optimizer.extra=1"]
    found = composed(hydra, *words)
    assert found.faults == []
    assert list(found.config["model"]["body"])[-1] == "new"
    assert found.config["model"]["body"]["c1"]["norm"] == "batch"


def test_the_environment_is_kept_out_of_what_is_saved(hydra: HydraEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_WHERE", "/data")
    found = composed(hydra, "data.dir='${oc.env:CNNLAB_WHERE}/x'")
    assert found.config["data"]["dir"] == "/data/x"
    assert found.frozen["data"]["dir"] == "${oc.env:CNNLAB_WHERE}/x"
    assert composed(hydra, "data.dir='${oc.env:CNNLAB_WHERE}/x'").config["data"]["dir"] == "/data/x"


def test_faults_do_not_hide_what_else_was_set(hydra: HydraEngine) -> None:
    found = composed(hydra, "optimizer=foo", "seed=7", "model.norm=${nope}", "hydra.rn=3")
    assert [fault.path for fault in found.faults] == ["optimizer", "hydra.rn", "model.norm"]
    assert found.config["seed"] == 7


@pytest.mark.parametrize(
    ("overrides", "key", "values"),
    [
        ("model=resnet34", "model.body.stage3.repeat", ["2", "6"]),
        ("optimizer.lr=0.2", "optimizer.lr", ["0.1", "0.2"]),
        ("model=googlenet", "model.norm", ["{kind: batch, eps: 0.001}"]),
        ("model.norm={kind:group,groups:8}", "model.norm", ["{kind: group, groups: 8}"]),
        ("model.norm={kind:group,groups:8}", "model.norm.groups", ["8"]),
        ("model.body.s2=null", "model.body.s2", ["{block: max_pool}", "null"]),
        ("model.body.c1.stride=[3,2] model.bias=true", "model.body.c1.stride", ["[3, 2]"]),
    ],
)
def test_what_each_place_says_is_kept(hydra: HydraEngine, overrides: str, key: str, values: list[str]) -> None:
    origins = composed(hydra, *overrides.split()).origins
    assert [place.value for place in origins.history[key]] == values
