"""Describe a CNN in YAML as a stack of named blocks, change one setting, and get an answer you can trust."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlab.experiment.restore import Predictor


def load(path: str | Path, plugins: Iterable[str] = ()) -> Predictor:
    """A trained network: a module that takes uint8 images (B, C, H, W) and knows its class names.

    `path` is a run's folder or a checkpoint; `plugins` are modules of blocks of your own that it was made with. Raises
    cnnlab.errors.UserError where there is none.
    """
    from cnnlab.untrusted.environment import prepare_environment

    prepare_environment()
    from cnnlab.experiment.restore import load  # torch takes its time, and `import cnnlab` should not

    return load(path, plugins)
