"""What a run starts from: weights given to it, blocks that are frozen or learn at rates of their own."""

from __future__ import annotations

import json
from collections.abc import Callable

import torch
from torch import nn

from cnnlab.blame import own_fault
from cnnlab.config.run import Run
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.facts import image_shape
from cnnlab.network.build import blank
from cnnlab.network.choose import misnamed
from cnnlab.training.learned import built_loss
from cnnlab.training.losses import CrossEntropy
from cnnlab.training.optimizers import Adam, AdamW, Sgd
from cnnlab.training.tuning import built, frozen
from cnnlab.untrusted.words import few
from cnnlab.weights.function import differences, expected_images
from cnnlab.weights.reading import read_weights
from cnnlab.weights.report import copies
from cnnlab.weights.source import locate
from cnnlab.weights.transfer import Transfer, transfer

CHECKED = (Sgd, Adam, AdamW, CrossEntropy)


def transferred_weights(run: Run) -> Transfer | None:
    """What of the weights that `run` names goes into its network; None where it names none. UserError for misfits."""
    if run.top.weights is None:
        return None
    net = blank(run.network, image_shape(run))
    weights = read_weights(locate(run.top.weights), run.top.weights_key)
    transferred = transfer(weights, net.state_dict(), run.top.adapt)
    if transferred.faults:
        raise UserError(*transferred.faults)
    transferred.functions = differences(weights.layout, net)
    transferred.remarks = [*copies(weights), *_other_images(run, weights.layout)]
    return transferred


def _other_images(run: Run, layout: str) -> list[str]:
    """What is to be said where the weights know images that are normalized otherwise."""
    known = expected_images(layout)
    if known is None or all(set(getattr(run.data, name) or ()) == set(known[name]) for name in ("mean", "std")):
        return []
    words = " ".join(f"data.{name}={json.dumps(known[name], separators=(',', ':'))}" for name in ("mean", "std"))
    return [f"they know images in colour normalized by {words}; these are normalized otherwise"]


def at_fault(run: Run) -> list[Fault]:
    """What is wrong with the weights given and with names of blocks, for a network that can be built.

    Settings that are at fault by themselves are None in `run`, and passed over.
    """
    faults = [*misnamed_blocks(run), *unbuildable(run)]
    try:
        transferred_weights(run) if run.top else None
    except UserError as error:
        faults += error.faults
    return faults


def unbuildable(run: Run) -> list[Fault]:
    """What is wrong with an optimizer or a loss that only building it shows; two weights stand for the network's.

    The settings of those in CHECKED say all that can be wrong with them; building one imports torch's compiler (1 s).
    """
    tried = [(name, nn.Parameter(torch.zeros(shape))) for name, shape in (("matrix", (2, 2)), ("bias", (2,)))]
    builders: dict[str, Callable[[], object]] = {
        "optimizer": lambda: built(run.optimizer, tried),
        "loss": lambda: built_loss(run.loss, run.network.classes),
    }
    faults = []
    for path, build in builders.items():
        if (record := getattr(run, path)) is None or isinstance(record, CHECKED):
            continue
        try:
            build()
        except UserError as error:
            faults += error.faults
        except Exception as error:
            if not (fault := own_fault(error)):
                raise
            faults.append(Fault(path, fault.message))
    return faults


def misnamed_blocks(run: Run) -> list[Fault]:
    freeze, optimizer = dict(run.network.freeze), run.optimizer
    tables = {"model.freeze": freeze}
    if optimizer:
        factors = ("lr_factors", "weight_decay_factors")
        tables |= {f"optimizer.{name}": getattr(optimizer, name) for name in factors}
    if not any(tables.values()):
        return []
    names = [name for name, _ in blank(run.network, image_shape(run)).named_parameters()]
    faults = [fault for path, table in tables.items() for fault in misnamed(table, names, path)]
    if not faults and all(frozen(name, freeze, 0) for name in names):
        faults.append(Fault("model.freeze", "leaves nothing that learns in the first epoch"))
    return faults


def stuck(run: Run, weights: Transfer) -> str | None:
    """What is frozen all through although it starts anew, and so stays as it was drawn; None for nothing."""
    freeze, last = dict(run.network.freeze), run.trainer.max_epochs - 1
    layers = [
        layer.name for layer in weights.layers if not layer.taken and frozen(f"{layer.name}.weight", freeze, last)
    ]
    return f"frozen, though it starts anew and will not learn: {few(layers)}" if layers else None
