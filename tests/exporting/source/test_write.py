"""A printed network imports torch alone, and is the network: names, first weights and outputs, to the bit."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from examples import examples
from hypothesis import given, settings
from plugin_modules import modules
from sample_networks import EVERY, FEW, HEAD, model, models, network, zoo
from torch import nn

from benchmarks.counts import header
from cnnlab.errors import UserError
from cnnlab.exporting.source.write import class_name, source_of
from cnnlab.network.build import Net, blank, build
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network
from cnnlab.network.spec import RESERVED
from cnnlab.plugins import load_plugins
from cnnlab.settings import Shape

ALLOWED = {"__future__", "collections", "collections.abc", "functools", "hashlib", "math", "typing"} | {
    "torch",
    "torch.nn",
}
SMALL = 6_000_000
"""parameters up to which a network is run"""


def printed(raw: dict[str, Any], shape: Shape, classes: int = 10, name: str = "printed") -> str:
    return source_of(raw, network(raw, classes), shape, name)


def loaded(source: str) -> Any:
    """The network's class: the last that the file defines."""
    space: dict[str, Any] = {"__name__": "printed"}
    exec(compile(source, "printed.py", "exec"), space)
    return [value for value in space.values() if getattr(value, "__module__", "") == "printed" and is_module(value)][-1]


def is_module(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, nn.Module)


def imports(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return names | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def without_aux(net: Net) -> Net:
    net.aux = None
    return net.eval()


@pytest.mark.parametrize("name", EVERY)
def test_every_network_of_the_zoo_has_the_same_names_and_shapes(name: str) -> None:
    raw, said = zoo(name), header(name)
    source = printed(raw, said.shape, said.classes, name)
    assert imports(source) <= ALLOWED
    with torch.device("meta"):
        mine = loaded(source)().state_dict()
    own = without_aux(blank(network(raw, said.classes), said.shape)).state_dict()
    assert {key: value.shape for key, value in mine.items()} == {key: value.shape for key, value in own.items()}


@pytest.mark.parametrize("name", EVERY)
def test_small_networks_of_the_zoo_start_and_compute_the_same(name: str) -> None:
    raw, said = zoo(name), header(name)
    made = network(raw, said.classes)
    paper = graph(made, said.shape)
    if paper.params > SMALL or paper.macs > 1e9:
        pytest.skip(f"{paper.params:,} parameters and {paper.macs:,} MACs are more than a test should run")
    own, mine = without_aux(build(made, said.shape, seed=3)), loaded(printed(raw, said.shape, said.classes))(seed=3)
    assert_same_state(own, mine)
    x = torch.randn(2, *said.shape)
    with torch.no_grad():
        assert torch.equal(own(x), mine.eval()(x))


def assert_same_state(own: nn.Module, mine: nn.Module) -> None:
    ours, theirs = own.state_dict(), mine.state_dict()
    assert list(ours) == list(theirs)
    assert [key for key in ours if not torch.equal(ours[key], theirs[key])] == []


@settings(max_examples=examples(100), deadline=None)
@given(raw=models())
def test_random_networks_start_and_compute_the_same_or_close_to_it(raw: dict[str, Any]) -> None:
    made, faults = read_network(raw, 10)
    shape = (3, 20, 20)
    if made is None or faults or (paper := graph(made, shape)).faults or paper.params > 2_000_000:
        return
    own, mine = without_aux(build(made, shape, seed=1)), loaded(printed(raw, shape))(seed=1).eval()
    assert_same_state(own, mine)
    x = torch.randn(2, *shape)
    with torch.no_grad():
        ours, theirs = own(x), mine(x)
    # on small maps our convolutions leave out the padding that they would multiply by
    assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5 * float(ours.abs().max()), equal_nan=True)


@settings(max_examples=examples(30), deadline=None)
@given(raw=models())
def test_random_networks_draw_the_same_in_training(raw: dict[str, Any]) -> None:
    made, faults = read_network(raw, 10)
    shape = (3, 20, 20)
    if made is None or faults or (paper := graph(made, shape)).faults or paper.params > 500_000:
        return
    own, mine = without_aux(build(made, shape)).train(), loaded(printed(raw, shape))().train()
    x, outs = torch.randn(4, *shape), []
    for net in (own, mine):
        torch.manual_seed(5)
        with torch.no_grad():
            outs.append(net(x))
    assert torch.allclose(*outs, rtol=1e-2, atol=1e-3 * float(outs[0].abs().max()), equal_nan=True)


@pytest.mark.parametrize("name", ["resnet18", "nin", "googlenet", "densenet121", "paper/lenet5"])
def test_classes_and_channels_are_arguments(name: str) -> None:
    raw, said = zoo(name), header(name)
    other = (said.shape[0] + 2, *said.shape[1:])
    with torch.device("meta"):
        mine = loaded(printed(raw, said.shape, said.classes))(classes=7, channels=other[0]).state_dict()
    own = without_aux(blank(network(raw, 7), other)).state_dict()
    assert {key: value.shape for key, value in mine.items()} == {key: value.shape for key, value in own.items()}


