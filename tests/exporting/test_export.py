"""Every written file is run and compared; what differs is deleted; what cannot be written is one message."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from sample_networks import FEW, network, zoo
from tiny_run import CONF, SMALL

import cnnlab as package
from benchmarks.counts import header
from cnnlab.cli.tasks.export import FORMATS as NAMES
from cnnlab.errors import Exit, UserError
from cnnlab.experiment.restore import restore
from cnnlab.exporting.export import FORMATS, export
from cnnlab.exporting.exportable import Exportable, of_network, of_run
from cnnlab.exporting.hub import without_paths
from cnnlab.exporting.weights import safetensors
from cnnlab.network.build import build
from cnnlab.untrusted.safetensors import read_header

needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in FORMATS["onnx"].packages), reason="the extra onnx is not installed"
)
EACH = [pytest.param(name, marks=[needs_onnx, pytest.mark.slow] if name == "onnx" else []) for name in NAMES]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ResNet's folder: torchvision has names for it."""
    from cnnlab.cli.main import main

    folder = tmp_path_factory.mktemp("runs") / "run"
    words = [*SMALL, "model=resnet18", "model.width=0.125", "trainer.max_epochs=1", "data.subset=100"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnlab.experiment.train.draw", lambda *_: None)
        assert main(CONF, [*words, f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def leaving(run: Path) -> Exportable:
    made = of_run(restore(run))
    return replace(made, images=made.images[:40], labels=None if made.labels is None else made.labels[:40])


def test_the_command_line_offers_the_formats_that_there_are() -> None:
    assert set(NAMES) == set(FORMATS)


@pytest.mark.parametrize("name", EACH)
def test_what_is_written_computes_what_the_network_does(name: str, leaving: Exportable, tmp_path: Path) -> None:
    exported = export(leaving, FORMATS[name], tmp_path)
    assert all(file.is_file() for file in exported.files)
    assert exported.agreement.difference <= FORMATS[name].tolerance
    assert exported.agreement.same == exported.agreement.images == 40
    assert exported.agreement.right == exported.agreement.right_before


@pytest.mark.parametrize("name", EACH)
def test_what_computes_otherwise_is_deleted(
    name: str, leaving: Exportable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    format = FORMATS[name]
    runner = format.runner(leaving, format.write(leaving, tmp_path))
    monkeypatch.setattr(format, "runner", lambda *_: lambda images: runner(images) + torch.eye(10)[0])
    with pytest.raises(UserError, match=f"what was written as {name} does not compute what the network does") as caught:
        export(leaving, format, tmp_path)
    assert caught.value.code == Exit.BUG
    assert list(tmp_path.iterdir()) == []


def test_a_program_takes_images_of_any_size_and_number_and_describes_itself(
    leaving: Exportable, tmp_path: Path
) -> None:
    (file,) = export(leaving, FORMATS["pt2"], tmp_path).files
    described = {"cnnlab.json": ""}
    module = torch.export.load(file, extra_files=described).module()
    for shape in ((1, 1, 28, 28), (3, 1, 20, 90), (2, 1, 60, 30)):
        images = torch.randint(0, 256, shape, dtype=torch.uint8)
        assert torch.allclose(module(images), leaving.expected(images), atol=1e-4)
    facts = json.loads(described["cnnlab.json"])
    assert json.loads(facts["classes"])[0] == "T-shirt/top"
    assert facts["identity"] == leaving.identity != ""


@needs_onnx
@pytest.mark.slow
def test_an_onnx_file_takes_images_of_any_size_and_describes_itself(leaving: Exportable, tmp_path: Path) -> None:
    import onnxruntime  # pyright: ignore[reportMissingImports]

    (file,) = export(leaving, FORMATS["onnx"], tmp_path).files
    session = onnxruntime.InferenceSession(str(file))
    images = torch.randint(0, 256, (3, 1, 20, 90), dtype=torch.uint8)
    logits = torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])
    assert torch.allclose(logits, leaving.expected(images), atol=1e-4)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["classes"])[0] == "T-shirt/top"
    assert facts["identity"] == leaving.identity


def test_onnx_without_its_packages_is_one_message(
    leaving: Exportable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.exporting.format.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"onnx needs 3 packages more \(onnx, onnxscript, onnxruntime\): pip install"):
        export(leaving, FORMATS["onnx"], tmp_path)


def test_a_network_that_torchvision_lacks_is_told(tmp_path: Path) -> None:
    made = network(zoo("lenet"))
    lenet = of_network(build(made, (1, 28, 28)), "lenet", made, zoo("lenet"), (1, 28, 28))
    with pytest.raises(UserError, match=r"torchvision's names do not cover body\.c1\.0\.conv"):
        export(lenet, FORMATS["torchvision"], tmp_path)


def test_the_source_of_a_trained_network_loads_its_weights_as_its_head_says(
    leaving: Exportable, tmp_path: Path
) -> None:
    source, weights = export(replace(leaving, name="mine"), FORMATS["python"], tmp_path).files
    head = source.read_text(encoding="utf-8").split('"""')[1]
    assert "    net = Mine()\n    net.load_state_dict(load_file('mine.safetensors'))" in head
    assert weights.name == "mine.safetensors"


def test_words_of_a_stranger_stay_words_in_the_source(leaving: Exportable, tmp_path: Path) -> None:
    classes = ('"""\nraise SystemExit', "\\", *leaving.classes[2:])
    export(replace(leaving, classes=classes, name='x"""; raise SystemExit #'), FORMATS["python"], tmp_path)


@pytest.mark.parametrize("name", ["d2l/lenet", "cifar/resnet20", pytest.param("squeezenet1_1", marks=pytest.mark.slow)])
def test_networks_that_no_run_has_trained_leave_too(name: str, tmp_path: Path) -> None:
    said, made = header(name), network(zoo(name), header(name).classes)
    bare = of_network(build(made, said.shape), name, made, zoo(name), said.shape)
    for format in ("pt2", "python", "safetensors"):
        assert export(bare, FORMATS[format], tmp_path).agreement.difference <= FORMATS[format].tolerance


@pytest.mark.parametrize("name", [name for name in FEW if header(name).shape[1] <= 96])
def test_torch_fx_traces_every_network(name: str) -> None:
    said, made = header(name), network(zoo(name), header(name).classes)
    net = build(made, said.shape).eval()
    net.aux = None
    traced, x = torch.fx.symbolic_trace(net), torch.randn(1, *said.shape)
    with torch.no_grad():
        assert torch.allclose(traced(x), net(x), rtol=1e-4, atol=1e-5)


# -- Hugging Face's form


@pytest.fixture
def hub(leaving: Exportable, tmp_path: Path) -> Path:
    export(leaving, FORMATS["hub"], tmp_path / "hub")
    return tmp_path / "hub"


def test_a_hub_folder_is_loaded_like_a_run(hub: Path, leaving: Exportable) -> None:
    predictor = package.load(hub)
    assert predictor.classes == leaving.classes
    assert torch.equal(predictor(leaving.images), leaving.expected(leaving.images))


def test_a_card_has_the_runs_own_figures_and_says_how_far_they_go(hub: Path, leaving: Exportable) -> None:
    card = (hub / "README.md").read_text(encoding="utf-8")
    assert f"Test accuracy: {leaving.result['test/acc']:.4f} (" in card
    assert "the 95 % interval for 2,000 test images" in card
    assert "one run with one seed (0)" in card


def test_a_folder_with_other_weights_than_its_settings_say_is_refused(hub: Path) -> None:
    (hub / "model.safetensors").write_bytes(safetensors({"body.stem.0.conv.weight": torch.zeros(2)}, {}))
    with pytest.raises(UserError, match="are not this network's"):
        package.load(hub)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"record": None}, "describes no network of cnnlab's"),
        ({"model_type": "bert"}, "describes no network of cnnlab's"),
        ({"record": {}}, "holds no usable record"),
    ],
)
def test_a_strangers_settings_are_checked(hub: Path, change: dict[str, Any], message: str) -> None:
    config = json.loads((hub / "config.json").read_text())
    (hub / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(UserError, match=message):
        package.load(hub)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[1]"])
def test_settings_that_are_none_are_a_sentence(hub: Path, text: str) -> None:
    (hub / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"config\.json"):
        package.load(hub)


def test_a_hub_folder_does_not_tell_where_things_lay_on_its_makers_machine() -> None:
    config = {"seed": 0, "data": {"dir": "/home/me/secret/cats", "size": 3}, "weights": "/home/me/w.pt"}
    assert without_paths(config) == {"seed": 0, "data": {"dir": "cats", "size": 3}, "weights": None}


# -- from the command line and from Python


def test_the_task_says_what_it_compared_and_where_the_files_are(
    run: Path, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=export", f"ckpt_path={run}", "format=safetensors", "hydra.run.dir=out") == Exit.DONE
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("compared on 256 test images: largest difference 0.0e+00, 256 in the same class, accuracy")
    assert out[1] == "  out/model.safetensors"
    assert read_header(Path("out/model.safetensors"))


def test_a_network_alone_becomes_source(cnnlab: Callable[..., int]) -> None:
    assert cnnlab("task=export", "model=d2l/lenet", "format=python", "hydra.run.dir=out") == Exit.DONE
    assert "class LeNet(nn.Module):" in Path("out/lenet.py").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "format: task=export writes onnx, pt2, safetensors, python, torchvision, hub; say which: format=onnx"),
        (("format=hub",), "ckpt_path: format=hub needs a trained network: ckpt_path=outputs/…"),
        (("format=onxx",), "format: should be"),
        (("format=html",), "format: html is for task=draw, task=diff and task=data, not for task=export"),
    ],
)
def test_a_format_that_cannot_be_is_told(
    words: tuple[str, ...], message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=export", *words) == Exit.USER
    assert message in capsys.readouterr().err


def test_formats_of_networks_are_for_export_alone(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=summary", "format=onnx") == Exit.USER
    assert "format: onnx is for task=export, not for task=summary" in capsys.readouterr().err


def test_python_exports_by_the_name_of_the_file(run: Path, tmp_path: Path) -> None:
    exported = package.export(run, tmp_path / "mine.safetensors")
    assert exported.files == (tmp_path / "mine.safetensors",)
    net = package.build("cifar/resnet20", classes=10, shape=(3, 32, 32))
    assert package.export(net, tmp_path / "net.py").files == (tmp_path / "net.py",)
