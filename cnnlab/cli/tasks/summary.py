"""`task=summary`: the layer table, with shapes, parameters, multiply-adds and receptive fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.text import dims, millions

if TYPE_CHECKING:
    from rich.table import Table


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
        console.print(layer_table(context.composed.choices["model"], record, run.network.classes))
        maps = feature_map_lines(record, console.width)
        console.print(*maps, "", sep="\n", highlight=False, markup=False, soft_wrap=True)
        totals = f"{record['params']:,} parameters, {record['macs']:,} MACs (multiply-adds an image)"
        console.print(totals, highlight=False)
        for name, head in record.get("aux", {}).items():
            head_of = f"auxiliary head {name} after {head['from']}, in training only, weight {head['weight']:g}"
            cost = f"{head['params']:,} parameters, {head['macs']:,} MACs"
            console.print(f"{head_of}: {cost}", highlight=False, soft_wrap=True)
        for line in lines(weights) if weights else ():
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        console.print(f"  {folder / 'network.json'}", highlight=False, soft_wrap=True)
        return Exit.DONE


def layer_table(network: str, record: dict[str, Any], classes: int) -> Table:
    """The layers of network.json's `record` as a table, titled by what the network is called."""
    from rich.table import Table

    title = f"{network} at {dims(record['input'])}, {classes} classes"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for heading in ("name", "block"):
        table.add_column(heading)
    for heading in ("output", "parameters", "MACs", "receptive field"):
        table.add_column(heading, justify="right")
    for layer in record["layers"]:
        params, field = layer["params"], layer["receptive_field"]
        counts = (f"{params:,}" if params else "", millions(layer["macs"]) if layer["macs"] else "")
        table.add_row(layer["name"], layer["block"], dims(layer["shape"]), *counts, dims(field))
    return table