def test_files_are_formatted(tmp_path: Path) -> None:
    for name in FEW:
        said = header(name)
        (tmp_path / f"{name.replace('/', '_')}.py").write_text(printed(zoo(name), said.shape, said.classes, name))
    ruff = [sys.executable, "-m", "ruff"]
    form = [*ruff, "format", "--isolated", "--line-length", "100", "--diff", tmp_path]
    run = subprocess.run(form, capture_output=True)
    assert run.returncode == 0, run.stdout.decode()
    run = subprocess.run([*ruff, "check", "--isolated", "--select", "E9,F", tmp_path], capture_output=True)
    assert run.returncode == 0, run.stdout.decode()


def test_a_file_runs_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "lenet.py"
    file.write_text(printed(zoo("lenet"), (1, 28, 28), name="lenet"))
    run = subprocess.run([sys.executable, "-I", file], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.splitlines() == ["61,706 parameters", "(2, 10)"]


def test_a_kind_is_one_class_whose_arguments_are_its_settings() -> None:
    source = printed(zoo("resnet18"), (3, 224, 224), 1000, "resnet18")
    assert "class Residual(nn.Module):" in source
    assert "class Residual2" not in source
    assert "def __init__(self, channels_in: int, channels: int, stride: int = 1):" in source
    assert "stage1=nn.Sequential(*(Residual(64, 64) for _ in range(2)))," in source
    assert "if stride == 1 and channels_in == channels" in source
    inception = printed(zoo("googlenet"), (3, 224, 224), 1000)
    assert "Inception(192, b1=64, b3=(96, 128), b5=(16, 32), pool=32)" in inception
    dense = printed(zoo("densenet121"), (3, 224, 224), 1000)
    assert "*(DenseBlock(64 + 32 * i, growth=32) for i in range(6))" in dense


def test_names_that_python_reserves_stay_the_names_of_weights() -> None:
    conv = {"block": "conv", "channels": 4}
    raw = model(
        {
            "class": conv,
            "x": {**conv, "norm": "batch"},
            "torch": {"block": "parallel", "branches": {"import": conv, "nn": conv}},
            "join": {**conv, "from": ["class", "torch", "input"]},
            "self": conv,
        }
    )
    own, mine = without_aux(build(network(raw), (3, 12, 12))), loaded(printed(raw, (3, 12, 12)))()
    assert_same_state(own, mine)
    x = torch.randn(2, 3, 12, 12)
    assert torch.equal(own(x), mine.eval()(x))


def test_slices_of_channels_have_a_start_that_is_no_note() -> None:
    conv = {"block": "conv", "channels": 4}
    raw = model({"a": conv, "s": {"block": "split", "part": 1}})
    own, mine = without_aux(build(network(raw), (3, 12, 12))), loaded(printed(raw, (3, 12, 12)))()
    assert_same_state(own, mine)
    x = torch.randn(2, 3, 12, 12)
    assert torch.equal(own(x), mine.eval()(x))


def test_a_name_that_a_block_has_is_not_the_networks() -> None:
    raw = model({"a": {"block": "residual", "channels": 4}}, HEAD)
    assert class_name("residual", ["Residual"]) == "ResidualNetwork"
    assert loaded(printed(raw, (3, 12, 12), name="residual")).__name__ == "ResidualNetwork"


OWN_BLOCK = """
from typing import Literal

from torch import nn

from cnnlab import Block


class Halve(Block):
    block: Literal["halve"] = "halve"

    def build(self, shape):
        return nn.AvgPool2d(2)
"""


def test_blocks_of_plugins_are_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    halved = {"block": "sequential", "body": {"h": {"block": "halve"}}}
    with modules(tmp_path) as write:
        write("halving", OWN_BLOCK)
        assert not load_plugins(["halving"], RESERVED)
        with pytest.raises(UserError) as caught:
            printed(model({"a": {"block": "conv", "channels": 4}, "b": halved}), (3, 12, 12))
    assert [str(fault) for fault in caught.value.faults] == [
        "model.body.b.body.h: halve is written in Python already, in halving, and cannot be printed as plain PyTorch; "
        "the formats onnx and pt2 hold what it computes"
    ]


def test_the_page_shows_the_source_as_it_is_printed() -> None:
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")
    source = printed(zoo("resnet18"), (3, 224, 224), 1000, "resnet18")
    shown = source[source.index("class Residual") : source.index("# -- how")].rstrip()
    assert shown in page
    assert f"is {len(source.splitlines())} lines" in page
