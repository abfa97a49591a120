"""What a network says about images, as a CSV file and as a table for the terminal."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cnnlab.tracking.durable import write
from cnnlab.untrusted.words import clean


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


def table(predictions: Sequence[Prediction], names: Sequence[str], *, classes: int = 3, limit: int = 20) -> Table:
    """The likeliest `classes` of the first `limit` images, for `rich.print`."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("image", overflow="ellipsis", no_wrap=True, ratio=2)
    ranks = min(classes, len(names))
    for rank in range(ranks):
        shown.add_column(("predicted", "then", "then")[min(rank, 2)], overflow="ellipsis", no_wrap=True, ratio=1)
    for prediction in predictions[:limit]:
        shown.add_row(_printable(prediction.image), *(_share(names[index], p) for index, p in prediction.top(ranks)))
    if len(predictions) > limit:
        shown.caption = escape(f"… and {len(predictions) - limit:,} more")
        shown.caption_justify = "left"
    return shown


def _share(name: str, probability: float) -> Text:
    return Text.assemble((f"{100 * probability:5.1f} % ", "bold" if probability >= 0.5 else "dim"), _printable(name))


def _printable(text: str) -> Text:
    return Text(clean(text).replace("\n", "?"))  # a Text is no markup: "[red]" stays as it is
