"""What a network says about images, as a CSV file and as a table for the terminal."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cnnlab.tracking.durable import write
from cnnlab.untrusted.words import clean

IMAGE = 24
"""columns of a terminal that an image's path has at least, before a second class is shown beside the first"""


@dataclass(frozen=True)
class Prediction:
    """One image's name and the probability of each class, in the classes' order."""

    image: str
    probabilities: Sequence[float]

    def top(self, count: int = 1) -> list[tuple[int, float]]:
        """The `count` likeliest classes as (index, probability), the first of equals first."""
        order = sorted(range(len(self.probabilities)), key=lambda index: -self.probabilities[index])
        return [(index, float(self.probabilities[index])) for index in order[:count]]


def write_csv(path: Path | str, predictions: Sequence[Prediction], names: Sequence[str]) -> None:
    """A row an image: image, predicted class, its probability, then the probability of each class of `names`."""
    buffer = io.StringIO(newline="")
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(["image", "predicted", "probability", *map(inert, names)])
    for prediction in predictions:
        ((best, share),) = prediction.top()
        shares = [f"{float(value):.6f}" for value in prediction.probabilities]
        rows.writerow([inert(prediction.image), inert(names[best]), f"{share:.6f}", *shares])
    write(path, buffer.getvalue())


def inert(text: str) -> str:
    """`text` that a spreadsheet shows and does not run as a formula (OWASP, "CSV injection").

    >>> inert("=1+2"), inert("cat"), inert("-")
    ("'=1+2", 'cat', "'-")
    """
    text = text.replace("\r", " ")  # the csv module leaves it unquoted, and readers end the row there
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith("\t") else text


def table(
    predictions: Sequence[Prediction], names: Sequence[str], width: int, *, classes: int = 3, limit: int = 20
) -> Table:
    """The likeliest `classes` of the first `limit` images, for a terminal of `width` columns.

    The likeliest class is always there in full, on several lines where it must be. Where there is no room for all, the
    less likely classes go first, and then the beginnings of the images' paths, which are often the same.
    """
    rows = predictions[:limit]
    cells = [[_share(names[index], p) for index, p in row.top(min(classes, len(names)))] for row in rows]
    widths = [max(map(cell_len, (cell.plain for cell in column))) for column in zip(*cells, strict=True)]
    while len(widths) > 1 and width - _taken(widths) < IMAGE:
        widths.pop()
    room = max(width - _taken(widths), min(IMAGE, width // 3))
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("image", no_wrap=True)
    for rank in range(len(widths)):
        shown.add_column("predicted" if rank == 0 else "then", overflow="fold")
    for prediction, shares in zip(rows, cells, strict=True):
        shown.add_row(_ending(_printable(prediction.image), room), *shares[: len(widths)])
    if len(predictions) > limit:
        shown.caption = escape(f"… and {len(predictions) - limit:,} more")
        shown.caption_justify = "left"
    return shown


def _taken(widths: Sequence[int]) -> int:
    """Columns that those of the classes take, with what parts them from the one before."""
    return sum(max(width, len("predicted")) + 2 for width in widths)


def _ending(text: Text, room: int) -> Text:
    """As much of the end of a path as there is room for: a file's name tells more than its folders."""
    if text.cell_len <= room:
        return text
    plain = text.plain
    while cell_len(plain) > max(room - 1, 1):
        plain = plain[1:]
    return Text(f"…{plain}")


def _share(name: str, probability: float) -> Text:
    return Text.assemble((f"{100 * probability:5.1f} % ", "bold" if probability >= 0.5 else "dim"), _printable(name))


def _printable(text: str) -> Text:
    return Text(clean(text).replace("\n", "?"))  # a Text is no markup: "[red]" stays as it is
