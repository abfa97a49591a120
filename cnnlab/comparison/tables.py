"""The verdicts as tables to take away: contrasts.csv, and contrasts.tex with rules of booktabs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from cnnlab.comparison import wording
from cnnlab.comparison.mean_verdicts import MeanVerdict
from cnnlab.comparison.verdicts import Verdict
from cnnlab.tracking.predictions import inert

HEADINGS = ("claim", "verdict", "difference", "interval", "level", "seeds", "p")
SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "×": r"$\times$",
    "≥": r"$\geq$", "≤": r"$\leq$", **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip


def rows(verdicts: Sequence[Verdict]) -> list[list[str]]:
    """A row a verdict, as HEADINGS; p is corrected where several claims are read together."""
    table = []
    for verdict in verdicts:
        shown = ["", "", ""]
        if verdict.interval and verdict.mean is not None:
            metric, interval = verdict.question.metric, verdict.interval
            between = wording.between(metric, interval.low, interval.high)
            shown = [wording.difference(metric, verdict.mean), between, interval.percent]
        p = ""
        if isinstance(verdict, MeanVerdict):
            evidence = verdict.evidence
            p = wording.bare_probability(
                evidence.corrected_refuted if verdict.answer == "refuted" else evidence.corrected_supported
            )
        table.append([verdict.claim, verdict.word, *shown, str(len(verdict.numbers.pairs)), p])
    return table


def as_csv(verdicts: Sequence[Verdict]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows([inert(claim), *cells] for claim, *cells in rows(verdicts))
    return buffer.getvalue()


def as_latex(verdicts: Sequence[Verdict]) -> str:
    """For a document that uses the package booktabs."""
    lines = [[escaped(cell) for cell in row] for row in (HEADINGS, *rows(verdicts))]
    head, *body = (" & ".join(row) + r" \\" for row in lines)
    rules = [r"\begin{tabular}{llrrrrr}", r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join(rules) + "\n"


def escaped(text: str) -> str:
    """
    >>> print(escaped("act=relu_6 is −1 % of {x}"))
    act=relu\\_6 is $-$1 \\% of \\{x\\}
    """
    return re.sub("|".join(map(re.escape, SPECIAL)), lambda sign: SPECIAL[sign[0]], text)
