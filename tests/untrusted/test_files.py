"""How much of a file is read: regular ones, of a size that such files have, and data that can be walked through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cnnlab.untrusted.files import DEEPEST, Refused, bounded, parse_json, read_bytes, read_json


def refusal(call: Any, *args: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*args)
    return str(caught.value)


def test_a_file_is_read_up_to_its_most_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert read_bytes(tmp_path / "x", 3) == b"abc"
    assert refusal(read_bytes, tmp_path / "x", 2) == "has more than 2 bytes, which no such file needs"


def test_what_is_no_regular_file_is_not_even_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        assert refusal(read_bytes, path) == "is no regular file"
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "nothing")


def test_a_file_that_grows_beyond_its_size_is_refused() -> None:
    assert refusal(read_bytes, "/proc/self/maps", 100).startswith("has more than 100 bytes")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5_000])
def test_json_has_no_numbers_that_are_not_finite(number: str) -> None:
    said = refusal(parse_json, f'{{"a": [1.5, {number}]}}')
    assert said == f"has {number[:20]} in it, which is no number of JSON's"
    assert parse_json(f"[{'9' * 40}, {'9' * 41}, 1e308]") == [int("9" * 40), 1e41, 1e308]


@pytest.mark.parametrize("raw", ["[" * 100_000, '{"a":' * 100_000, "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)])
def test_deep_json_is_refused(raw: str) -> None:
    assert refusal(parse_json, raw).startswith("is nested ")


def test_numbers_of_any_length_that_a_float_has_are_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(f'{{"a": {"9" * 300}, "b": -7}}')
    assert read_json(tmp_path / "x") == {"a": 1e300, "b": -7}


def test_plain_data_are_counted_as_often_as_they_occur() -> None:
    value: Any = [1]
    for _ in range(25):
        value = [value, value]
    assert refusal(bounded, value).startswith("has more than ")
    value.append(value)
    assert refusal(bounded, value).startswith("is nested ")
    assert refusal(bounded, {"a": object()}) == "has a object in it"
    assert refusal(bounded, {(1, 2): 3}) == "has names that are no words"
    assert bounded({"a": [1, None, 2.5, "x", {"b": True}]}) == {"a": [1, None, 2.5, "x", {"b": True}]}
