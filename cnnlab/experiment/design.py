"""A run's network as a design, to be looked through for what seems a mistake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnnlab.config.run import Run
from cnnlab.experiment.facts import image_shape
from cnnlab.lint.finding import Design
from cnnlab.network.graph import graph
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


def design(run: Run, model: dict[str, Any]) -> Design:
    """The network of a run that fits its images; `model` are its settings as they were composed."""

    def fit(network: Network) -> Shape:
        return image_shape(replace(run, network=network))

    return Design(run.network, graph(run.network, image_shape(run)), model, run.data.batch_size, fit)
