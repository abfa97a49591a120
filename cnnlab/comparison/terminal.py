"""The verdict in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cnnlab.comparison import wording
from cnnlab.comparison.comparison import STATES, Comparison
from cnnlab.comparison.judge import by_family, failed_controls
from cnnlab.comparison.verdicts import SIGNS, TONES, Verdict
from cnnlab.text import plural
from cnnlab.untrusted.words import clean

STYLE = {"supported": "bold green", "refuted": "bold magenta", "inconclusive": "bold yellow"}

TITLES = {
    "controls": "Controls: must come out supported",
    "claims": "Claims",
    "interactions": "Does one depend on the other?",
    "divergence": "Runs that diverged",
    "equal settings": "At equal settings (beside the tuned verdict)",
}


def text(comparison: Comparison) -> RenderableType:
    """The arms, every verdict in a sentence, what failed, and where the page is."""
    parts: list[RenderableType] = [Text(""), _arms(comparison), Text(comparison.majority or "", style="dim")]
    if comparison.majority:
        parts.append(Text(""))
    if comparison.study.question:
        parts.append(Text(clean(comparison.study.question), style="bold"))
    if failed := failed_controls(comparison.judged):
        parts.append(Text(f"{plural(len(failed), 'control')} did not come out: "
                          "this study could not have seen what it is about.", style="bold red"))  # fmt: skip
    families = by_family(comparison.judged)
    for family, some in families.items():
        if len(families) > 1:
            parts.append(Text(TITLES[family], style="bold"))
        parts += [_verdict(verdict) for verdict in some]
    if not families:
        parts.append(Text(comparison.headline))
    parts += _lines(comparison)
    return Group(*parts)


def _arms(comparison: Comparison) -> Table:
    metric = comparison.metrics[0]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("arm", overflow="fold")
    for heading in (metric.words, "95 % interval", "runs"):
        table.add_column(heading, justify="right")
    for arm in comparison.arms:
        mean = "–" if arm.mean is None else wording.at_least(metric, arm.mean, arm.beyond(metric))
        bounds = "–" if (interval := arm.interval(metric)) is None else wording.span(metric, interval)
        others = [f"{arm.counts[state]} {state}" for state in STATES[1:] if arm.counts[state]]
        table.add_row(
            clean(arm.label), mean, "" if metric.exact else bounds, ", ".join([str(arm.counts["ok"]), *others])
        )
    return table


def _verdict(verdict: Verdict) -> RenderableType:
    word = verdict.word
    lines = Text.assemble(
        (f"{SIGNS.get(word, '–')} {word}", STYLE.get(TONES.get(word, ""), "bold" if verdict.answer else "dim")),
        (" so far" if verdict.provisional else "", "dim"),
        f"  {clean(verdict.claim)}\n",
        (clean(verdict.sentence), "dim" if verdict.answer is None else ""),
    )
    return Padding(lines, (0, 0, 0, 2))


def _lines(comparison: Comparison) -> Iterator[RenderableType]:
    if comparison.looking:
        yield Text(f"  {comparison.looking}", style="dim")
    for trial in comparison.ledger.all():
        if trial.status in ("failed", "diverged", "interrupted", "damaged"):
            yield Text(clean(f"  {trial.status}: {trial.name}  {trial.error[:160]}".rstrip()), style="yellow")
    for problem in comparison.problems[:8]:
        yield Text(clean(f"  record: {problem}"), style="yellow")
    if len(comparison.problems) > 8:
        yield Text(f"  … and {len(comparison.problems) - 8} more about records, on the page", style="yellow")
    yield Text(clean(f"\n  page  {comparison.page}"))
