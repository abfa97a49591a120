"""What torch saves of tensors and plain data passes; what passes, torch opens. The rest is in tests/hostile."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision_state import resnet18

from cnnlab.untrusted import machine
from cnnlab.untrusted.files import Refused
from cnnlab.untrusted.pickled import Foreign, check

net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
shared = torch.arange(12.0)
SOUND: dict[str, Any] = {
    "a network's weights": net.state_dict(),
    "parameters themselves": OrderedDict(net.named_parameters()),
    "another library's weights": resnet18(),
    "views of one storage": {"a": shared[:4], "b": shared.view(3, 4).t(), "c": shared[2:2], "d": shared[11]},
    "an optimiser's state": torch.optim.AdamW(net.parameters()).state_dict(),
    "plain data": {"a": [1, 2.5, None, True, "é", (1, 2)], "b": {"c": b"bytes"}, 3: "d"},
    "every plain type": {
        name: torch.zeros(3, dtype=getattr(torch, name))
        for name in ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
    },
    "complex numbers": torch.ones(2, dtype=torch.complex64),
    "a sparse tensor": torch.eye(3).to_sparse(),
    "no numbers": torch.ones(0, 3),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_what_torch_saves_of_tensors_and_plain_data_passes(tmp_path: Path, content: Any, zipped: bool) -> None:
    torch.save(content, tmp_path / "x", _use_new_zipfile_serialization=zipped)
    check(tmp_path / "x")
    torch.load(tmp_path / "x", weights_only=True)


def test_what_is_asked_for_is_named(tmp_path: Path) -> None:
    torch.save(net, tmp_path / "x")
    with pytest.raises(Foreign, match=r"^torch.nn.modules.container.Sequential$"):
        check(tmp_path / "x")


def test_a_file_larger_than_memory_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(torch.ones(1000), tmp_path / "x")
    monkeypatch.setattr(machine, "memory", lambda: 5000)
    with pytest.raises(Refused, match=r"^would take 0\.0 MiB of memory, this machine has 0\.0 MiB$"):
        check(tmp_path / "x")
