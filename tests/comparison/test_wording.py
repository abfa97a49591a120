"""Values, differences and probabilities with their units."""

from __future__ import annotations

from cnnlab.comparison.metrics import parse
from cnnlab.comparison.wording import between, difference, probability, setting, span, value


def test_a_p_value_has_two_digits_and_is_never_zero() -> None:
    assert [probability(p) for p in (0.0004, 0.0312, 0.25)] == ["p < 0.001", "p = 0.031", "p = 0.25"]


def test_differences_and_spans_carry_their_unit_once() -> None:
    acc, epochs, memory = parse("test/acc"), parse("epochs to val/acc >= 0.7"), parse("peak_memory_mb")
    ratio = parse("seconds", ratio=True)
    assert (difference(acc, 0.01), difference(acc, -0.01)) == ("+1.00 points", "−1.00 points")
    assert (difference(epochs, 1), difference(epochs, -2), difference(epochs, 1, signed=False)) == (
        "+1 epoch", "−2 epochs", "1 epoch",
    )  # fmt: skip
    assert (difference(ratio, 0.6931471805599453), between(ratio, 0, 0.6931471805599453)) == ("×2", "×1 to ×2")
    assert (value(acc, 0.8125), value(memory, 480.0), value(epochs, 1)) == ("81.25 %", "480 MiB", "1 epoch")
    assert (span(acc, (0.8, 0.9)), span(epochs, (1, 2.5))) == ("80.00 % to 90.00 %", "1 to 2.5 epochs")
    assert between(acc, -0.01, 0.02) == "−1.00 to 2.00"


def test_what_no_word_said_is_said_to_be_unsaid() -> None:
    assert setting("model.norm", "—") == "norm unsaid"
