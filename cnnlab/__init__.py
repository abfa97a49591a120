"""Describe a CNN in YAML as a stack of named blocks, change one setting, and get an answer you can trust.

In Python, as on the command line:

    net = cnnlab.build("resnet18", classes=10, shape=(3, 32, 32), norm="none")
    module = cnnlab.module(net, optimizer=cnnlab.AdamW(lr=1e-3))
    run = cnnlab.train("model=resnet18", "data=cifar10")
    cmp = cnnlab.compare("model=lenet", vary={"model.norm": ["none", "batch"]}, seeds=range(5))
    predictor = cnnlab.load("outputs/…")

What is wrong with settings is a `UserError`, with all its `faults`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlab.blocks.block import Block as Block
    from cnnlab.data.augmentation import Augmentation as Augmentation
    from cnnlab.data.source import Source as Source
    from cnnlab.errors import Fault as Fault
    from cnnlab.errors import UserError as UserError
    from cnnlab.experiment.restore import load as load
    from cnnlab.library.exports import export_network as export  # noqa: F401
    from cnnlab.library.exports import network_source as source  # noqa: F401
    from cnnlab.library.lightning_module import network_module as module  # noqa: F401
    from cnnlab.library.networks import build_network as build  # noqa: F401
    from cnnlab.library.runs import train as train
    from cnnlab.library.sweeps import compare as compare
    from cnnlab.library.sweeps import open_comparison as open_comparison
    from cnnlab.metrics.metric import Metric as Metric
    from cnnlab.tracking.loggers import Logger as Logger
    from cnnlab.training.losses import CrossEntropy as CrossEntropy
    from cnnlab.training.losses import Loss as Loss
    from cnnlab.training.optimizer import Optimizer as Optimizer
    from cnnlab.training.optimizers import Adam as Adam
    from cnnlab.training.optimizers import AdamW as AdamW
    from cnnlab.training.optimizers import Muon as Muon
    from cnnlab.training.optimizers import Sgd as Sgd
    from cnnlab.training.schedules import Constant as Constant
    from cnnlab.training.schedules import Cosine as Cosine
    from cnnlab.training.schedules import OneCycle as OneCycle
    from cnnlab.training.schedules import Schedule as Schedule
    from cnnlab.training.schedules import Step as Step

    __version__: str

_PUBLIC = {
    "build": "library.networks:build_network",
    "module": "library.lightning_module:network_module",
    "train": "library.runs:train",
    "compare": "library.sweeps:compare",
    "open_comparison": "library.sweeps:open_comparison",
    "export": "library.exports:export_network",
    "source": "library.exports:network_source",
    "load": "experiment.restore:load",
    "UserError": "errors:UserError",
    "Fault": "errors:Fault",
    "Block": "blocks.block:Block",
    "Source": "data.source:Source",
    "Augmentation": "data.augmentation:Augmentation",
    "Metric": "metrics.metric:Metric",
    "Logger": "tracking.loggers:Logger",
    **{name: f"training.optimizers:{name}" for name in ("Sgd", "Adam", "AdamW", "Muon")},
    "Optimizer": "training.optimizer:Optimizer",
    **{name: f"training.schedules:{name}" for name in ("Schedule", "Constant", "Cosine", "OneCycle", "Step")},
    **{name: f"training.losses:{name}" for name in ("Loss", "CrossEntropy")},
}
"""what is promised to code outside, and where it stands: imported when it is first asked for"""

__all__ = ["__version__", *_PUBLIC]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("cnnlab")
    if name not in _PUBLIC:
        raise AttributeError(f"cnnlab has no {name!r}; there are {', '.join(_PUBLIC)}")
    from cnnlab.untrusted.environment import prepare_environment

    prepare_environment()
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(f"cnnlab.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
