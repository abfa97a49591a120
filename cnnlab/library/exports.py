"""`cnnlab.source` and `cnnlab.export`: networks that leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnlab.library.networks import BuiltNet, compose_network


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
