"""`cnnlab.build`: the command line's networks as modules, all faults as one exception, the caller's Hydra as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_run import CONF

import cnnlab
from cnnlab import UserError
from cnnlab.config.engine import start
from cnnlab.library.networks import BuiltNet

TINY = {
    "body": {"c1": {"block": "conv", "channels": 4}, "p1": {"block": "max_pool"}},
    "head": {"pool": {"block": "global_avg_pool"}, "out": {"block": "linear", "features": "classes"}},
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_name_with_settings_as_keywords_and_as_text() -> None:
    net = cnnlab.build("resnet18", "body.stage4=null", classes=10, shape=(3, 32, 32), norm="none", width=0.25)
    assert isinstance(net, BuiltNet)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 10)
    assert net.summary().record["params"] == sum(weight.numel() for weight in net.parameters())


def test_a_mapping_and_a_file_are_the_same_network_with_the_same_start(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "body:\n  c1: {block: conv, channels: 4}\n  p1: {block: max_pool}\n"
        "head:\n  pool: {block: global_avg_pool}\n  out: {block: linear, features: classes}\n"
    )
    nets = [cnnlab.build(model, classes=3, shape=(1, 8, 8), seed=5) for model in (TINY, tmp_path / "mine.yaml")]
    first, second = (net.state_dict() for net in nets)
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_features_are_the_outputs_of_blocks_by_name() -> None:
    net = cnnlab.build(TINY, classes=3, shape=(1, 8, 8)).eval()
    images = torch.rand(2, 1, 8, 8)
    features = net.features(images)
    assert {name: tuple(value.shape) for name, value in features.items()} == {"c1": (2, 4, 8, 8), "p1": (2, 4, 4, 4)}
    assert list(net.features(images, "p1")) == ["p1"]
    assert torch.equal(net.head(features["p1"]), net(images))
    with pytest.raises(UserError, match="there is no block 'p2'; there are c1, p1"):
        net.features(images, "p2")


def test_all_faults_come_at_once_with_their_paths_and_no_command_line() -> None:
    with pytest.raises(UserError) as error:
        cnnlab.build("lenet", "nrom=none", classes=10, shape=(1, 28, 28), act="rleu")
    assert sorted(fault.path for fault in error.value.faults) == ["model.act", "model.nrom"]
    assert "command line" not in str(error.value)


def test_a_fault_in_a_file_has_the_files_own_name_and_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("body:\n  c1: {block: conv, chanels: 4}\nhead:\n  out: {block: linear, features: classes}\n")
    with pytest.raises(UserError) as error:
        cnnlab.build(str(file), classes=3, shape=(1, 8, 8))
    assert str(error.value).startswith(f"{file}:2:21  model.body.c1.chanels: ")


@pytest.mark.parametrize(
    ("model", "classes", "shape", "said"),
    [
        ("resnet19", 10, (3, 32, 32), "did you mean 'resnet18'"),
        ("lenet", 10, (1, 8, 8), r"resize yours: shape=\(1, 12, 12\)"),
        ("lenet", 0, (1, 28), "should be"),
        ("nowhere.yaml", 2, (1, 8, 8), "nowhere.yaml cannot be read: no such file or directory"),
        ({"body": {}}, 2, (1, 8, 8), "model.head"),
    ],
)
def test_what_cannot_be_built_is_one_exception(model: object, classes: int, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(UserError, match=said):
        cnnlab.build(model, classes=classes, shape=shape)  # type: ignore[arg-type]


def test_the_callers_hydra_and_resolvers_are_as_before() -> None:
    from hydra import compose, initialize_config_dir
    from hydra._internal.sources_registry import SourcesRegistry
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf
    from omegaconf.basecontainer import BaseContainer

    GlobalHydra.instance().clear()
    Path("own").mkdir()
    Path("own/mine.yaml").write_text("a: ${oc.env:CNNLAB_TRIED,3}\n")
    OmegaConf.register_new_resolver("oc.env", lambda *_: "mine", replace=True)
    with initialize_config_dir(str(Path("own").resolve()), version_base="1.3"):
        before = dict(SourcesRegistry.instance().types), dict(BaseContainer._resolvers)
        cnnlab.build(TINY, classes=3, shape=(1, 8, 8))
        assert (dict(SourcesRegistry.instance().types), dict(BaseContainer._resolvers)) == before
        assert compose("mine").a == "mine"
    OmegaConf.clear_resolvers()


@pytest.mark.slow
def test_blocks_of_the_script_that_runs_are_known_and_may_be_defined_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import cnnlab, torch\n"
        "def define(factor):\n"
        "    class Scale(cnnlab.Block):\n"
        "        block: str = 'times'\n"
        "        def build(self, shape):\n"
        "            module = torch.nn.Identity()\n"
        "            module.register_forward_hook(lambda m, x, y: y * factor)\n"
        "            return module\n"
        "    return Scale\n"
        "model = {'body': {'a': {'block': 'times'}}, 'head': {'p': {'block': 'flatten'}}}\n"
        "for factor in (2, 3):\n"
        "    Scale = define(factor)\n"
        "    net = cnnlab.build(model, classes=4, shape=(1, 2, 2))\n"
        "    print(net(torch.ones(1, 1, 2, 2)).tolist())\n"
    )
    command = [sys.executable, str(script)]
    environment = {"PYTHONPATH": str(CONF.parent), "PATH": "", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.stdout.splitlines() == ["[[2.0, 2.0, 2.0, 2.0]]", "[[3.0, 3.0, 3.0, 3.0]]"], ended.stderr


@pytest.mark.slow
def test_importing_the_package_imports_no_torch_and_build_no_lightning() -> None:
    code = (
        "import sys, cnnlab\n"
        "heavy = {'torch', 'hydra', 'pydantic', 'pytorch_lightning', 'wandb', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "cnnlab.build('lenet', classes=10, shape=(1, 28, 28))\n"
        "assert not {'pytorch_lightning', 'wandb', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(CONF.parent), "PATH": ""})


def test_every_public_name_is_there() -> None:
    assert all(getattr(cnnlab, name) is not None for name in cnnlab.__all__)
    with pytest.raises(AttributeError, match="cnnlab has no 'biuld'"):
        _ = cnnlab.biuld  # type: ignore[attr-defined]


def test_starting_an_engine_of_the_command_line_still_works() -> None:
    cnnlab.build(TINY, classes=3, shape=(1, 8, 8))
    assert start(CONF).folders == [CONF.resolve()]
