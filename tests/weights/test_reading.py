"""Mirrors cnnlab/weights/reading.py: what may be in a file of weights, and what is refused."""

from __future__ import annotations

import argparse
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision_state import resnet18

from cnnlab.errors import UserError
from cnnlab.weights.reading import read_weights

OURS = {"body.c1.0.conv.weight": torch.ones(6, 1, 5, 5), "head.out.0.linear.bias": torch.zeros(10)}


def saved(folder: Path, content: Any, **how: Any) -> Path:
    torch.save(content, folder / "weights.pt", **how)
    return folder / "weights.pt"


def refusal(file: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_weights(file)
    (fault,) = caught.value.faults
    assert fault.path == "weights"
    assert str(file) in fault.message
    return fault.message.replace(str(file), "FILE")


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state, "optimizer": {"state": {}}},
        lambda state: {"model_state_dict": state, "epoch": 3},
        lambda state: {"net": {"state_dict": state}},
        lambda state: {f"backbone.{name}": tensor for name, tensor in state.items()},
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()}},
    ],
)
@pytest.mark.parametrize(("state", "layout"), [(OURS, "cnnlab's own names"), (resnet18(), "torchvision's resnet")])
def test_weights_are_found_as_they_are_usually_kept(tmp_path, wrapped, state, layout):
    found = read_weights(saved(tmp_path, wrapped(state)))
    assert found.layout == layout
    assert len(found.tensors) == len(state)
    assert all(torch.equal(a, b) for a, b in zip(found.tensors.values(), state.values(), strict=True))


def test_a_wrapped_backbone_with_a_head_of_its_own_is_read_and_the_head_left(tmp_path):
    wrapped = {f"model.backbone.{name}": tensor for name, tensor in resnet18().items() if not name.startswith("fc")}
    found = read_weights(saved(tmp_path, {**wrapped, "model.fc.1.weight": torch.ones(10, 64)}))
    assert found.layout == "torchvision's resnet"
    assert "body.stem.0.conv.weight" in found.tensors
    assert found.unknown == ("fc.1.weight",)


def test_the_old_format_of_torch_is_read(tmp_path):
    assert read_weights(saved(tmp_path, OURS, _use_new_zipfile_serialization=False)).tensors.keys() == OURS.keys()


class Evil:
    def __reduce__(self):
        return os.system, ("touch was-here",)


