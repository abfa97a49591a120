"""The page: one file that needs no network, no server and no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnlab.compare.page import plot
from cnnlab.compare.page.plot import table
from cnnlab.inspection import figures, pictures, sheets
from cnnlab.inspection.calibration import BINS
from cnnlab.inspection.look import Look, Shown
from cnnlab.inspection.wording import share
from cnnlab.markup import Content, Markup, join, tag
from cnnlab.text import number

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""nothing may be fetched, whatever a record has smuggled in"""
TOP = 3
"""classes named of each image"""


def page(look: Look) -> str:
    """The whole document."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"Inside {look.title} · cnnlab"),
        tag("style", Markup(_style())),
    )
    body = tag("body", _top(look), _main(look))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _style() -> str:
    shared = Path(plot.__file__).with_name("style.css")
    return "".join(file.read_text(encoding="utf-8") for file in (shared, Path(__file__).with_name("style.css")))


def _top(look: Look) -> Markup:
    found = look.calibration
    size = "×".join(map(str, look.input))
    lead = (
        f"It is right on {share(found.accuracy)} of {look.tested:,} test images, and thinks it is on "
        f"{share(found.confidence)}. Moved by one pixel, {share(look.shift['shift/agree_1'])} keep their answer."
    )
    return tag(
        "header",
        tag("p", "cnnlab · inside a trained network", class_="over"),
        tag("h1", look.title),
        tag("p", lead, class_="lead"),
        tag("p", f"{size}, {len(look.classes)} classes · ", tag("code", str(look.checkpoint)), class_="quiet"),
    )


def _main(look: Look) -> Markup:
    return tag(
        "main",
        section("Answers", "answers", _answers(look)),
        section("What the first layer looks for", "filters", sheets.filters(look.filters) if look.filters else None),
        section("What each block makes of the images", "maps", [_about_maps(look), sheets.feature_maps(look)]),
        section("Activations and gradients", "blocks", _blocks(look)),
        section("Is it as sure as it is right?", "calibration", _calibration(look)),
        section("When the image moves", "shifts", _shifts(look)),
        section("How this was measured", "method", _method(look)),
    )


def section(name: str, id_: str, inside: Content) -> Markup | None:
    """A titled part; nothing where there is nothing in it."""
    body = join(inside)
    return tag("section", tag("h2", name), body, id=id_, aria_label=name) if body else None


def _answers(look: Look) -> Content:
    cards = [_answer(one, look.classes) for one in look.shown]
    more = f"{look.left_out} more were given; the first {len(look.shown)} are shown." if look.left_out else None
    return [tag("div", cards, class_="images"), tag("p", more, class_="quiet") if more else None]


def _answer(one: Shown, classes: Sequence[str]) -> Markup:
    top = one.probabilities.topk(min(TOP, len(classes)))
    rows = [
        tag("li", tag("span", class_="bar-", style=f"--w: {100 * p:.1f}%"), f"{classes[i]} ", tag("b", share(p)))
        for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)
    ]
    said = one.name
    if one.truth is not None:
        right = one.truth == int(one.probabilities.argmax())
        said += f": {classes[one.truth]}{'' if right else ', mistaken'}"
    picture = tag("img", src=pictures.photo(one.image.numpy()), alt=said, class_="pixels photo")
    return tag("figure", picture, tag("figcaption", said), tag("ol", rows, class_="guesses"))


def _about_maps(look: Look) -> Markup:
    said = (
        "In each block's row an image a column, in the order above; of its channels those that differ most. "
        "Dark is 0 and bright is high; where there is anything below zero, white is 0, blue below it and red above. "
        "One scale a block."
    )
    return tag("p", said, class_="quiet")


def _blocks(look: Look) -> Content:
    kinds = {layer.name: layer.block for layer in look.layers}
    said = (
        f"Over {look.measured} test images. Dead channels are 0 on all of them, everywhere. A gradient's size is its "
        "root mean square; the bars are logarithmic, four powers of ten long."
    )
    note = "all copies of a block together; root mean squares, of the mean loss"
    return [
        tag("p", said, class_="quiet"),
        figures.blocks(look.stats, kinds),
        tag("h3", "Kernel weights", tag("small", note)),
        figures.weights(look.kernels),
    ]


def _calibration(look: Look) -> Content:
    before, after = look.calibration, look.softened
    lean = before.confidence - before.accuracy
    tendency = "surer than it is right" if lean > 0 else "less sure than it is right"
    said = f"On average it is {100 * abs(lean):.1f} points {tendency}; bin by bin the gap is {share(before.ece)} (ECE)."
    soft = (
        f"Dividing its logits by {number(look.temperature)}, which suits the validation images best, "
        f"would make that {share(after.ece)}; it changes no answer."
    )
    pair = [figures.reliability(before), figures.confidences(before)]
    rows = [[name, *(f(one) for one in (before, after))] for name, f in NUMBERS.items()]
    headings = ["", "as it is", f"logits / {number(look.temperature)}"]
    return [
        tag("p", said, " ", soft),
        tag("div", pair, class_="grid2"),
        tag("div", table(headings, rows), class_="wide"),
    ]


NUMBERS = {
    "expected calibration error": lambda one: share(one.ece),
    "largest gap of a bin": lambda one: share(one.worst),
    "negative log-likelihood": lambda one: number(one.nll),
    "Brier score": lambda one: number(one.brier),
}


def _shifts(look: Look) -> Content:
    said = (
        "Zeros come in where an image moves out. The table: "
        f"{look.moved:,} test images, mean over up, down, left and right."
    )
    key = "In an image's table: how sure it is of the answer it gives unmoved, in per cent; ✗ where it gives another."
    own = [figures.answer(look, place) for place in range(len(look.shown))]
    return [
        tag("p", said),
        tag("div", figures.shift_table(look.shift, look.unmoved), class_="wide"),
        tag("div", [figures.agreement(look), *own], class_="grid3"),
        tag("p", key, class_="quiet"),
    ]


def _method(look: Look) -> Markup:
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
    pairs = [tag("div", tag("dt", name), tag("dd", said)) for name, said in entries.items()]
    return tag("dl", pairs, class_="method")
