"""`task=explain`: a network as a lesson, or what one block, or one setting, is and does."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Explain(Task):
    """Task that answers `key=`, or tells of the whole network."""

    name = "explain"
    help = "a lesson on the network; key=BLOCK_OR_SETTING: its numbers worked out, where each setting came from"
    needs = ("shapes",)
    has_folder = False

    def run(self, context: TaskContext) -> Exit:
        from cnnlab.config.run import model_of
        from cnnlab.experiment.facts import image_shape
        from cnnlab.explain.answer import Answer
        from cnnlab.explain.data import record
        from cnnlab.explain.explained_setting import Configuration
        from cnnlab.explain.find import find
        from cnnlab.explain.pieces import ExplainedNetwork
        from cnnlab.network.graph import graph
        from cnnlab.network.provenance import Provenance
        from cnnlab.network.read import read_network
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, composed = context.run, context.composed
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
