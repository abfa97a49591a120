"""What a metric's text reads from a run, and how it is to be compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cnnlab.comparison.metrics import Reading, parse, unknown
from cnnlab.comparison.trial import Trial

CURVE = (0.3, 0.6, 0.85, 0.8)
ROWS = tuple(
    {"epoch": epoch, "step": 79 * epoch, "val/acc": acc, "val/loss": 1 - acc, "seconds": 2.5}
    for epoch, acc in enumerate(CURVE, start=1)
)
LAYERS = [
    {"name": "body.c1", "block": "conv", "params": 20, "macs": 400, "shape": [6, 24, 22], "receptive_field": [5, 3]},
    {"name": "body.c2", "block": "conv", "params": 30, "macs": 900, "shape": [16, 8, 7], "receptive_field": [14, 12]},
    {"name": "head.fc", "block": "linear", "params": 50, "macs": 50, "shape": [10]},
]


def run(status: Any = "ok", rows: Any = ROWS, max_epochs: int = 4, **result: Any) -> Trial:
    result = {"test/acc": 0.81, "best/epoch": 3, "seconds": 10.0, "params": 100, "macs": 1350, **result}
    network, config = {"params": 100, "layers": LAYERS}, {"trainer": {"max_epochs": max_epochs}}
    return Trial(Path("run"), "run", {}, "0", status, result=result, rows=rows, network=network, config=config)


READ: list[tuple[str, Trial, Reading | None]] = [
    ("test/acc", run(), Reading(0.81)),
    ("test/acc", run("diverged"), None),
    ("test/acc", run(**{"test/acc": "high"}), None),
    ("test/per_class/Ankle boot", run(**{"test/per_class": {"Ankle boot": 0.9, "Bag": None}}), Reading(0.9)),
    ("test/per_class/Bag", run(**{"test/per_class": {"Ankle boot": 0.9, "Bag": None}}), None),
    ("test/per_class/Bag", run("failed", **{"test/per_class": {"Bag": 0.9}}), None),
    ("val/per_class/T-shirt/top", run(**{"val/per_class": {"T-shirt/top": 0.5}}), Reading(0.5)),
    ("val/per_class/cat", run(**{"val/per_class": 3}), None),
    ("test/per_class/a / test/per_class/b", run(**{"test/per_class": {"a": 0.2, "b": 0.4}}), Reading(0.5)),
    ("params", run("failed"), Reading(100)),
    ("diverged", run(), Reading(0)),
    ("diverged", run("diverged"), Reading(1)),
    ("diverged", run("failed"), None),
    ("mean:val/acc", run(), Reading(pytest.approx(0.6375))),
    ("first:val/acc", run(), Reading(0.3)),
    ("last:val/acc", run(), Reading(0.8)),
    ("max:val/acc", run(), Reading(0.85)),
    ("min:val/loss", run(), Reading(pytest.approx(0.15))),
    ("last:val/acc", run("diverged"), None),
    ("epochs to val/acc >= 0.6", run(), Reading(2)),
    ("epochs to val/acc>=0.61", run(), Reading(3)),
    ("steps to val/acc >= 0.6", run(), Reading(158)),
    ("seconds to val/acc >= 0.6", run(), Reading(5)),
    ("epochs to val/loss <= 0.4", run(), Reading(2)),
    ("epochs to val/acc >= 0.9", run(), Reading(4, censored=True)),
    ("steps to val/acc >= 0.9", run(), Reading(316, censored=True)),
    ("seconds to val/acc >= 0.9", run(), Reading(10, censored=True)),
    ("epochs to val/acc >= 0.6", run("diverged"), Reading(2)),
    ("epochs to val/acc >= 0.9", run("diverged", max_epochs=30), Reading(30, censored=True)),
    ("seconds to val/acc >= 0.9", run("diverged"), None),
    ("epochs to val/acc >= 0.6", run("interrupted"), None),
    ("epochs to val/acc >= 0.9", run("interrupted"), None),
    ("epochs to val/acc >= 0.9", run(rows=()), None),
    ("macs / params", run(), Reading(13.5)),
    ("macs / params", run(params=0), None),
    ("macs / params / best/epoch", run(), Reading(4.5)),
    ("epochs to val/acc >= 0.9 / params", run(), Reading(0.04, censored=True)),
    ("seconds / test/acc", run("failed"), None),
    ("layer/body/params", run(), Reading(50)),
    ("layer/body/macs", run(), Reading(1300)),
    ("layer/body/share", run(), Reading(0.5)),
    ("layer/body.c1/channels", run(), Reading(6)),
    ("layer/body.c1/rows", run(), Reading(24)),
    ("layer/body.c1/columns", run(), Reading(22)),
    ("layer/body/rows", run(), Reading(8)),
    ("layer/body/receptive_field", run(), Reading(14)),
    ("layer/first:conv/params", run(), Reading(20)),
    ("layer/last:conv/params", run(), Reading(30)),
    ("layer/head.fc/rows", run(), None),
    ("layer/bod/params", run(), None),
    ("layer/first:pool/params", run(), None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "trial", "wanted"), READ, ids=lambda value: value if isinstance(value, str) else "")
def test_a_run_reads_as_its_metric_says(text: str, trial: Trial, wanted: Reading | None) -> None:
    assert parse(text).read(trial) == wanted


WRONG: list[tuple[str, str]] = [
    ("epochs to target", "'epochs to target' needs the study's target, a validation accuracy"),
    ("epochs to val/acc >= nan", "'nan' is no number to reach"),
    ("means:val/acc", "there is no reduction 'means' of the epochs' rows; did you mean 'mean'?"),
    ("layer/body.c1/chanels", "'layer/body.c1/chanels' should be layer/NAME/WHAT; did you mean 'channels'?"),
    ("params / epochs to val/acc >= 0.9",
     "'params / epochs to val/acc >= 0.9' divides by what a run may never reach; "
     "turn it round: 'epochs to val/acc >= 0.9 / params'"),
    ("largest lr with test/acc >= 0.5 / params",
     "'largest lr with test/acc >= 0.5' is no number of one run, which a quotient is made of"),
    ("params / largest lr with test/acc >= 0.5",
     "'largest lr with test/acc >= 0.5' is no number of one run, which a quotient is made of"),
    ("largest lr with largest width with test/acc >= 0.5 >= 2",
     "'largest width with test/acc >= 0.5' is no number of one run, which a threshold is held against"),
    ("test acc", "'test acc' is no metric; examples: test/acc, 'epochs to val/acc >= 0.8', mean:train/loss, params"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_no_metric_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(text)


def test_a_target_is_the_studys() -> None:
    metric = parse("epochs to target", target=0.75)
    assert (metric.text, metric.words) == ("epochs to val/acc >= 0.75", "epochs to validation accuracy ≥ 0.75")


@pytest.mark.parametrize(
    ("text", "unit", "margin", "better", "exact", "resolution"),
    [
        ("test/acc", "points", 0.01, 1, False, None),
        ("best/val_acc", "points", 0.01, 1, False, None),
        ("gap/acc", "points", 0.01, -1, False, None),
        ("shift/agree_2", "points", 0.01, 1, False, None),
        ("test/loss", "", None, -1, False, None),
        ("seconds", "s", None, -1, False, None),
        ("images_per_second", "", None, 1, False, None),
        ("peak_memory_mb", "MiB", None, -1, False, None),
        ("peak_gpu_memory_mb", "MiB", None, -1, False, None),
        ("best/epoch", "epochs", 1.0, 0, False, 1.0),
        ("params", "", None, -1, True, 1.0),
        ("layer/body/share", "points", None, 0, True, 0.0),
        ("last:val/acc", "points", 0.01, 1, False, None),
        ("diverged", "points", None, -1, False, 0.0),
        ("epochs to val/acc >= 0.8", "epochs", 1.0, -1, False, 1.0),
        ("steps to val/acc >= 0.8", "steps", None, -1, False, None),
        ("seconds to val/acc >= 0.8", "s", None, -1, False, 0.0),
        ("macs / params", "", None, 0, True, 0.0),
        ("seconds / params", "", None, 0, False, 0.0),
    ],
)
def test_a_metric_knows_its_unit_margin_and_better_end(
    text: str, unit: str, margin: float | None, better: int, exact: bool, resolution: float | None
) -> None:
    found = parse(text)
    assert (found.unit, found.margin, found.better) == (unit, margin, better)
    assert (found.exact, found.resolution) == (exact, resolution)


def test_the_largest_of_a_factor_is_a_ratio_and_carries_what_is_to_be_reached() -> None:
    found = parse("largest optimizer.lr with epochs to val/acc >= 0.8 <= 5")
    assert found.threshold
    assert (found.collapses, found.log, found.margin) == ("optimizer.lr", True, 1.1)
    assert (found.threshold[0].text, *found.threshold[1:]) == ("epochs to val/acc >= 0.8", False, 5)
    assert found.words == "largest optimizer.lr with epochs to validation accuracy ≥ 0.8 ≤ 5"


def test_on_a_log_scale_points_and_seconds_are_ratios_of_at_least_a_tenth() -> None:
    found = parse("test/acc", ratio=True)
    assert (found.log, found.unit, found.margin, found.resolution) == (True, "", 1.1, 0.0)


def test_keys_that_no_run_records_are_named_and_those_measured_on_demand() -> None:
    assert unknown("gap/acc", []) == "gap/acc is measured only where the study's metrics name gap"
    assert unknown("largest optimizer.lr with shift/acc_1 >= 0.5", []) is not None
    assert unknown("gap/acc", ["gap"]) is None
    assert unknown("peramas", []) == "no run records 'peramas'; did you mean 'params'?"
    assert all(unknown(text, []) is None for text in ("diverged", "mean:val/acc", "layer/body/rows", "macs / params"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean:train/foo", "no epoch records 'train/foo'; did you mean 'train/loss'?"),
        ("epochs to val/ac >= 0.5", "no epoch records 'val/ac'; did you mean 'val/acc'?"),
        ("steps to val/loss <= 0.5", None),
        ("last:lr", None),
        ("params / mean:sceonds", "no epoch records 'sceonds'; did you mean 'seconds'?"),
        ("last:grad/body.c1", "grad/body.c1 is measured only where the study's metrics name gradients"),
    ],
)
def test_keys_that_no_epoch_records_are_named_before_anything_is_trained(text: str, said: str | None) -> None:
    assert unknown(text, ()) == said
