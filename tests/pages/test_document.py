"""A page is one file that fetches nothing, light or dark as its reader's system is, and light on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnnlab.pages import document as pages
from cnnlab.pages.document import ARTICLE, CHARTS, CHARTS_SCRIPT, COPY_SCRIPT, Theme, colors, document, section

PACKAGE = Path(pages.__file__).parents[1]
CSS = list(PACKAGE.rglob("*.css"))


def variables(style: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", style))


def test_a_page_without_scripts_allows_none() -> None:
    page = document("<title>", "text & more", styles=[ARTICLE, CHARTS])
    assert page.startswith('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">')
    assert "<title>&lt;title&gt; · cnnlab</title>" in page
    assert "text &amp; more" in page
    assert "default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;; img-src data:" in page
    assert "script" not in page


def test_scripts_stand_in_the_page_itself_at_its_end() -> None:
    page = document("title", "text", scripts=[CHARTS_SCRIPT, COPY_SCRIPT])
    assert "script-src &#x27;unsafe-inline&#x27;" in page
    assert page.count("<script>") == page.count("</script>") == 2
    assert page.index("<body>text<script>") < page.rindex("</script></body></html>")


@pytest.mark.parametrize("file", [*CSS, *PACKAGE.rglob("*.js")], ids=lambda file: file.name)
def test_no_style_or_script_fetches_anything_or_ends_its_element(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import\(|</", text)


@pytest.mark.parametrize(
    ("theme", "light", "dark"), [("auto", True, True), ("light", True, False), ("dark", False, True)]
)
def test_a_theme_has_its_colors_and_auto_has_both(theme: Theme, light: bool, dark: bool) -> None:
    style, (day, night) = colors(theme), ("#fcfbf9", "#14171a")
    assert (f"--paper: {day}" in style, f"--paper: {night}" in style) == (light, dark)
    assert ("prefers-color-scheme: dark" in style) == (theme == "auto")
    meta = "light dark" if theme == "auto" else theme
    assert f'<meta name="color-scheme" content="{meta}">' in document("", theme=theme)


def test_light_and_dark_know_the_same_colors_and_every_style_sheet_uses_only_those() -> None:
    light, dark, paper = (variables((pages.HERE / f"{name}.css").read_text()) for name in ("light", "dark", "paper"))
    assert light.keys() == dark.keys() >= paper.keys()
    own = {"--c", "--w", "--n", "--s"}  # set on elements: a series' color, a width, a number of columns, a share
    for file in CSS:
        used = set(re.findall(r"var\((--[\w-]+)", file.read_text(encoding="utf-8")))
        assert used <= light.keys() | own, file


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(color: str) -> float:
        color = color if len(color) == 7 else "#" + "".join(2 * c for c in color[1:])
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "paper"])
def test_text_can_be_read_on_what_lies_behind_it(name: str) -> None:
    light = variables((pages.HERE / "light.css").read_text())
    color = light | variables((pages.HERE / f"{name}.css").read_text())
    pairs = [(ink, behind) for ink in ("ink", "soft") for behind in ("paper", "card", "open-bg", "none-bg", "on")]
    pairs += [("good", "good-bg"), ("bad", "bad-bg"), ("open", "open-bg"), ("tip-ink", "tip"), ("link", "paper")]
    for ink, behind in pairs:
        assert contrast(color[f"--{ink}"], color[f"--{behind}"]) >= 4.5, (ink, behind)


def test_a_section_without_content_is_left_out() -> None:
    assert section("Title", "id", [None, []]) is None
    assert section("Title", "id", ["x"]) == '<section id="id" aria-label="Title"><h2>Title</h2>x</section>'
