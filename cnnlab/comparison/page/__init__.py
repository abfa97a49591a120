"""The comparison's page: verdicts first, then what they rest on."""

from __future__ import annotations

from pathlib import Path

from cnnlab.comparison.comparison import Comparison
from cnnlab.comparison.metrics import parse
from cnnlab.comparison.page import parts
from cnnlab.comparison.page.arm_charts import MOST_ARMS, cost, dots
from cnnlab.comparison.page.curves import curves
from cnnlab.comparison.page.method import discipline, method
from cnnlab.comparison.page.networks import differing_settings, networks
from cnnlab.drawing.svg import style_sheet
from cnnlab.pages.charts import legend
from cnnlab.pages.document import ARTICLE, CHARTS, CHARTS_SCRIPT, COPY_SCRIPT, document, section
from cnnlab.pages.markup import Markup, tag

PRICES = {"macs": "multiply-adds an image", "params": "parameters", "seconds": "seconds of training"}
STYLE = Path(__file__).with_name("style.css")


def page(comparison: Comparison) -> str:
    """The whole document."""
    skip = tag("a", "to the verdict", href="#verdict", class_="skip")
    return document(
        title(comparison), skip, _top(comparison), _main(comparison),
        styles=[ARTICLE, CHARTS, STYLE, style_sheet()], scripts=[CHARTS_SCRIPT, COPY_SCRIPT],
    )  # fmt: skip


def title(comparison: Comparison) -> str:
    """The study's question, or what is varied."""
    if comparison.study.question:
        return comparison.study.question
    varied = (f"{key.rpartition('.')[2]}: {', '.join(values[:6])}" for key, values in comparison.ledger.factors.items())
    return " × ".join(varied) or "One arm, several seeds"


def _top(comparison: Comparison) -> Markup:
    named = " · ".join(
        filter(None, ("cnnlab", comparison.study.name and f"study {comparison.study.name}", comparison.study.source))
    )
    claims = comparison.of("claims") or comparison.of("controls")
    listed = parts.claims_list(comparison) if comparison.study.question else None
    lead = parts.badge(claims[0]) if len(claims) == 1 and not listed else None
    facts = f"{comparison.total} runs: {parts.counts(comparison)}" if comparison.total else "no runs"
    return tag(
        "header",
        tag("p", named, class_="over"),
        tag("h1", title(comparison)),
        listed,
        tag("p", lead, " " if lead else None, comparison.headline, class_="lead", id="verdict"),
        tag("p", facts, " · ", " ".join(comparison.ledger.fixed), class_="quiet"),
        parts.warnings(comparison),
    )


def _main(comparison: Comparison) -> Markup:
    measured = [metric for metric in comparison.metrics if not metric.exact]
    first = measured[0] if measured else comparison.metrics[0]
    seen = [metric for metric in measured or comparison.metrics if not metric.collapses]
    prices = [cost(comparison, first, parse(key), words) for key, words in PRICES.items()]
    labels = [arm.label for arm in comparison.arms[:MOST_ARMS]]
    return tag(
        "main",
        section("Verdicts", "verdicts", parts.verdicts(comparison) or tag("p", comparison.headline)),
        tag("div", legend(labels, "arms shown in the charts"), class_="sticky") if len(labels) > 1 else None,
        section("Every run", "runs", [parts.majority(comparison), [dots(comparison, metric) for metric in seen[:6]]]),
        section("Learning curves", "curves", _grid(curves(comparison))),
        section("Cost", "cost", _grid(list(filter(None, prices)) if not first.exact else [])),
        section("Networks", "networks", networks(comparison)),
        section("Settings that differ", "settings", differing_settings(comparison)),
        section("What went wrong", "failures", parts.failures(comparison)),
        section("Every run, and how to repeat it", "repeat", parts.runs(comparison)),
        section("Where this comes from", "provenance", [
            parts.provenance(comparison), [tag("p", remark, class_="note") for remark in comparison.remarks],
            tag("p", discipline(comparison)),
        ]),
        section("How it was judged", "method", method()),
    )  # fmt: skip


def _grid(pictures: list[Markup]) -> Markup | None:
    return tag("div", pictures, class_="grid2") if pictures else None
