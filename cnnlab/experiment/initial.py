"""The weights that a run starts from, where `weights=` names some."""

from __future__ import annotations

from cnnlab.config.settings import Run
from cnnlab.errors import UserError
from cnnlab.experiment.facts import image_shape
from cnnlab.network.build import blank
from cnnlab.weights.reading import read_weights
from cnnlab.weights.source import locate
from cnnlab.weights.transfer import Transfer, transfer


def given(run: Run) -> Transfer | None:
    """What of the weights that `run` names goes into its network; None where it names none. UserError for misfits."""
    if run.top.weights is None:
        return None
    found = transfer(
        read_weights(locate(run.top.weights)), blank(run.network, image_shape(run)).state_dict(), run.top.adapt
    )
    if found.faults:
        raise UserError(*found.faults)
    return found
