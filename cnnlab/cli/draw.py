"""`task=draw`: the network as a picture, or as a page in which its blocks open."""

from __future__ import annotations

from pathlib import Path

from cnnlab.cli.output import Output
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.door.words import json_text
from cnnlab.errors import Exit
from cnnlab.text import compact, dims
from cnnlab.tracking.durable import write


def draw(run: Run, composed: Composed, folder: Path) -> Exit:
    """Write drawing.svg, or drawing.html; as JSON, show what is drawn."""
    from cnnlab.drawing import svg
    from cnnlab.drawing.columns import drawing
    from cnnlab.drawing.outline import record
    from cnnlab.drawing.page import drawing_page
    from cnnlab.experiment.facts import image_shape
    from cnnlab.network.graph import graph
    from cnnlab.network.outline import outline

    shape = image_shape(run)
    found, counts = outline(run.network, shape), graph(run.network, shape)
    if run.top.format == "json":
        print(json_text(record(found), indent=2))
        return Exit.DONE
    title, theme = composed.choices["model"], run.top.draw.theme
    depth = None if run.top.draw.depth == "auto" else run.top.draw.depth
    subtitle = heading(counts.record(), run.network.classes, composed.overrides)
    if run.top.format == "html":
        file = folder / "drawing.html"
        write(file, drawing_page(title, subtitle, found, counts.record(), composed.config["model"], depth, theme))
    else:
        file = folder / "drawing.svg"
        write(file, svg.document(drawing(found, depth), title, subtitle, theme))
    Output().print(f"{title}: {subtitle}\n  {file}", highlight=False, markup=False, soft_wrap=True)
    return Exit.DONE


def heading(counts: dict, classes: int, overrides: list[str]) -> str:
    """What a network takes, tells apart and costs, and how it was changed on the command line."""
    changed = [text for text in overrides if text.startswith("model.")]
    said = [
        f"{dims(counts['input'])} → {classes} classes",
        f"{compact(counts['params'])} parameters",
        f"{compact(counts['macs'])} MACs",
    ]
    return " · ".join([*said, *changed])
