"""Records that somebody has cut, edited or filled with rubbish: named, and never a traceback."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import report, text

KEYS = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}
NETWORK = {
    "params": 10, "macs": 20, "input": [1, 2, 2],
    "layers": [{"name": "body.c1", "block": "conv", "shape": [1, 2, 2], "params": 10, "receptive_field": [1, 1]}],
}  # fmt: skip
STUDY = {
    "question": "Which?",
    "tuned": ["optimizer.lr"],
    "claims": [
        {"factor": "model.norm", "arm": "batch", "metric": "epochs to val/acc >= 0.6"},
        {"factor": "model.norm", "arm": "batch", "metric": "layer/body.c1/params"},
        {"factor": "model.norm", "arm": "batch", "metric": "largest optimizer.lr with test/acc >= 0.7", "margin": 1.2},
    ],
}
RUBBISH = (
    None,
    True,
    -1,
    1e308,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "x" * 400,
    "<b>",
    [],
    {},
    [1, None],
    {"a": {}},
    "\ud800",
    "\x00",
    "0.1",
)


def spoilt(value: Any, dice: random.Random) -> Any:
    """`value` with some of it replaced, removed or renamed."""
    if dice.random() < 0.12:
        return dice.choice(RUBBISH)
    match value:
        case dict():
            kept = {key: inner for key, inner in value.items() if dice.random() > 0.06}
            named = {key if dice.random() > 0.03 else f"{key}x": inner for key, inner in kept.items()}
            return {key: spoilt(inner, dice) if dice.random() < 0.3 else inner for key, inner in named.items()}
        case list():
            return [spoilt(inner, dice) if dice.random() < 0.3 else inner for inner in value if dice.random() > 0.05]
    return value if dice.random() < 0.6 else dice.choice(RUBBISH)


@pytest.mark.parametrize("number", range(40))
def test_no_rubbish_in_the_records_stops_the_report(tmp_path: Path, number: int) -> None:
    dice = random.Random(number)

    def end(at: Mapping[str, str]) -> Outcome:
        status = dice.choice(["ok"] * 6 + ["diverged", "failed", None, "waiting"])
        return Outcome(acc=0.8 + dice.gauss(0, 0.01), curve=(0.5, 0.7, 0.8), network=NETWORK, status=status)

    folder = write_sweep(tmp_path / "sweep", KEYS, end, study=STUDY if number % 2 else None)
    files = sorted(folder.glob("*/*.*"))
    for file in dice.sample(files, 8) + [folder / "sweep.json"] * (number % 3 == 0):
        raw = file.read_bytes()
        if dice.random() < 0.3 or file.suffix == ".jsonl":
            file.write_bytes(raw[: dice.randrange(len(raw) + 1)])
        else:
            file.write_text(json.dumps(spoilt(json.loads(raw), dice)))
    found = report([folder])
    Console(file=io.StringIO(), width=80).print(text(found))
    assert json.loads((folder / "comparison.json").read_text())["version"] == 1


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 5_000])
def test_a_number_that_is_none_costs_its_own_run_and_no_other(tmp_path: Path, number: str) -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8, curve=(0.5, 0.7, 0.8), network=NETWORK)

    folder = write_sweep(tmp_path / "sweep", {"model.norm": ["none", "batch"], "seed": ["0", "1", "2"]}, end)
    spoilt_run = sorted(folder.glob("*/result.json"))[0]
    spoilt_run.write_text(spoilt_run.read_text().replace('"status": "ok"', f'"status": "ok", "x": {number}'))
    report([folder])
    found = json.loads((folder / "comparison.json").read_text())
    assert [text for text in found["problems"] if spoilt_run.parent.name in text and number[:20] in text]
    assert (found["runs"]["ok"], found["runs"]["damaged"]) == (5, 1)
    assert {arm["label"]: arm["runs"] for arm in found["arms"]}["norm=none"] == {"ok": 3}
