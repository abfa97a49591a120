"""metrics.csv in a run's folder: its epochs as a table, for spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from cnnlab.tracking.durable import write
from cnnlab.tracking.reader import RunFolder

FILE = "metrics.csv"


class CsvRows:
    """Writes the table of the run in `folder` anew whenever an epoch was recorded; a column for each number."""

    def __init__(self, folder: Path, say: Any):
        self.folder, self.say = folder, say

    def epoch(self, row: dict[str, Any]) -> None:
        rows = RunFolder(self.folder).rows
        columns = list(dict.fromkeys(key for row in rows for key, value in row.items() if _is_cell(value)))
        buffer = io.StringIO(newline="")
        table = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        try:
            write(self.folder / FILE, buffer.getvalue())
        except OSError as error:
            self.say(f"{FILE} is not written: {(error.strerror or str(error)).lower()}")

    def end(self, code: int) -> None:
        """Nothing is left to do: the last epoch has been written."""


def _is_cell(value: object) -> bool:
    return isinstance(value, str | int | float)
