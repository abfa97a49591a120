"""`task=draw`: the network as a picture, or as a page in which its blocks open."""

from __future__ import annotations

from typing import Any

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Draw(Task):
    """Task that draws a network."""

    name = "draw"
    help = "the network as SVG, opened to draw.depth=0,1,…; format=html: a page in which its blocks open"
    needs = ("shapes",)
    formats = ("html",)

    def run(self, context: TaskContext) -> Exit:
        """Write drawing.svg, or drawing.html; as JSON, show what is drawn."""
        from cnnlab.drawing import svg
        from cnnlab.drawing.columns import drawing
        from cnnlab.drawing.outline import record
        from cnnlab.drawing.page import drawing_page
        from cnnlab.experiment.facts import image_shape
        from cnnlab.network.graph import graph
        from cnnlab.network.outline import outline
        from cnnlab.tracking.durable import write
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, composed = context.run, context.composed
        shape = image_shape(run)
        outlined, counts = outline(run.network, shape), graph(run.network, shape).record()
        if run.top.format == "json":
            print(json_text(record(outlined), indent=2))
            return Exit.DONE
        title, theme = composed.choices["model"], run.top.draw.theme
        depth = None if run.top.draw.depth == "auto" else run.top.draw.depth
        subtitle = heading(counts, run.network.classes, composed.overrides)
        if run.top.format == "html":
            file = context.folder / "drawing.html"
            write(file, drawing_page(title, subtitle, outlined, counts, composed.config["model"], depth, theme))
        else:
            file = context.folder / "drawing.svg"
            write(file, svg.document(drawing(outlined, depth), title, subtitle, theme))
        Output().print(f"{title}: {subtitle}\n  {file}", highlight=False, markup=False, soft_wrap=True)
        return Exit.DONE


def heading(counts: dict[str, Any], classes: int, overrides: list[str]) -> str:
    """What a network takes, tells apart and costs, and how it was changed on the command line."""
    from cnnlab.text import compact, dims

    changed = [text for text in overrides if text.startswith("model.")]
    size = f"{dims(counts['input'])} → {classes} classes"
    return " · ".join([size, f"{compact(counts['params'])} parameters", f"{compact(counts['macs'])} MACs", *changed])
