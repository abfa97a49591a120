"""`task=diff`: two networks, block by block."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from cnnlab.cli.narrow import fitting
from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.config.composed import Composed
    from cnnlab.experiment.difference import Difference
    from cnnlab.untrusted.terminal import Output

WIDE = 110
"""columns of a terminal from which on it is said why weights are not taken"""


class Diff(Task):
    """Task that compares the network with another one on the same data."""

    name = "diff"
    help = "against='model=resnet34 model.norm=none': two networks, block by block; format=html: a page"
    needs = ("shapes",)
    formats = ("html",)

    def faults(self, composed: Composed, known: Collection[Fault]) -> Sequence[Fault]:
        """What is wrong with the other network."""
        from cnnlab.cli.other_network import other

        try:
            other(composed, known)
        except UserError as error:
            return error.faults
        return ()

    def run(self, context: TaskContext) -> Exit:
        """Show what differs; as a page, write diff.html."""
        from cnnlab.cli.diff_page import page
        from cnnlab.cli.other_network import other
        from cnnlab.experiment.difference import difference
        from cnnlab.experiment.facts import image_shape
        from cnnlab.tracking.durable import write
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, composed = context.run, context.composed
        against, composed_against = other(composed)
        compared = difference((run.network, image_shape(run)), (against.network, image_shape(against)))
        names = network_words(composed), network_words(composed_against)
        if run.top.format == "json":
            print(json_text({"this": names[0], "against": names[1], **compared.record()}, indent=2))
            return Exit.DONE
        console = Output()
        show(compared, names, console)
        if run.top.format == "html":
            file = context.folder / "diff.html"
            write(file, page(compared, names, (run, against), run.top.draw.theme))
            console.print(f"  {file}", highlight=False, markup=False, soft_wrap=True)
        return Exit.DONE


def network_words(composed: Composed) -> str:
    """A network as a command line would have it.

    >>> from cnnlab.config.composed import Composed
    >>> network_words(Composed(choices={"model": "lenet"}, overrides=["model=lenet", "model.norm=batch", "seed=1"]))
    'lenet model.norm=batch'
    """
    changed = [word for word in composed.overrides if re.match(r"[~+]*(model\.|blocks|data\b)", word)]
    return " ".join([composed.choices["model"], *changed])


HEADINGS: tuple[str, ...] = ("block", "settings", "output", "parameters", "MACs", "sees", "its weights")
LEFT = ("block", "settings", "its weights")
FIRST_TO_GO = ("its weights", "sees", "MACs", "output")
"""columns that a narrow terminal has no room for, in this order"""


def show(difference: Difference, names: tuple[str, str], console: Output) -> None:
    """The blocks that differ as a table, the others counted, and the totals."""
    from rich.table import Table
    from rich.text import Text

    from cnnlab.experiment.difference_text import table_rows, totals
    from cnnlab.untrusted.words import clean

    title = Text(clean(f"{names[0]} → {names[1]}"))
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    rows = [[clean(cell) for cell in row] for row in table_rows(difference)]
    if console.width < WIDE:
        rows = [[*cells, weights.partition(";")[0]] for *cells, weights in rows]
    columns = dict(zip(HEADINGS, zip(*rows, strict=True), strict=True)) if rows else {}
    for heading, room in fitting(columns, console.width, FIRST_TO_GO, wrapping=True).items():
        justify = "left" if heading in LEFT else "right"
        whole = max(map(len, columns[heading])) <= room  # else rich takes room from it, and gives it back too late
        table.add_column(heading, justify=justify, min_width=min(room, console.width), overflow="fold", no_wrap=whole)
    for row in rows:
        cells = dict(zip(HEADINGS, row, strict=True))
        table.add_row(*(Text(cells[str(column.header)]) for column in table.columns))
    if table.row_count:
        console.print(table)
    for sentence in totals(difference):
        console.say(sentence)
