"""The page of a trained network: it needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnlab.inspection import feature_maps, figures, png
from cnnlab.inspection.calibration import BINS
from cnnlab.inspection.look import Inspection, Shown
from cnnlab.pages.document import ARTICLE, CHARTS, document, section
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import meter, table, wide
from cnnlab.text import dims, number, percent

STYLE = Path(__file__).with_name("style.css")
TOP = 3
"""classes named of each image"""


def page(look: Inspection) -> str:
    """The whole document."""
    return document(f"Inside {look.title}", _top(look), _main(look), styles=[ARTICLE, CHARTS, STYLE])


def _top(look: Inspection) -> Markup:
    measured = look.calibration
    right, sure, same = (
        percent(share, 1) for share in (measured.accuracy, measured.confidence, look.shift["shift/agree_1"])
    )
    lead = (
        f"It is right on {right} of {look.tested:,} test images, and thinks it is on {sure}. "
        f"Moved by one pixel, {same} keep their answer."
    )
    return tag(
        "header",
        tag("p", "cnnlab · inside a trained network", class_="over"),
        tag("h1", look.title),
        tag("p", lead, class_="lead"),
        tag(
            "p",
            f"{dims(look.input)}, {len(look.classes)} classes · ",
            tag("code", str(look.checkpoint)),
            class_="quiet",
        ),
    )


def _main(look: Inspection) -> Markup:
    return tag(
        "main",
        section("Answers", "answers", _answers(look)),
        section(
            "What the first layer looks for", "filters", feature_maps.filters(look.filters) if look.filters else None
        ),
        section("What each block makes of the images", "maps", [_about_maps(look), feature_maps.feature_maps(look)]),
        section("Activations and gradients", "blocks", _blocks(look)),
        section("Is it as sure as it is right?", "calibration", _calibration(look)),
        section("When the image moves", "shifts", _shifts(look)),
        section("How this was measured", "method", _method(look)),
    )


def _answers(look: Inspection) -> Content:
    cards = [_answer(shown, look.classes) for shown in look.shown]
    more = f"{look.left_out} more were given; the first {len(look.shown)} are shown." if look.left_out else None
    return [tag("div", cards, class_="images"), tag("p", more, class_="quiet") if more else None]


def _answer(shown: Shown, classes: Sequence[str]) -> Markup:
    top = shown.probabilities.topk(min(TOP, len(classes)))
    rows = [
        tag("li", meter(share), f"{classes[i]} ", tag("b", percent(share, 1)))
        for share, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)
    ]
    caption = shown.name
    if shown.truth is not None:
        right = shown.truth == int(shown.probabilities.argmax())
        caption += f": {classes[shown.truth]}{'' if right else ', mistaken'}"
    picture = tag("img", src=png.photo(shown.image.numpy()), alt=caption, class_="pixels photo")
    return tag("figure", picture, tag("figcaption", caption), tag("ol", rows, class_="guesses"))


def _about_maps(look: Inspection) -> Markup:
    note = (
        "In each block's row an image a column, in the order above; of its channels those that differ most. "
        "Dark is 0 and bright is high; where there is anything below zero, white is 0, blue below it and red above. "
        "One scale a block."
    )
    return tag("p", note, class_="quiet")


def _blocks(look: Inspection) -> Content:
    kinds = {layer.name: layer.kind for layer in look.layers}
    about = (
        f"Over {look.measured} test images. Dead channels are 0 on all of them, everywhere. A gradient's size is its "
        "root mean square; the bars are logarithmic, four powers of ten long."
    )
    note = "all copies of a block together; root mean squares, of the mean loss"
    return [
        tag("p", about, class_="quiet"),
        figures.blocks(look.stats, kinds),
        tag("h3", "Kernel weights", tag("small", note)),
        figures.weights(look.kernels),
    ]


def _calibration(look: Inspection) -> Content:
    before, after = look.calibration, look.softened
    lean = before.confidence - before.accuracy
    tendency = "surer than it is right" if lean > 0 else "less sure than it is right"
    gap = (
        f"On average it is {100 * abs(lean):.1f} points {tendency}; "
        f"bin by bin the gap is {percent(before.ece, 1)} (ECE)."
    )
    softened = (
        f"Dividing its logits by {number(look.temperature)}, which suits the validation images best, "
        f"would make that {percent(after.ece, 1)}; it changes no answer."
    )
    pair = [figures.reliability(before), figures.confidences(before)]
    rows = [[name, *(shown(measured) for measured in (before, after))] for name, shown in NUMBERS.items()]
    headings = ["", "as it is", f"logits / {number(look.temperature)}"]
    return [tag("p", gap, " ", softened), tag("div", pair, class_="grid2"), wide(table(headings, rows))]


NUMBERS = {
    "expected calibration error": lambda measured: percent(measured.ece, 1),
    "largest gap of a bin": lambda measured: percent(measured.worst, 1),
    "negative log-likelihood": lambda measured: number(measured.nll),
    "Brier score": lambda measured: number(measured.brier),
}


def _shifts(look: Inspection) -> Content:
    about = (
        "Zeros come in where an image moves out. The table: "
        f"{look.moved:,} test images, mean over up, down, left and right."
    )
    key = "In an image's table: how sure it is of the answer it gives unmoved, in per cent; ✗ where it gives another."
    own = [figures.answer(look, place) for place in range(len(look.shown))]
    return [
        tag("p", about),
        wide(figures.shift_table(look.shift, look.unmoved)),
        tag("div", [figures.agreement(look), *own], class_="grid3"),
        tag("p", key, class_="quiet"),
    ]


def _method(look: Inspection) -> Markup:
    entries = {
        "Images": "The test part of the run's own data, looked at for this page alone: choose nothing by it. Without "
        "images= four are picked: the surest that is right, the one that is right and least sure, and the surest "
        "mistakes of two classes.",
        "Calibration": f"{BINS} bins of equal width; ECE, largest gap and temperature after Guo et al. 2017, "
        "arXiv:1706.04599, eq. 3 and 5, §4.2. The temperature is fitted on the validation images. Brier 1950, "
        "Monthly Weather Review 78.",
        "Shifts": "Zhang 2019, arXiv:1904.11486, §4.2, with moves that are known and not drawn: the share of "
        "images that are taken for the same class as unmoved, whether right or wrong. As a run's metrics=shift.",
        "Gradients": "Of the loss (cross-entropy) in evaluation mode and 32 bits: by each image's own activations, and "
        "by the kernel weights for the mean loss.",
    }
    pairs = [tag("div", tag("dt", name), tag("dd", words)) for name, words in entries.items()]
    return tag("dl", pairs, class_="method")