@pytest.mark.parametrize(
    "content", [torch.nn.Linear(2, 2), Evil(), {"state_dict": OURS, "args": argparse.Namespace(lr=1)}]
)
def test_what_could_run_code_is_refused_and_does_not_run(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    said = refusal(saved(tmp_path, content))
    assert said.startswith("FILE holds more than tensors (")
    assert "), and opening that could run code, so it is refused" in said
    plain = tmp_path / "plain.pkl"
    plain.write_bytes(pickle.dumps(content, protocol=2))
    assert "so it is refused" in refusal(plain)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize(
    "content", [b"", b"norm: batch\n", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(50)]
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    assert refusal(tmp_path / "x") == "FILE is not a file that torch.save has written, or it is damaged"


def test_a_file_cut_short_is_refused(tmp_path):
    file = saved(tmp_path, resnet18())
    os.truncate(file, file.stat().st_size // 2)
    assert "or it is damaged" in refusal(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "FILE holds nothing, not names and tensors as network.state_dict() has them"),
        ([torch.ones(2)], "FILE holds a list, not names and tensors as network.state_dict() has them"),
        (torch.ones(2), "FILE holds a Tensor, not names and tensors as network.state_dict() has them"),
        ({"epoch": 3}, "FILE is no mapping of names to tensors: under 'epoch' there is int"),
        ({0: torch.ones(2)}, "FILE is no mapping of names to tensors: under 0 there is tensor without a name"),
        ({**OURS, "body.x": None}, "FILE is no mapping of names to tensors: under 'body.x' there is NoneType"),
        (
            {"body.x.weight": torch.ones(2, dtype=torch.complex64)},
            "body.x.weight in FILE is complex; weights are plain real",
        ),
        (
            {"body.x.weight": torch.eye(2).to_sparse()},
            "body.x.weight in FILE is sparse; weights are plain real numbers",
        ),
        (
            {"encoder.w": torch.ones(2), "fc.weight": torch.ones(2)},
            "FILE names its weights as no network known here does",
        ),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, said):
    assert refusal(saved(tmp_path, content)).startswith(said)


def test_an_unknown_layout_names_those_that_are_known(tmp_path):
    state = {"conv1.weight": torch.ones(1), **{f"blocks.{i}.weight": torch.ones(1) for i in range(9)}}
    said = refusal(saved(tmp_path, state))
    assert (
        "known here does: blocks.0.weight, blocks.1.weight, blocks.2.weight and 6 more; nearest are torchvision's"
        in said
    )
    assert "nearest are torchvision's resnet, of which it has conv1.weight; " in said
    assert "known are cnnlab's own names and torchvision's of alexnet, " in said


# -- several sets of weights in a file, other wrappers, safetensors

EMA = {name: tensor + 1 for name, tensor in OURS.items()}


def test_the_average_in_a_file_is_named_and_taken_by_its_key(tmp_path):
    for raw, average in (("state_dict", "state_dict_ema"), ("model", "model_ema")):
        file = saved(tmp_path, {"epoch": 3, average: EMA, raw: OURS, "optimizer": {"state": {}}})
        found = read_weights(file)
        assert (found.key, found.others) == (raw, (average,))
        assert torch.equal(found.tensors["body.c1.0.conv.weight"], OURS["body.c1.0.conv.weight"])
        chosen = read_weights(file, average)
        assert (chosen.key, chosen.others) == (average, (raw,))
        assert torch.equal(chosen.tensors["body.c1.0.conv.weight"], EMA["body.c1.0.conv.weight"])
        with pytest.raises(UserError) as caught:
            read_weights(file, "ema2")
        assert str(caught.value).endswith(f"keeps no weights under 'ema2'; it has {average}, {raw}")


def test_a_file_of_an_average_alone_is_taken(tmp_path):
    for name in ("state_dict_ema", "model_ema", "anything"):
        found = read_weights(saved(tmp_path, {"epoch": 3, name: {f"module.{key}": one for key, one in EMA.items()}}))
        assert (found.key, found.others, found.tensors.keys()) == (name, (), EMA.keys())


@pytest.mark.parametrize("prefix", ["student.", "encoder.", "features.", "a.b.c."])
@pytest.mark.parametrize("state", [OURS, resnet18()], ids=["ours", "torchvision's"])
def test_any_word_that_all_names_begin_with_is_left_out_where_the_rest_is_known(tmp_path, prefix, state):
    found = read_weights(saved(tmp_path, {f"{prefix}{name}": tensor for name, tensor in state.items()}))
    assert len(found.tensors) == len(state)
    assert found.unknown == ()
    more = {f"{prefix}{name}": tensor for name, tensor in {**state, "strange.w": torch.ones(2)}.items()}
    assert "names its weights as no network known here does" in refusal(saved(tmp_path, more))


def safetensors(folder: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    file = folder / "x.safetensors"
    file.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + data)
    return file


def test_safetensors_are_read(tmp_path):
    data, header = b"", {"__metadata__": {"format": "pt"}}
    for name, tensor in resnet18().items():
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        raw = tensor.numpy().tobytes()
        places = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": places}
        data += raw
    found = read_weights(safetensors(tmp_path, header, data))
    assert found.layout == "torchvision's resnet"
    assert torch.equal(found.tensors["body.stem.0.conv.weight"], resnet18()["conv1.weight"])
    assert "names no" not in str(found.unknown)


def entry(**changes: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (entry(shape=[10**12]), "FILE claims 1,000,000,000,000 numbers for 'a', of which it holds other ones"),
        (entry(data_offsets=[0, 80], shape=[20]), "FILE claims 20 numbers for 'a', of which it holds other ones"),
        (entry(data_offsets=[-8, 0]), "FILE has no shape, or no place, for 'a'"),
        (entry(shape=[1] * 9), "FILE has no shape, or no place, for 'a'"),
        (entry(shape="2"), "FILE has no shape, or no place, for 'a'"),
        (entry(dtype="F8_E4M3"), "FILE has numbers of a type that is not read here for 'a': 'F8_E4M3'"),
        ({name: entry()["a"] for name in "abc"}, "FILE claims to hold more than its "),
        ({"a": 3}, "FILE has no shape, or no place, for 'a'"),
        (b'{"a": ', "FILE has a header that is no JSON, or it is damaged"),
        (b'{"a":' * 1000, "FILE is nested "),
        ({}, "FILE holds nothing, not names and tensors"),
    ],
)
def test_a_header_that_claims_what_is_not_there_is_refused(tmp_path, header, said):
    assert refusal(safetensors(tmp_path, header, bytes(8))).startswith(said)


def test_a_header_longer_than_any_is_refused_before_it_is_read(tmp_path):
    file = safetensors(tmp_path, b"{", b"", length=17 << 20)
    os.truncate(file, 18 << 20)
    assert refusal(file) == "FILE claims a header of 17,825,792 bytes"
