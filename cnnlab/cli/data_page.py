"""The page of `task=data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnlab.cli.data_text import facts, shown_rows
from cnnlab.pages.document import ARTICLE, Theme, document, section
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import meter, table, wide
from cnnlab.text import percent, plural

if TYPE_CHECKING:
    from cnnlab.data.overview import DataOverview

STYLE = """
.samples { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 1rem; }
.samples img { width: 4.6rem; height: 4.6rem; object-fit: contain; image-rendering: pixelated; background: var(--card);
  outline: 1px solid var(--rule); border-radius: .2rem; }
.share { width: 10rem; } .share .meter { height: .7rem; opacity: .7; }
.notes li { margin-bottom: .4rem; } .weak { font-weight: 600; }
"""
EXAMPLES = 10


def page(overview: DataOverview, theme: Theme) -> str:
    """The whole document; it needs no script."""
    lead = f"{', '.join(overview.counts)}. {_verdict(overview)}"
    header = tag(
        "header",
        tag("p", "cnnlab · a data set before training", class_="over"),
        tag("h1", overview.title),
        tag("p", lead, class_="lead"),
    )
    main = tag(
        "main",
        section("What is odd", "odd", _odd(overview)),
        section("Classes", "classes", _classes(overview)),
        section("Samples", "samples", _samples(overview)),
        section("All images", "images", tag("ul", [tag("li", line) for line in facts(overview)])),
        section("Left out", "left-out", _left_out(overview)),
    )
    return document(f"Data: {overview.title}", header, main, styles=[ARTICLE, STYLE], theme=theme)


def _verdict(overview: DataOverview) -> str:
    weak = sum(weakens for _, weakens in overview.notes.lines())
    return f"{plural(weak, 'thing')} to look at first." if weak else "Nothing that would weaken an answer was found."


def _odd(overview: DataOverview) -> Content:
    items = []
    for oddity in overview.notes.odd:
        names = tag("ul", [tag("li", tag("code", key)) for key in oddity.examples])
        files = tag("details", tag("summary", "files"), names) if oddity.examples else None
        items.append(tag("li", tag("span", oddity.message, class_="weak" if oddity.weakens else None), files))
    return tag("ul", items, class_="notes") if items else None


def _classes(overview: DataOverview) -> Markup:
    most = max(row.share for row in overview.rows)
    rows: list[list[Content]] = []
    for row in shown_rows(overview.rows):
        if row is None:
            rows.append([f"… {len(overview.rows):,} classes in all"])
            continue
        counts = [f"{n:,}" for n in (row.train, row.val, row.test)]
        bar = tag("div", meter(row.share / most if most else 0), class_="share")
        rows.append([row.name, *counts, percent(row.share, 1), bar])
    rows.append(["all", *(f"{n:,}" for n in overview.images.values()), "", ""])
    return wide(table(["class", "training", "validation", "test", "share", ""], rows))


def _samples(overview: DataOverview) -> Content:
    from cnnlab.inspection.png import photo

    parts: list[Content] = []
    for name, images in overview.samples:
        pictures = [tag("img", src=photo(image), alt=name) for image in images]
        parts += [tag("h3", name), tag("div", pictures, class_="samples")]
    if len(overview.rows) > len(overview.samples):
        parts.append(tag("p", f"The first {len(overview.samples)} of {len(overview.rows):,} classes.", class_="quiet"))
    return parts


def _left_out(overview: DataOverview) -> Content:
    rows = [
        [group.reason, f"{group.count:,}", tag("small", ", ".join(group.examples[:EXAMPLES]))]
        for group in overview.notes.left_out
    ]
    return wide(table(["reason", "files", "such as"], rows, numbers=False)) if rows else None
