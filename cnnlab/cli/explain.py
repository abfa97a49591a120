"""task=explain: a network as a lesson, or what one block, or one setting, is and does."""

from __future__ import annotations

from cnnlab.cli.output import Output
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run, model_of
from cnnlab.door.words import json_text
from cnnlab.errors import Exit


def explain(run: Run, composed: Composed) -> Exit:
    """Answer `key`, or tell of the whole network."""
    from cnnlab.experiment.facts import image_shape
    from cnnlab.explain.answer import Answer
    from cnnlab.explain.data import record
    from cnnlab.explain.explained_setting import Configuration
    from cnnlab.explain.find import find
    from cnnlab.explain.pieces import ExplainedNetwork
    from cnnlab.network.graph import graph
    from cnnlab.network.provenance import Provenance
    from cnnlab.network.read import read_network

    provenance, model = Provenance(), model_of(composed.config)
    read_network(model, run.network.classes, provenance=provenance)
    whole = ExplainedNetwork(run.network, graph(run.network, image_shape(run)), provenance)
    conf = Configuration(model, composed.config["model"], composed.origins, provenance)
    subject = find(run.top.key, run, whole, {**composed.config, "model": model}) if run.top.key else whole
    answer = Answer(subject, whole, conf, composed.choices["model"])
    if run.top.format == "json":
        print(json_text(record(answer), indent=2))
        return Exit.DONE
    console = Output()
    for line in answer.lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return Exit.DONE
