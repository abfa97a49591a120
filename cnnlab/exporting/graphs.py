"""Formats that hold a network's graph: ONNX, and PyTorch's own exported programs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cnnlab.exporting.exportable import Exportable
from cnnlab.exporting.format import Format, Runner

OPSET = 20
METADATA = "cnnlab.json"
"""the part of an exported program that describes it"""


def example(exportable: Exportable) -> tuple[Tensor, dict[str, Any]]:
    """An input to trace with, of sizes that mean nothing, and the axes that may have any size."""
    from torch.export import Dim

    axes: dict[int, Any] = {0: Dim("batch")}
    if not exportable.is_trained:
        return torch.randn(2, *exportable.shape), {"images": None, "x": axes}
    channels, rows, columns = exportable.shape
    images = torch.zeros(2, channels, rows + 12, columns + 10, dtype=torch.uint8)
    return images, {"images": {**axes, 2: Dim("height"), 3: Dim("width")}}


def exported_program(exportable: Exportable) -> Any:
    """The graph of a network, for any number of images."""
    images, axes = example(exportable)
    shapes = {"images": axes["images"]} if exportable.is_trained else {"x": axes["x"]}
    with _quiet():
        return torch.export.export(exportable.module, (images,), dynamic_shapes=shapes, strict=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch remarks on its own parts."""
    import logging

    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


class OnnxFile(Format):
    """One graph that any ONNX runtime runs: `images` -> `logits`; classes and the rest are in its metadata."""

    name = "onnx"
    packages = ("onnx", "onnxscript", "onnxruntime")
    tolerance = 1e-4

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        path = folder / f"{exportable.name}.onnx"
        program = exported_program(exportable)
        with _quiet():
            made = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
        assert made is not None
        made.model.metadata_props.update(exportable.described())
        made.model.producer_name = "cnnlab"
        made.save(str(path))
        return [path]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        import onnxruntime  # pyright: ignore[reportMissingImports]

        session = onnxruntime.InferenceSession(str(written[0]), providers=["CPUExecutionProvider"])
        return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


class ProgramFile(Format):
    """torch.export's file: torch.export.load(FILE).module() runs it without any code of ours."""

    name = "pt2"

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        path = folder / f"{exportable.name}.pt2"
        described = json.dumps(exportable.described(), ensure_ascii=False, indent=2)
        with _quiet():
            torch.export.save(exported_program(exportable), path, extra_files={METADATA: described})
        return [path]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        with _quiet():
            return torch.export.load(written[0]).module()
