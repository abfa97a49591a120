"""Writing a network: checked before, run and compared afterwards, deleted where it differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnnlab.errors import Fault, UserError, near
from cnnlab.exporting.exportable import Exportable
from cnnlab.exporting.format import Agreement, Format, agreement, refuse
from cnnlab.exporting.graphs import OnnxFile, ProgramFile
from cnnlab.exporting.hub import HubFolder
from cnnlab.exporting.weights import PythonFile, SafetensorsFile, TorchvisionFile

FORMATS: dict[str, Format] = {
    made.name: made
    for made in (OnnxFile(), ProgramFile(), SafetensorsFile(), PythonFile(), TorchvisionFile(), HubFolder())
}
SUFFIXES = {".onnx": "onnx", ".pt2": "pt2", ".safetensors": "safetensors", ".py": "python", ".pth": "torchvision"}
"""what the name of a file says of its format"""


@dataclass(frozen=True)
class Exported:
    """What was written, the main file first, and how near it comes to the network."""

    files: tuple[Path, ...]
    agreement: Agreement


def format_named(name: str) -> Format:
    if name not in FORMATS:
        raise UserError(Fault("format", f"there is no format {name!r}{near(name, FORMATS)}"))
    return FORMATS[name]


def export(exportable: Exportable, format: Format, folder: Path) -> Exported:
    """Write a network into a folder. UserError where that cannot be done, or what was written computes otherwise."""
    format.check(exportable)
    folder.mkdir(parents=True, exist_ok=True)
    written = format.write(exportable, folder)
    agreed = agreement(exportable, format.runner(exportable, written))
    if not agreed.difference <= format.tolerance:  # NaN too
        raise refuse(format, agreed, written)
    return Exported(tuple(written), agreed)
