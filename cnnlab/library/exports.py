"""`cnnlab.source` and `cnnlab.export`: networks that leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.errors import UserError
from cnnlab.library.networks import BuiltNet, compose_network
from cnnlab.library.runs import TrainedRun

if TYPE_CHECKING:
    from cnnlab.exporting.export import Exported


def network_source(
    model: str | Path | Mapping[str, Any] | BuiltNet,
    *overrides: str,
    classes: int = 1000,
    shape: Sequence[int] | None = None,
    seed: int = 0,
    plugins: Sequence[str] = (),
    **settings: Any,
) -> str:
    """A network as plain PyTorch source: one file that imports torch alone, with the names of weights that it has here.

        print(cnnlab.source("resnet18", norm="none"))

    All is as for `cnnlab.build`, whose network may stand in the place of `model`; without a shape, it is for images of
    3×224×224, or of the size that it is tied to. Raises UserError with all faults, and for blocks of plugins.
    """
    from cnnlab.exporting.source.write import source_of

    if isinstance(model, BuiltNet):
        return source_of(model.settings, model.spec, model.shape, model.name, seed=seed)
    composed = compose_network(model, overrides, classes, shape, plugins, settings)
    return source_of(composed.settings, composed.spec, composed.shape, composed.name, seed=seed)


def export_network(
    run: str | Path | TrainedRun | BuiltNet, file: str | Path, *, format: str | None = None, plugins: Sequence[str] = ()
) -> Exported:
    """Write a network for other programs, run what was written, and compare the two; it is deleted where they differ.

        cnnlab.export("outputs/…", "model.onnx")

    `run` is a run's folder, a checkpoint, what `cnnlab.train` has returned, or a network from `cnnlab.build`. The name
    of `file` says the format: .onnx, .pt2, .safetensors, .py, .pth (torchvision's names); without one of these it is a
    folder for Hugging Face's hub. `plugins` are as for `cnnlab.load`.

    Raises UserError where it cannot be written, or where what was written computes otherwise.
    """
    from cnnlab.experiment.restore import restore
    from cnnlab.exporting.export import SUFFIXES, export, format_named
    from cnnlab.exporting.exportable import of_network, of_run
    from cnnlab.network.spec import RESERVED
    from cnnlab.plugins import load_plugins

    if faults := load_plugins(plugins, RESERVED):
        raise UserError(*faults)
    path = Path(file).expanduser()
    chosen = format_named(format or SUFFIXES.get(path.suffix, "hub"))
    if isinstance(run, BuiltNet):
        leaving = of_network(run, run.name, run.spec, run.settings, run.shape)
    else:
        leaving = of_run(restore(Path(run.folder if isinstance(run, TrainedRun) else run)))
    if chosen.name == "hub":
        return export(leaving, chosen, path)
    stem = path.name.removesuffix(path.suffix).removesuffix(".torchvision")
    return export(replace(leaving, name=stem), chosen, path.parent)
