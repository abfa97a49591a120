"""`task=draw`: the file it writes, the page in which blocks open, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from stderr_lines import stderr_lines

from cnnlab.drawing.svg import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def draw(cnnlab: Callable[..., int], tmp_path: Path) -> Callable[..., str]:
    """task=draw with more words: what the file that it wrote holds."""

    def run(*words: str) -> str:
        assert cnnlab("task=draw", *words, "hydra.run.dir=out") == 0
        (file,) = (tmp_path / "out").glob("drawing.*")
        return file.read_text(encoding="utf-8")

    return run


def test_the_svg_names_every_block_and_shape(draw: Callable[..., str]) -> None:
    root = ElementTree.fromstring(draw("model=googlenet", "draw.depth=0"))
    words = " ".join(root.itertext())
    for said in (
        "googlenet",
        "3×3 max pool, /2",
        "inception",
        "64×14×14",
        "aux2",
        "loss × 0.3",
        "linear, 10",
        "image 1×28×28",
    ):
        assert said in words
    blocks = {one.get("data-block") for one in root.iter(f"{SVG}g")} - {None}
    assert {"body.inc3a", "head.fc", "aux.aux1"} <= blocks


def test_depth_opens_blocks_and_every_line_is_a_path(draw: Callable[..., str]) -> None:
    folded, opened = (ElementTree.fromstring(draw("model=resnet18", f"draw.depth={depth}")) for depth in (0, 1))
    count = [len([one for one in root.iter(f"{SVG}path") if one.get("class") == "line"]) for root in (folded, opened)]
    assert count[0] == 9
    assert count[1] > 40


def test_a_theme_has_its_colours_and_auto_has_both(draw: Callable[..., str]) -> None:
    light, dark, auto = (draw("model=lenet", f"draw.theme={theme}") for theme in ("light", "dark", "auto"))
    assert (LIGHT.paper in light, DARK.paper in light, "@media" in light) == (True, False, False)
    assert (LIGHT.looks["conv"][0] in dark, DARK.paper in dark, "@media" in dark) == (False, True, False)
    assert (LIGHT.paper in auto, DARK.paper in auto, "prefers-color-scheme" in auto) == (True, True, True)


def test_the_page_has_drawing_table_and_yaml_and_fetches_nothing(draw: Callable[..., str]) -> None:
    page = draw("model=resnet18", "model.norm=group", "format=html")
    assert (
        page.count('<svg viewBox="') == 2 + 3 + 4 * 2 + 1
    )  # both ends, stem, pool, fc, four stages twice, head's pool
    assert {"body.stage2", "head.fc"} <= set(re.findall(r'<tr data-block="([^"]+)"', page))
    assert '<span data-block="body.stage2">  stage2: {block: residual, channels: 128, repeat: 2, stride: 2}' in page
    assert "norm: group" in page
    assert "11,175,370" not in page
    assert not re.search(r"https?://|src=|@import|url\(", page)
    assert "default-src &#x27;none&#x27;" in page
    assert len(re.findall(r"<svg[^>]* hidden", page)) == 4


def test_what_is_drawn_can_be_had_as_data(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("task=draw", "model=lenet", "format=json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [node["name"] for node in found["body"]] == ["c1", "s2", "c3", "s4"]
    assert found["body"][0]["ops"] == ["5×5 conv, 6", "relu"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "task=draw draw.depth=-1",
            "command line  draw.depth: should be auto, or a number of levels from 0 on, not -1",
        ),
        ("task=draw draw.colour=red", "command line  draw.colour: there is no such setting; there are depth, theme"),
        (
            "task=summary format=html",
            "command line  format: html is for task=draw, task=diff and task=data, not for task=summary",
        ),
        (
            "task=draw model=lenet model.body.c3.kernel_size=40",
            "conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: conv with kernel_size 40, "
            "padding valid needs at least 40×40, has 14×14",
        ),
    ],
)
def test_what_it_cannot_do_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: str, line: str
) -> None:
    assert cnnlab(*words.split()) == 2
    assert stderr_lines(capsys)[0] == line


def test_the_summary_ends_in_the_sizes_of_feature_maps(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=summary", "model=lenet") == 0
    said = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    at = said.index("feature maps  28×28  14×14  10×10  5×5")
    assert said[at + 1 : at + 3] == ["              █████  ▇▇▇▇▇  ▆▆▆▆▆  ▅▅▅", "channels      1–6    6      16     16"]
