"""Words as a shell hands them over, made into overrides that Hydra reads as they were meant."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.cli.arguments import plain_words, quoted, read_arguments, unquoted
from cnnlab.errors import UserError

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)


@given(TEXT.filter(lambda text: "${" not in text))
def test_free_text_reaches_hydra_as_it_was_typed(text: str) -> None:
    override = OverridesParser.create().parse_override(f"ckpt_path={quoted(text)}")
    assert override.value() == text


@given(TEXT)
def test_unquoting_undoes_quoting(text: str) -> None:
    assert unquoted(quoted(text)) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("images=a (1)/*.png", "images='a (1)/*.png'"),
        ("data.dir=C:\\x", "data.dir='C:\\x'"),
        ("ckpt_path='a b'", "ckpt_path='a b'"),
        ("ckpt_path=null", "ckpt_path=null"),
        ("images=", "images="),
        ("+model=lenet", "model=lenet"),
        ("++seed=3", "seed=3"),
        ("+hydra.job.env_set.A=1", "+hydra.job.env_set.A=1"),
        ("+mine=x", "+mine=x"),
        ("~model.body.c1", "model.body.c1=null"),
        ("~data", "~data"),
        ("model.body.x={block: conv}", "model.body.x={block: conv}"),
    ],
)
def test_an_override_is_made_plain(typed: str, meant: str) -> None:
    assert plain_words(typed) == meant


def test_flags_stand_anywhere() -> None:
    arguments = read_arguments(["model=lenet", "-m", "seed=0,1", "--config-dir", "x y", "task=summary"])
    assert arguments.multirun
    assert arguments.config_dir == "x y"
    assert arguments.overrides == ["model=lenet", "seed=0,1", "task=summary"]


def test_what_the_shell_split_inside_brackets_is_put_together() -> None:
    words = ["model.norm={kind:", "group,", "groups:", "2}", "'x'", "data.shape=[1,", "28,", "28]", "seed=1"]
    assert read_arguments(words).overrides == [
        "model.norm={kind: group, groups: 2}",
        "'x'",
        "data.shape=[1, 28, 28]",
        "seed=1",
    ]


def test_free_text_is_not_put_together_with_what_follows() -> None:
    assert read_arguments(["images=a (1", "seed=1"]).overrides == ["images='a (1'", "seed=1"]


def test_blank_words_are_nothing() -> None:
    assert read_arguments(["", "seed=1", " "]).overrides == ["seed=1"]


def test_all_unknown_flags_are_told() -> None:
    with pytest.raises(UserError) as error:
        read_arguments(["--cgf", "job", "-x", "--seed=1"])
    assert len(error.value.faults) == 3


def test_a_word_that_the_locale_cannot_hold_is_told_with_the_true_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    typed = "name=café".encode().decode("ascii", "surrogateescape")
    with pytest.raises(UserError) as raised:
        read_arguments([typed])
    assert str(raised.value).startswith("command line  name=café has characters that Python cannot read here: it takes")
    assert "PYTHONUTF8=1" in str(raised.value)


def test_bytes_that_are_no_text_and_endless_words_are_told_apart() -> None:
    with pytest.raises(UserError) as raised:
        read_arguments(["name=\udcff", "a" * 20_001])
    first, second = (fault.message for fault in raised.value.faults)
    assert first.endswith("is not UTF-8 text")
    assert second.endswith("has more than 20,000 characters")
