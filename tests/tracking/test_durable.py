import json
import os
import random
import stat
import time
from pathlib import Path

import pytest

from cnnlab.tracking import durable

WRITER = """
import sys
from cnnlab.tracking import durable
contents = ["a" * 300_000, "b" * 500_000]
durable.write(sys.argv[1], contents[0])
print("ready", flush=True)
while True:
    for content in contents:
        durable.write(sys.argv[1], content)
"""

APPENDER = """
import itertools, sys
from cnnlab.tracking import durable
print("ready", flush=True)
for number in itertools.count():
    durable.append_line(sys.argv[1], {"number": number, "filler": "x" * 5000})
"""


def test_a_file_whose_writer_is_killed_holds_one_of_its_contents_whole(tmp_path: Path, start, said) -> None:
    path, chance = tmp_path / "file", random.Random(0)
    for _ in range(6):
        process = start(WRITER, path)
        assert said(process) == "ready"
        time.sleep(chance.uniform(0.005, 0.08))  # any moment will do: none is waited for
        process.kill()
        process.wait()
        assert path.read_text() in ("a" * 300_000, "b" * 500_000)
    durable.clear_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["file"]


def test_lines_whose_writer_is_killed_can_be_read_and_gone_on_with(tmp_path: Path, start, said) -> None:
    path = tmp_path / "lines"
    process = start(APPENDER, path)
    assert said(process) == "ready"
    while not (path.exists() and path.stat().st_size > 50_000):
        assert process.poll() is None
    process.kill()
    process.wait()
    count = len(durable.read_lines(path))
    durable.append_line(path, {"number": count, "filler": ""})
    assert count >= 9
    assert [record["number"] for record in durable.read_lines(path)] == list(range(count + 1))


def test_a_torn_last_line_does_not_count_and_is_cut_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    durable.append_line(path, {"epoch": 1})
    with path.open("ab") as file:
        file.write(b'{"epoch": 2, "lo')
    assert durable.read_lines(path) == [{"epoch": 1}]
    durable.append_line(path, {"epoch": 2})
    assert path.read_bytes() == b'{"epoch": 1}\n{"epoch": 2}\n'


def test_a_line_broken_in_the_middle_is_named(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"epoch": 1}\n{"epo\n{"epoch": 3}\n')
    with pytest.raises(ValueError, match="line 2 is not JSON"):
        durable.read_lines(tmp_path / "lines")
    (tmp_path / "lines").write_text("[1]\n")
    with pytest.raises(ValueError, match="line 1 is not a JSON object"):
        durable.read_lines(tmp_path / "lines")


def test_a_missing_file_has_no_lines(tmp_path: Path) -> None:
    assert durable.read_lines(tmp_path / "none") == []


@pytest.mark.parametrize("step", ["fsync", "replace", "write"])
def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    durable.write(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        durable.write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_json_keeps_the_order_of_keys_and_every_character(tmp_path: Path) -> None:
    value = {"b": "größer 日本", "a": {"z": 1, "y": None}}
    durable.write_json(tmp_path / "file", value)
    text = (tmp_path / "file").read_text(encoding="utf-8")
    assert "größer 日本" in text
    assert list(json.loads(text)) == ["b", "a"]


def test_a_file_name_that_is_no_unicode_survives_json(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "file", {"image": "caf\udce9.png"})
    assert json.loads((tmp_path / "file").read_bytes()) == {"image": "caf\udce9.png"}


def test_what_json_does_not_know_is_refused_before_the_file_is_touched(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "file", {})
    with pytest.raises(ValueError, match="JSON compliant"):
        durable.write_json(tmp_path / "file", {"loss": float("nan")})
    assert json.loads((tmp_path / "file").read_text()) == {}


def test_a_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    last, best = tmp_path / "last", tmp_path / "best"
    durable.write(last, "one")
    for _ in range(2):
        durable.copy(last, best)
        assert last.stat().st_ino != best.stat().st_ino
    durable.write(last, "two")
    assert (last.read_text(), best.read_text()) == ("two", "one")
    assert sorted(os.listdir(tmp_path)) == ["best", "last"]


def test_a_file_is_readable_by_others_as_the_umask_says(tmp_path: Path) -> None:
    durable.write(tmp_path / "file", "")
    (tmp_path / "plain").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_content_is_on_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(fd: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "content")
        fsync(fd)

    def noted_replace(source: Path, target: Path) -> None:
        events.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    durable.write(tmp_path / "file", "content")
    assert events == ["content", "name", "folder"]
