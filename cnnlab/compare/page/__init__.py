"""The comparison's page: verdicts first, then what they rest on."""

from __future__ import annotations

from pathlib import Path

from cnnlab.compare.comparison import Comparison
from cnnlab.compare.metrics import parse
from cnnlab.compare.page import parts
from cnnlab.compare.page.curves import curves
from cnnlab.compare.page.figures import MOST_ARMS, cost, dots
from cnnlab.compare.page.method import discipline, method
from cnnlab.compare.page.networks import differing_settings, networks
from cnnlab.drawing.svg import style_sheet
from cnnlab.pages.charts import legend
from cnnlab.pages.document import ARTICLE, CHARTS, CHARTS_SCRIPT, COPY_SCRIPT, document, section
from cnnlab.pages.markup import Markup, tag

PRICES = {"macs": "multiply-adds an image", "params": "parameters", "seconds": "seconds of training"}
STYLE = Path(__file__).with_name("style.css")


def page(found: Comparison) -> str:
    """The whole document."""
    skip = tag("a", "to the verdict", href="#verdict", class_="skip")
    return document(
        title(found), skip, _top(found), _main(found),
        styles=[ARTICLE, CHARTS, STYLE, style_sheet()], scripts=[CHARTS_SCRIPT, COPY_SCRIPT],
    )  # fmt: skip


def title(found: Comparison) -> str:
    """The study's question, or what is varied."""
    if found.study.question:
        return found.study.question
    varied = (f"{key.rpartition('.')[2]}: {', '.join(values[:6])}" for key, values in found.ledger.factors.items())
    return " × ".join(varied) or "One arm, several seeds"


def _top(found: Comparison) -> Markup:
    named = " · ".join(filter(None, ("cnnlab", found.study.name and f"study {found.study.name}", found.study.source)))
    claims = found.of("claims") or found.of("controls")
    lead = parts.badge(claims[0]) if len(claims) == 1 else None
    facts = f"{found.total} runs: {parts.counts(found)}" if found.total else "no runs"
    return tag(
        "header",
        tag("p", named, class_="over"),
        tag("h1", title(found)),
        tag("p", lead, " " if lead else None, found.headline, class_="lead", id="verdict"),
        tag("p", facts, " · ", " ".join(found.ledger.fixed), class_="quiet"),
        parts.warnings(found),
    )


def _main(found: Comparison) -> Markup:
    measured = [metric for metric in found.metrics if not metric.exact]
    first = measured[0] if measured else found.metrics[0]
    seen = [metric for metric in measured or found.metrics if not metric.collapses]
    prices = [cost(found, first, parse(key), words) for key, words in PRICES.items()]
    labels = [arm.label for arm in found.arms[:MOST_ARMS]]
    return tag(
        "main",
        section("Verdicts", "verdicts", parts.verdicts(found) or tag("p", found.headline)),
        tag("div", legend(labels, "arms shown in the charts"), class_="sticky") if len(labels) > 1 else None,
        section("Every run", "runs", [dots(found, metric) for metric in seen[:6]]),
        section("Learning curves", "curves", _grid(curves(found))),
        section("Cost", "cost", _grid(list(filter(None, prices)) if not first.exact else [])),
        section("Networks", "networks", networks(found)),
        section("Settings that differ", "settings", differing_settings(found)),
        section("What went wrong", "failures", parts.failures(found)),
        section("Every run, and how to repeat it", "repeat", parts.runs(found)),
        section("Where this comes from", "provenance", [
            parts.provenance(found), [tag("p", remark, class_="note") for remark in found.remarks],
            tag("p", discipline(found)),
        ]),
        section("How it was judged", "method", method()),
    )  # fmt: skip


def _grid(pictures: list[Markup]) -> Markup | None:
    return tag("div", pictures, class_="grid2") if pictures else None
