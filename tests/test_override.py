"""Overrides: `key=value`, `+key=value`, `~key`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.override import Override, keys, last_value


@given(st.text(max_size=20) | st.from_regex(r"[+~]{0,2}[a-z.@/]{0,8}=?[a-z=+~]{0,8}", fullmatch=True))
def test_an_override_is_written_as_it_was_read(word: str) -> None:
    assert str(Override.read(word)) == word


@pytest.mark.parametrize(
    ("word", "setting", "top"),
    [
        ("seed=1", "seed", "seed"),
        ("+model.norm=none", "model.norm", "model"),
        ("~model.body.c1", "model.body.c1", "model"),
        ("model@other=lenet", "model", "model"),
        ("hydra/launcher=slurm", "hydra/launcher", "hydra"),
        ("against=model=vgg16", "against", "against"),
    ],
)
def test_its_key_says_what_it_sets(word: str, setting: str, top: str) -> None:
    assert (Override.read(word).setting, Override.read(word).top) == (setting, top)


def test_a_word_without_an_equals_sign_has_no_value() -> None:
    assert Override.read("~model.body.c1").value is None
    assert Override.read("name=").value == ""


def test_of_two_words_for_one_key_the_last_counts() -> None:
    words = ["seed=1", "+seed=2", "model.seed=3"]
    assert last_value(words, "seed") == "2"
    assert last_value(words, "data") is None
    assert keys(words) == {"seed", "model.seed"}
