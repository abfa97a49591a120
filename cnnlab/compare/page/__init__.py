"""The comparison's page: one file that needs no network, no server and, to be read, no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cnnlab.compare import wording
from cnnlab.compare.comparison import Comparison
from cnnlab.compare.metrics import parse
from cnnlab.compare.page import parts
from cnnlab.compare.page.curves import curves
from cnnlab.compare.page.figures import cost, dots, legend
from cnnlab.compare.page.method import discipline, method
from cnnlab.compare.page.networks import differing_settings, networks
from cnnlab.drawing.svg import style_sheet
from cnnlab.markup import Content, Markup, tag

PRICES = {"macs": "multiply-adds an image", "params": "parameters", "seconds": "seconds of training"}

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""nothing may be fetched, whatever a record has smuggled in"""


def page(found: Comparison) -> str:
    """The whole document."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title(found)} · cnnlab"),
        tag("style", Markup(_file("style.css") + style_sheet())),
    )
    body = tag("body", tag("a", "to the verdict", href="#verdict", class_="skip"), _top(found), _main(found), _end())
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


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
    return tag(
        "main",
        section("Verdicts", "verdicts", parts.verdicts(found) or tag("p", found.headline)),
        tag("div", legend(found), class_="sticky") if len(found.arms) > 1 else None,
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


def section(name: str, id_: str, inside: Content) -> Markup | None:
    """A titled part; nothing where there is nothing in it."""
    from cnnlab.markup import join

    body = join(inside)
    return tag("section", tag("h2", name), body, id=id_, aria_label=name) if body else None


def _grid(pictures: list[Markup]) -> Markup | None:
    return tag("div", pictures, class_="grid2") if pictures else None


def _end() -> list[Markup]:
    live = tag("div", id="live", class_="skip", aria_live="polite")
    return [tag("div", id="tip", hidden=True, aria_hidden="true"), live, tag("script", Markup(_file("script.js")))]


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


__all__ = ["page", "title", "wording"]
