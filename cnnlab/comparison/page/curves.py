"""Learning curves: the mean of an arm's runs over epochs, the band that they span, each run a thin line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cnnlab.comparison.comparison import Arm, Comparison
from cnnlab.pages.charts import AxisScale, chart, figure, line, points, series, tick_label, x_axis, y_axis
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import table
from cnnlab.text import percent
from cnnlab.tracking.reader import is_number

MOST_ARMS = 10
MOST_RUNS = 60
"""thin lines beyond that are neither told apart nor small"""
MOST_POINTS = 120

SHOWN = (("val/acc", "validation accuracy"), ("train/loss", "training loss"), ("val/loss", "validation loss"))


def curves(comparison: Comparison) -> list[Markup]:
    """The charts of what the epochs' rows hold, the first MOST_ARMS arms in each."""
    metrics = [verdict.question.metric for verdict in comparison.judged]
    keys = dict(SHOWN) | {m.threshold[0].text: m.threshold[0].words for m in metrics if m.threshold and m.clock}
    return [picture for key, words in keys.items() if (picture := _chart(comparison, key, words))][:4]


def _chart(comparison: Comparison, key: str, words: str) -> Markup | None:
    read = [(place, arm, _runs(arm, key)) for place, arm in enumerate(comparison.arms[:MOST_ARMS])]
    read = [(place, arm, runs) for place, arm, runs in read if runs]
    every = [value for _, _, runs in read for run in runs for _, value in run]
    if not every or max(epoch for _, _, runs in read for run in runs for epoch, _ in run) < 2:
        return None
    width, height, start = 480, 320, 62
    last = max(epoch for _, _, runs in read for run in runs for epoch, _ in run)
    x = AxisScale(0, last, start + 4, width - 16)
    share = key.endswith("acc")
    low, high = min(every), _robust_top(every) if not share else max(every)
    y = AxisScale(low - (high - low) * 0.04, high + (high - low or 0.1) * 0.06, height - 48, 34)
    thin = sum(len(runs) for _, _, runs in read) <= MOST_RUNS
    parts: list[Content] = [
        x_axis(x, 30, height - 48, "epoch", lambda v: tick_label(v) if v == int(v) else ""),
        y_axis(y, start, width - 8, words, percent if share else tick_label),
    ]
    curves_data = []
    for place, arm, runs in read:
        means = _summary(runs)
        single = [_path(run, x, y, "run") for run in runs] if thin else None
        mean = _path([(e, m) for e, m, _, _ in means], x, y, f"curve dash{place % 4}")
        parts.append(tag("g", _band(means, x, y), single, mean, class_=series(place)))
        curves_data.append({"name": arm.label, "at": {e: [m, lo, hi] for e, m, lo, hi in means}})
    data = json.dumps({"percent": share, "series": curves_data}, default=float)
    summary = f"{words} over epochs: " + "; ".join(_first_to_last(arm, runs, share) for _, arm, runs in read)
    cross = line(0, 30, 0, height - 48, class_="cross")
    picture = chart(
        width, height, summary, parts, cross, data_curves=data, data_left=x.start, data_right=x.end, data_last=last
    )
    rows = [[arm.label, *(_shown(m, share) for _, m, _, _ in _few(_summary(runs)))] for _, arm, runs in read]
    headings = [
        f"epoch {epoch}" for epoch, *_ in _few(_summary(max((r for *_, r in read), key=lambda r: len(_summary(r)))))
    ]
    return figure(
        words[:1].upper() + words[1:], picture, "mean, and the range of the seeds", table(["arm", *headings], rows)
    )


def _runs(arm: Arm, key: str) -> list[list[tuple[int, float]]]:
    read = ([(int(row["epoch"]), float(row[key])) for row in t.rows if is_number(row.get(key))] for t in arm.trials)
    return [run for run in read if run]


def _summary(runs: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float, float, float]]:
    """(epoch, mean, lowest, highest) of the runs that got there, at MOST_POINTS epochs at the most."""
    by_epoch: dict[int, list[float]] = {}
    for run in runs:
        for epoch, value in run:
            by_epoch.setdefault(epoch, []).append(value)
    step = -(-len(by_epoch) // MOST_POINTS)
    epochs = sorted(by_epoch)
    kept = [epoch for index, epoch in enumerate(epochs) if index % step == 0 or epoch == epochs[-1]]
    return [(e, sum(by_epoch[e]) / len(by_epoch[e]), min(by_epoch[e]), max(by_epoch[e])) for e in kept]


def _band(means: Sequence[tuple[int, float, float, float]], x: AxisScale, y: AxisScale) -> Markup:
    up = [(x(epoch), _within(y(high), y)) for epoch, _, _, high in means]
    down = [(x(epoch), _within(y(low), y)) for epoch, _, low, _ in reversed(means)]
    return tag("polygon", points=points([*up, *down]), class_="band")


def _path(run: Sequence[tuple[int, float]], x: AxisScale, y: AxisScale, kind: str) -> Markup:
    step = -(-len(run) // MOST_POINTS)
    kept = [pair for index, pair in enumerate(run) if index % step == 0 or index == len(run) - 1]
    return tag("polyline", points=points((x(epoch), _within(y(value), y)) for epoch, value in kept), class_=kind)


def _within(value: float, y: AxisScale) -> float:
    return min(max(value, min(y.start, y.end)), max(y.start, y.end))


def _robust_top(values: Sequence[float]) -> float:
    """A loss that shoots up in one run must not flatten all others: the 97th percentile, with room."""
    ranked = sorted(values)
    usual = ranked[int(0.97 * (len(ranked) - 1))]
    return min(ranked[-1], usual + 0.5 * (usual - ranked[0]))


def _few(means: Sequence[tuple[int, float, float, float]]) -> list[tuple[int, float, float, float]]:
    step = max(1, -(-len(means) // 10))
    return [mean for index, mean in enumerate(means) if index % step == 0 or index == len(means) - 1]


def _first_to_last(arm: Arm, runs: Sequence[Sequence[tuple[int, float]]], share: bool) -> str:
    means = _summary(runs)
    return f"{arm.label} from {_shown(means[0][1], share)} to {_shown(means[-1][1], share)}"


def _shown(value: float, share: bool) -> str:
    return percent(value) if share else tick_label(value)
