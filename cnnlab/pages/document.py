"""A page: one file that needs no network, no server and, to be read, no script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from cnnlab.pages.markup import Content, Markup, join, tag

Theme = Literal["auto", "light", "dark"]

HERE = Path(__file__).parent
ARTICLE, CHARTS = HERE / "article.css", HERE / "charts.css"
"""style sheets: of a page that is read from top to bottom, and of the charts in it"""
CHARTS_SCRIPT, COPY_SCRIPT = HERE / "charts.js", HERE / "copy.js"

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""nothing may be fetched, whatever a record has smuggled in"""
SCRIPT_POLICY = f"{POLICY}; script-src 'unsafe-inline'"


def document(
    title: str,
    *body: Content,
    styles: Sequence[Path | str] = (),
    scripts: Sequence[Path] = (),
    theme: Theme = "auto",
) -> str:
    """A whole page; `styles` (files, or CSS itself) come after the colors of `theme` and the style of all pages."""
    sheet = "".join([colors(theme), *(_content(style) for style in (HERE / "base.css", *styles))])
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=SCRIPT_POLICY if scripts else POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark" if theme == "auto" else theme),
        tag("title", f"{title} · cnnlab"),
        tag("style", Markup(sheet)),
    )
    last = [tag("script", Markup(_content(script))) for script in scripts]
    return f"<!doctype html>\n{tag('html', head, tag('body', *body, last), lang='en')}\n"


def colors(theme: Theme) -> str:
    """The colors of a theme as CSS variables; "auto" follows the reader's system, and is light on paper."""
    light, dark, paper = (_content(HERE / f"{name}.css") for name in ("light", "dark", "paper"))
    if theme == "dark":
        return dark
    on_paper = f"@media print {{\n{paper}}}\n"
    return f"{light}{on_paper}" if theme == "light" else f"{light}{in_the_dark(dark)}{on_paper}"


def in_the_dark(rules: str) -> str:
    """Style rules for readers whose system is dark; a printer's is not."""
    return f"@media screen and (prefers-color-scheme: dark) {{\n{rules}}}\n"


def section(title: str, id_: str, content: Content) -> Markup | None:
    """A titled part; nothing where it has no content."""
    body = join(content)
    return tag("section", tag("h2", title), body, id=id_, aria_label=title) if body else None


def command(line: str, button_only: bool = False) -> Markup:
    """A command line and a button that copies it, for pages with COPY_SCRIPT."""
    button = tag("button", "copy", type="button", data_copy=line, title=line, aria_live="polite", class_="copy")
    return tag("span", tag("code", line, class_="hidden" if button_only else None), button, class_="command")


def _content(source: Path | str) -> str:
    return _read(source) if isinstance(source, Path) else source


@cache
def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
