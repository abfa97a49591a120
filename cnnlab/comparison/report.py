"""The files of a comparison, in the first sweep's folder: comparison.json, tables as CSV and LaTeX, report.html."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from cnnlab.comparison.comparison import Comparison, compare, record
from cnnlab.comparison.page import page
from cnnlab.comparison.tables import as_csv, as_latex
from cnnlab.errors import Fault, UserError
from cnnlab.tracking.durable import write, write_json
from cnnlab.tracking.plain import finite
from cnnlab.tracking.predictions import inert

COLUMNS = (
    *("status", "test/acc", "test/loss", "best/val_acc", "best/epoch", "params", "macs", "seconds"),
    *("images_per_second", "peak_memory_mb", "threads", "device", "identity", "fingerprint"),
)


def report(folders: Sequence[Path | str], accept: Collection[str] = ()) -> Comparison:
    """Read, judge and write. UserError where the first folder is none, or cannot be written to."""
    folder = Path(folders[0])
    if not folder.is_dir():
        raise UserError(Fault("dir", f"there is no folder {folder}"))
    comparison = compare(folders, accept)
    try:
        write_json(folder / "comparison.json", finite(record(comparison)))
        write(folder / "runs.csv", table(comparison))
        write(folder / "contrasts.csv", as_csv(comparison.judged))
        write(folder / "contrasts.tex", as_latex(comparison.judged))
        write(folder / "report.html", page(comparison))
    except OSError as error:
        raise UserError(
            Fault("dir", f"{folder} cannot be written to: {(error.strerror or str(error)).lower()}")
        ) from None
    return comparison


def table(comparison: Comparison) -> str:
    """A row a run: its folder, the factors, the seed, and what it came to."""
    trials = comparison.ledger.all()
    extra = sorted(
        {key for t in trials for key, value in t.result.items() if "/" in key and _plain(value)} - {*COLUMNS}
    )
    buffer = io.StringIO(newline="")
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(["run", *map(inert, comparison.ledger.factors), "seed", *COLUMNS, *map(inert, extra), "error"])
    for trial in trials:
        facts = {**trial.facts, **trial.result, "status": trial.status, "identity": trial.identity}
        cells = [facts.get(key) for key in (*COLUMNS, *extra)]
        shown = (cell if _plain(cell) else None for cell in cells)
        values = (trial.name, *trial.levels.values(), trial.seed, *shown, trial.error)
        rows.writerow([inert(str(value)) if isinstance(value, str) else value for value in values])
    return buffer.getvalue()


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float)
