"""Formats that hold weights: under our names or torchvision's, alone or beside the network's source."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.errors import Fault, UserError
from cnnlab.exporting.exportable import Exportable
from cnnlab.exporting.format import Format, Runner
from cnnlab.exporting.source.write import source_of
from cnnlab.tracking.durable import write
from cnnlab.untrusted.words import few
from cnnlab.weights.names import foreign_names
from cnnlab.weights.reading import DTYPES, read_weights

LOADER = """\
    from safetensors.torch import load_file
    net = {name}()
    net.load_state_dict(load_file("{file}"))"""


def safetensors(tensors: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """Tensors as a file of safetensors: a header of JSON, then the numbers."""
    words = {dtype: word for word, dtype in DTYPES.items()}
    header: dict[str, Any] = {"__metadata__": metadata}
    content, start = [], 0
    for name, tensor in tensors.items():
        raw = _bytes(tensor)
        place = [start, start + len(raw)]
        header[name] = {"dtype": words[tensor.dtype], "shape": list(tensor.shape), "data_offsets": place}
        content.append(raw)
        start += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the format aligns the numbers
    return len(text).to_bytes(8, "little") + text + b"".join(content)


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def with_weights(exportable: Exportable, state: dict[str, Tensor]) -> Runner:
    """The network with weights in the place of its own, as those who load a file would have it."""
    net = copy.deepcopy(exportable.net)
    heads = {name: tensor for name, tensor in exportable.state.items() if name.startswith("aux.")}
    net.load_state_dict({**heads, **state})
    other = Exportable(**{**vars_of(exportable), "net": net.eval()})
    return other.expected


def _layers(exportable: Exportable) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in exportable.state))


def vars_of(exportable: Exportable) -> dict[str, Any]:
    return {name: getattr(exportable, name) for name in exportable.__dataclass_fields__}


class SafetensorsFile(Format):
    """The weights alone, under our names."""

    name = "safetensors"
    tolerance = 0.0

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        path = folder / f"{exportable.name}.safetensors"
        write(path, safetensors(exportable.state, exportable.described()))
        return [path]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        return with_weights(exportable, read_weights(written[0]).tensors)


class TorchvisionFile(Format):
    """The weights under torchvision's names, for its own function of the same name."""

    name = "torchvision"
    tolerance = 0.0

    def check(self, exportable: Exportable) -> None:
        """UserError where torchvision has no such network."""
        layout, names = foreign_names(_layers(exportable))
        layers = [layer for layer in _layers(exportable) if not layer.startswith("aux.")]
        if unknown := [layer for layer in layers if layer not in names]:
            nearest = f" of {layout}, which is nearest," if names else ""
            message = f"torchvision's names{nearest} do not cover {few(unknown)}; safetensors keeps our own names"
            raise UserError(Fault("format", message))

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        path = folder / f"{exportable.name}.torchvision.pth"
        _, names = foreign_names(_layers(exportable))
        parts = [(*name.rpartition("."), tensor) for name, tensor in exportable.state.items()]
        content = io.BytesIO()
        torch.save({f"{names[layer]}.{last}": tensor for layer, _, last, tensor in parts if layer in names}, content)
        write(path, content.getvalue())
        return [path]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        return with_weights(exportable, read_weights(written[0]).tensors)


class PythonFile(Format):
    """The network as plain PyTorch, with the weights of a trained one beside it."""

    name = "python"

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        source, weights = folder / f"{_word(exportable.name)}.py", folder / f"{_word(exportable.name)}.safetensors"
        write(source, printed(exportable, weights.name))
        if not exportable.is_trained:
            return [source]
        state = {name: tensor for name, tensor in exportable.state.items() if not name.startswith("aux.")}
        write(weights, safetensors(state, exportable.described()))
        return [source, weights]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        space: dict[str, Any] = {"__name__": "exported"}
        exec(compile(written[0].read_text(encoding="utf-8"), written[0].name, "exec"), space)
        own = [value for value in space.values() if isinstance(value, type) and value.__module__ == "exported"]
        net = [value for value in own if issubclass(value, nn.Module)][-1]().eval()
        state = read_weights(written[1]).tensors if len(written) > 1 else exportable.state
        net.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith("aux.")})
        return Exportable(**{**vars_of(exportable), "net": net}).expected


def printed(exportable: Exportable, weights: str) -> str:
    """The source, whose head says how the weights are loaded and what images become before they come in."""
    from cnnlab.exporting.source.write import class_of

    source = source_of(exportable.settings, exportable.network, exportable.shape, exportable.name)
    if not exportable.is_trained:
        return source
    size = (exportable.shape[1], exportable.shape[2])
    doc = [
        "Weights:",
        "",
        *LOADER.format(name=class_of(source), file=weights).splitlines(),
        "",
        "Images uint8 (B, C, H, W) as it was trained on them:",
        "",
        f"    mean = torch.tensor({_rounded(exportable.mean)}).view(-1, 1, 1)",
        f"    std = torch.tensor({_rounded(exportable.std)}).view(-1, 1, 1)",
        f'    x = F.interpolate((images - mean) / std, {size}, mode="bilinear", antialias=True)',
        "",
        f"Classes: {', '.join(exportable.classes[:20])}{', …' if len(exportable.classes) > 20 else ''}",
    ]
    return source_of(exportable.settings, exportable.network, exportable.shape, exportable.name, doc=doc)


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [float(f"{value:.8g}") for value in values]


def _word(name: str) -> str:
    """A file name that Python can import."""
    word = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)
    return word if word[:1].isalpha() else f"network_{word}"
