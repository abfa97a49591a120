"""The charts of the arms: every run a dot, paired differences by seed, cost against accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnnlab.comparison import wording
from cnnlab.comparison.claim_text import margin_text
from cnnlab.comparison.comparison import Arm, Comparison
from cnnlab.comparison.metrics import Quantity
from cnnlab.comparison.verdicts import Verdict
from cnnlab.pages.charts import (
    AxisScale,
    chart,
    figure,
    interval_bar,
    line,
    mark,
    series,
    spread,
    text,
    tick_label,
    x_axis,
    y_axis,
)
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import table
from cnnlab.text import percent, shortened

MOST_ARMS = 40
"""more rows than that no eye compares"""
LABEL = 32
"""characters of an arm's name beside a row"""


def axis(metric: Quantity) -> Callable[[float], str]:
    return percent if metric.unit == "points" else tick_label


def dots(comparison: Comparison, metric: Quantity) -> Markup | None:
    """Every run's number, an arm a row, with the mean and its interval."""
    read = [(place, arm, arm.read(metric)) for place, arm in enumerate(comparison.arms[:MOST_ARMS])]
    values = [value for _, _, numbers in read for value in numbers.values()]
    if not values:
        return None
    step, top, width = 46, 12, 760
    start = 24 + min(230, 7.2 * max(len(shortened(arm.label, LABEL)) for _, arm, _ in read))
    base = top + step * len(read)
    bounds = [end for _, arm, _ in read if (interval := arm.interval(metric)) for end in interval]
    near = [end for end in bounds if min(values) - _range(values) <= end <= max(values) + _range(values)]
    scale = spread([*values, *near], start, width - 96)
    rows = [
        _row(arm, place, numbers, metric, scale, top + step * (index + 0.5), width)
        for index, (place, arm, numbers) in enumerate(read)
    ]
    summary = f"{metric.words}, every run a dot: " + "; ".join(_summary(arm, metric) for _, arm, _ in read[:12])
    picture = chart(width, base + 44, summary, x_axis(scale, top, base, metric.words, axis(metric)), rows)
    note = "counts" if metric.exact else "each dot a seed; the bar is the mean with its 95 % interval (Student's t)"
    if len(comparison.arms) > MOST_ARMS:
        note += f"; the first {MOST_ARMS} of {len(comparison.arms)} arms, as listed"
    return figure(f"{wording.capital(metric.words)}, run by run", picture, note, _dots_table(read, metric))


def _row(
    arm: Arm, place: int, numbers: Mapping[str, float], metric: Quantity, scale: AxisScale, y: float, width: float
):
    values = list(numbers.values())
    parts: list[Content] = [text(scale.start - 14, y + 4, shortened(arm.label, LABEL), anchor="end", class_="name")]
    parts.append(line(scale.start, y, scale.end, y, class_="rail"))
    for index, (seed, value) in enumerate(numbers.items()):
        center = y - 7 + 14 * (index + 0.5) / len(numbers) if len(numbers) > 1 else y
        hover = f"{arm.label}, seed {seed}\n{wording.value(metric, value)}"
        parts.append(mark(place, scale(value), center - 6, 4, class_="dot", data_t=hover))
    if interval := arm.interval(metric):
        hover = f"{arm.label}: mean of {len(values)}\n{_summary(arm, metric)}"
        parts.append(interval_bar(scale, interval, y + 10, class_="bar", data_t=hover))
    if values:
        mean = scale(sum(values) / len(values))
        parts.append(line(mean, y + 4, mean, y + 16, class_="mean", data_t=_summary(arm, metric)))
    ended = [
        f"{arm.counts[s]} {s}" for s in ("diverged", "failed", "interrupted", "running", "waiting") if arm.counts[s]
    ]
    parts += [text(width - 88, y - 2 + 14 * index, words, class_="end") for index, words in enumerate(ended[:2])]
    return tag("g", parts, class_=series(place))


def _summary(arm: Arm, metric: Quantity) -> str:
    values = list(arm.read(metric).values())
    if not values:
        return f"{arm.label} has none"
    mean = wording.at_least(metric, sum(values) / len(values), arm.beyond(metric))
    interval = arm.interval(metric)
    bounds = f", 95 % interval {wording.span(metric, interval)}" if interval else ""
    return f"{arm.label} {mean}{bounds}, n = {len(values)}"


def _dots_table(read: Sequence[tuple[int, Arm, Mapping[str, float]]], metric: Quantity) -> Markup:
    seeds = list(dict.fromkeys(seed for _, _, numbers in read for seed in numbers))[:30]
    rows = [
        [arm.label, *(wording.value(metric, numbers[seed]) if seed in numbers else "–" for seed in seeds)]
        for _, arm, numbers in read
    ]
    return table(["arm", *(f"seed {seed}" for seed in seeds)], rows)


