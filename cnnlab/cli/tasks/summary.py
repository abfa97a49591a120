"""`task=summary`: the layer table, with shapes, parameters, multiply-adds and receptive fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnlab.cli.narrow import fitting
from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.text import dims, millions

if TYPE_CHECKING:
    from rich.table import Table

    from cnnlab.network.graph import Graph


class Summary(Task):
    """Task that shows a network's layers, and which of their weights would come from `weights=`."""

    name = "summary"
    help = "the layer table: shapes, parameters, multiply-adds, receptive fields"
    needs = ("shapes",)

    def run(self, context: TaskContext) -> Exit:
        """Write network.json and show it."""
        from cnnlab.cli.map_sizes import feature_map_lines
        from cnnlab.experiment.facts import image_shape
        from cnnlab.experiment.initial import transferred_weights
        from cnnlab.network.graph import graph
        from cnnlab.network.outline import network_record
        from cnnlab.tracking.durable import write_json
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text
        from cnnlab.weights.report import lines, report

        run, folder = context.run, context.folder
        record = network_record(run.network, image_shape(run))
        weights = transferred_weights(run)
        if (folder / "run.json").exists():
            raise UserError(Fault("hydra.run.dir", f"{folder} is a run's folder, whose record stays; choose another"))
        write_json(folder / "network.json", record)
        if run.top.format == "json":
            print(json_text({**record, "weights": report(weights)} if weights else record, indent=2))
            return Exit.DONE
        console = Output()
        console.print(layer_table(context.composed.choices["model"], record, run.network.classes, console.width))
        for line in norm_lines(graph(run.network, image_shape(run))):
            console.print(line, overflow="fold")
        maps = feature_map_lines(record, console.width)
        console.print(*maps, "", sep="\n", highlight=False, markup=False, soft_wrap=True)
        totals = f"{record['params']:,} parameters, {record['macs']:,} MACs (multiply-adds an image)"
        console.print(totals, highlight=False)
        for name, head in record.get("aux", {}).items():
            head_of = f"auxiliary head {name} after {head['from']}, in training only, weight {head['weight']:g}"
            cost = f"{head['params']:,} parameters, {head['macs']:,} MACs"
            console.print(f"{head_of}: {cost}", highlight=False)
        for line in lines(weights) if weights else ():
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        console.print(f"  {folder / 'network.json'}", highlight=False, soft_wrap=True)
        return Exit.DONE


FIRST_TO_GO = ("receptive field", "MACs", "block", "parameters")
"""columns of the table that a narrow terminal has no room for, in this order"""


def layer_table(network: str, record: dict[str, Any], classes: int, width: int) -> Table:
    """The layers of network.json's `record` as a table, titled by what the network is called, in `width` columns."""
    from rich.table import Table

    columns = _columns(record["layers"])
    least = fitting(columns, width, FIRST_TO_GO)
    title = f"{network} at {dims(record['input'])}, {classes} classes"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for heading, room in least.items():
        justify = "left" if heading in ("name", "block") else "right"
        table.add_column(heading, justify=justify, min_width=min(room, width), overflow="fold")
    for row in zip(*(columns[heading] for heading in least), strict=True):
        table.add_row(*row)
    return table


def _columns(layers: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {
        "name": [layer["name"] for layer in layers],
        "block": [layer["block"] for layer in layers],
        "output": [dims(layer["shape"]) for layer in layers],
        "parameters": [f"{layer['params']:,}" if layer["params"] else "" for layer in layers],
        "MACs": [millions(layer["macs"]) if layer["macs"] else "" for layer in layers],
        "receptive field": [dims(layer["receptive_field"]) for layer in layers],
    }


def norm_lines(whole: Graph) -> Iterator[str]:
    """The norms and activations of body and head, with the blocks that have them."""
    from cnnlab.network.layer_words import norms_and_activations

    blocks: dict[str, dict[str, None]] = {}
    for placed in whole.layers:
        blocks.setdefault(norms_and_activations(placed.trace.calls), {})[placed.stage] = None
    blocks.pop("", None)
    for words, stages in blocks.items():
        yield f"{words}: {', '.join(stages)}"
