"""metrics.csv: the epochs of a run as a spreadsheet reads them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from tiny_run import SMALL

from cnnlab.tracking.csv_rows import CsvRows


def test_the_table_has_a_row_an_epoch_with_its_numbers(cnnlab: Callable[..., int], no_pictures: None) -> None:
    assert cnnlab(*SMALL, "data.subset=100", "logger=csv", "hydra.run.dir=out") == 0
    rows = [json.loads(line) for line in Path("out/metrics.jsonl").read_text().splitlines()]
    with Path("out/metrics.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["val/acc"]) for row in table] == [row["val/acc"] for row in rows]
    assert [int(row["epoch"]) for row in table] == [1, 2]


def test_a_table_that_cannot_be_written_is_said_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").mkdir()
    said: list[str] = []
    CsvRows(tmp_path, said.append).epoch({"epoch": 1})
    assert len(said) == 1
    assert said[0].startswith("metrics.csv is not written: ")