def differences(judged: Sequence[Verdict], verdict: Verdict) -> Markup | None:
    """One claim's paired differences, a dot a seed, over the zone that does not count, on the axis of its metric."""
    if verdict.estimate is None or verdict.interval is None:
        return None
    metric, estimate, interval = verdict.question.metric, verdict.estimate, verdict.interval
    alike = [other for other in judged if other.estimate and _same(other.question.metric, metric)]
    seen = [pair.difference for other in alike for pair in other.numbers.pairs]
    zone = [verdict.margin, -verdict.margin] if verdict.margin and verdict.margin < 4 * _range([*seen, 0.0]) else []
    reach = max(abs(v) for v in (*seen, *zone)) or 1.0
    bounds = [end for other in alike if other.interval for end in other.interval.ends]
    scale = spread([*seen, *zone, 0.0, *(v for v in bounds if abs(v) <= 2.2 * reach)], 16, 464)
    base, middle = 58, 30

    def label(value: float) -> str:
        return wording.difference(metric, value).partition(" ")[0]

    parts: list[Content] = []
    if verdict.margin:
        low, high = (min(max(scale(v), 16), 464) for v in (-verdict.margin, verdict.margin))
        hover = f"differences within {margin_text(verdict.question)} do not count"
        parts.append(tag("rect", x=low, y=8, width=max(high - low, 1), height=base - 8, class_="zone", data_t=hover))
    parts += [x_axis(scale, 8, base, "", label), line(scale(0), 4, scale(0), base, class_="zero")]
    hover = f"{interval.percent} interval {wording.between(metric, interval.low, interval.high)}"
    parts.append(interval_bar(scale, (interval.low, interval.high), middle + 12, class_="bar", data_t=hover))
    mean_hover = f"mean {wording.difference(metric, estimate.mean)}"
    parts.append(
        line(scale(estimate.mean), middle + 5, scale(estimate.mean), middle + 19, class_="mean", data_t=mean_hover)
    )
    for pair in verdict.numbers.pairs:
        other = "" if pair.reference is None else f" against {wording.value(metric, pair.reference)}"
        hover = (
            f"seed {pair.seed}: {wording.difference(metric, pair.difference)}\n{wording.value(metric, pair.arm)}{other}"
        )
        parts.append(tag("circle", cx=scale(pair.difference), cy=middle - 8, r=4, class_="dot", data_t=hover))
    amounts = ", ".join(wording.difference(metric, pair.difference) for pair in verdict.numbers.pairs[:12])
    summary = f"paired differences by seed: {amounts}"
    return chart(480, base + 22, summary, parts)


def _same(metric: Quantity, other: Quantity) -> bool:
    return (metric.text, metric.log) == (other.text, other.log)


def cost(comparison: Comparison, metric: Quantity, price: Quantity, words: str) -> Markup | None:
    """An arm's mean number over what it costs."""
    read = []
    for place, arm in enumerate(comparison.arms[:MOST_ARMS]):
        prices, values = list(arm.read(price).values()), list(arm.read(metric).values())
        if prices and values and min(prices) > 0:
            read.append((place, arm, sum(prices) / len(prices), values))
    prices = [price_ for _, _, price_, _ in read]
    if len(prices) < 2 or max(prices) < 1.02 * min(prices):  # all cost the same, as far as an eye could tell
        return None
    width, height, start = 480, 300, 62
    x = spread(prices, start + 10, width - 24, log=max(prices) / min(prices) > 4, pad=0.1)
    interval_ends = [end for _, arm, *_ in read for end in arm.interval(metric) or ()]
    means = [sum(values) / len(values) for *_, values in read]
    room = 2 * (_range(means) or max(means) * 0.1)
    y = spread([*means, *(e for e in interval_ends if min(means) - room <= e <= max(means) + room)], height - 44, 34)
    parts: list[Content] = [
        x_axis(x, 30, height - 44, words, tick_label, 4),
        y_axis(y, start, width - 8, metric.words, axis(metric)),
    ]
    for place, arm, price_, values in read:
        mean, across = sum(values) / len(values), x(price_)
        hover = f"{arm.label}\n{tick_label(price_)} {words}\n{_summary(arm, metric)}"
        bar = None
        if bounds := arm.interval(metric):
            bar = interval_bar(y, bounds, across, upright=True, class_="bar thin")
        near = across > width - 110
        anchor, beside = ("end", across - 10) if near else ("start", across + 10)
        label = text(beside, y(mean) - 8, shortened(arm.label, 22), anchor=anchor, class_="name")
        dot = mark(place, across, y(mean), 5.5, class_="dot", data_t=hover)
        parts.append(tag("g", bar, dot, label if len(read) <= 12 else None, class_=series(place)))
    rows = [
        [arm.label, tick_label(price_), wording.at_least(metric, sum(v) / len(v), arm.beyond(metric))]
        for _, arm, price_, v in read
    ]
    picture = chart(
        width, height, f"{metric.words} over {words}: " + "; ".join(" ".join(row) for row in rows[:12]), parts
    )
    return figure(
        f"{wording.capital(metric.words)} over {words}", picture, "", table(["arm", words, metric.words], rows)
    )


def _range(values: Sequence[float]) -> float:
    return max(values) - min(values)
