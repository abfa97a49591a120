"""Mirrors cnnlab/config/moved.py: old words are told the new ones, and older records are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import stderr_lines
from tiny_run import SMALL

from cnnlab.comparison.terms import settings, unequal
from cnnlab.comparison.trial import Trial
from cnnlab.config.moved import migrated

Run = Callable[..., int]
NOW = "label_smoothing: is loss.label_smoothing now"


def test_the_old_word_is_told_on_the_command_line_and_in_files(
    cnnlab: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cnnlab(*SMALL, "label_smoothing=0.1") == 2
    assert stderr_lines(capsys) == [f"command line  {NOW}"]
    file = tmp_path / "mine" / "debug" / "old.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\nlabel_smoothing: 0.1\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), *SMALL, "debug=old", "trainer.max_epochs=0") == 2
    told = stderr_lines(capsys)
    assert "mine/debug/old.yaml:2:1  label_smoothing: is loss.label_smoothing now" in told


def test_the_old_word_is_told_in_studies(cnnlab: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine" / "study" / "old.yaml"
    file.parent.mkdir(parents=True)
    text = "question: Is it so?\nbase: {model: lenet, label_smoothing: 0.1}\nfactors: {model.norm: [none, batch]}\n"
    file.write_text(text + "seeds: {cpu: 2, full: 2}\nclaims: [{factor: model.norm, arm: batch, metric: test/acc}]\n")
    assert cnnlab("-cd", str(tmp_path / "mine"), "study=old", "task=preflight") == 2
    assert any("label_smoothing: is loss.label_smoothing now" in line for line in stderr_lines(capsys))


def test_the_configuration_of_an_older_record_is_read_in_todays_words() -> None:
    old = {"seed": 0, "label_smoothing": 0.1}
    new = {"seed": 0, "loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}
    assert migrated(old) == migrated(new) == new
    assert migrated({"seed": 0}) == {"seed": 0}


def test_the_same_loss_in_old_and_new_words_is_no_difference() -> None:
    old, new = (
        Trial(Path(name), name, {}, "0", "ok", words=words, facts={}, result={}, config=config)
        for name, words, config in (
            ("a", ("label_smoothing=0.1",), {"label_smoothing": 0.1}),
            ("b", (), {"loss": {"kind": "cross_entropy", "label_smoothing": 0.0}}),
        )
    )
    assert settings(old)["loss.label_smoothing"] == 0.1
    assert unequal([old, new]) == []


def test_blocks_of_an_older_record_are_read_in_todays_words() -> None:
    gated = {"block": "inverted_residual", "squeeze_excite": 4, "first": {"squeeze_excite": 2}}
    body = {"g": gated, "t": {"block": "transition", "ratio": 4}, "s": {"block": "select", "channels": [0, 1]}}
    inner = {"block": "skip", "body": {"e": {"block": "squeeze_excite", "channels": 8}}}
    old = {
        "label_smoothing": 0.0,
        "model": {"kinds": {"inverted_residual": {"squeeze_excite": 4}}, "body": {**body, "k": inner}},
    }
    new = migrated(old)["model"]
    of_input = {"ratio": 4, "of": "input"}
    assert new["kinds"] == {"inverted_residual": {"squeeze_excite": of_input}}
    assert new["body"]["g"]["squeeze_excite"] == of_input
    assert new["body"]["g"]["first"] == {"squeeze_excite": {"ratio": 2, "of": "input"}}
    assert new["body"]["t"] == {"block": "transition", "compression": 0.25}
    assert new["body"]["s"] == {"block": "select", "indices": [0, 1]}
    assert new["body"]["k"]["body"]["e"] == {"block": "squeeze_excite", "inner": 8}
    assert migrated({"loss": {}, "label_smoothing": 0.0, "model": {"body": body}})["model"]["body"] == body
