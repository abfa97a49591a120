"""Words are never wider than reckoned."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from PIL import ImageFont
from zoo_outlines import drawn

from cnnlab.drawing.columns import drawing
from cnnlab.drawing.text_width import width


@pytest.mark.parametrize("bold", [False, True])
def test_words_are_never_wider_than_reckoned(bold: bool) -> None:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), 1000)
    said = {run.words for name in ("googlenet", "paper/lenet5")
            for box in drawing(drawn(name), 9).boxes for words in box.words for run in words.runs}  # fmt: skip
    letters = [chr(code) for code in range(33, 127)] + list("×·…–→")
    for words in [*said, *(letter * 3 for letter in letters)]:
        assert font.getlength(words) <= width(words, 1000.0, bold) + 1.0
