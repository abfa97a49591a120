"""What the one reader of a run's folder says of it: sound, damaged, begun or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_records import begun

from cnnlab.errors import UserError
from cnnlab.tracking.reader import RunFolder, read_run, run_in


def unfinished(folder: Path, identity: str, **result: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"identity": identity}))
    if result:
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_what_lies_in_a_folder_is_told_apart(tmp_path: Path) -> None:
    assert run_in(tmp_path / "none").kind == "empty"
    (tmp_path / "log").mkdir()
    assert run_in(tmp_path).kind == "empty"
    run = run_in(unfinished(tmp_path / "a", "abc"))
    assert (run.kind, run.identity, run.result) == ("unfinished", "abc", None)
    assert run_in(unfinished(tmp_path / "b", "abc", status="failed")).kind == "unfinished"
    assert run_in(unfinished(tmp_path / "c", "abc", status="diverged")).kind == "finished"
    assert run_in(unfinished(tmp_path / "d", "abc", status="ok")).status == "ok"
    (tmp_path / "metrics.jsonl").touch()
    assert run_in(tmp_path).kind == "foreign"


def test_a_damaged_record_is_a_fault_and_not_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"identity": ')
    with pytest.raises(UserError, match=r"^hydra.run.dir: .*/run.json cannot be read"):
        run_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.jsonl", "{]\n", r"is damaged: metrics.jsonl: line 1 is not JSON"),
        (
            "metrics.jsonl",
            '{"epoch": 1}\n{"val/acc": 0.5}\n',
            r"is damaged: metrics.jsonl: line 2 has no number as its epoch",
        ),
        ("result.json", '{"status": ', r"is damaged: result.json: "),
        ("network.json", "[]", r"is damaged: network.json: it is not a mapping"),
        ("config.yaml", "a: [", r"is damaged: config.yaml: while parsing"),
    ],
)
def test_a_damaged_record_says_which_file(tmp_path: Path, name: str, content: str, message: str) -> None:
    begun(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_run(tmp_path)


def test_a_folder_of_no_run_is_refused_under_the_setting_that_named_it(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_run(tmp_path, "dir")
    assert str(caught.value) == f"dir: {tmp_path} is no run's folder: it has no config.yaml and no network.json"
    with pytest.raises(UserError, match=r"^ckpt_path: there is no folder"):
        read_run(tmp_path / "none")


def test_a_folder_is_read_as_it_lay_there_when_it_was_asked_for(tmp_path: Path) -> None:
    begun(tmp_path, 2)
    run = read_run(tmp_path)
    begun(tmp_path, 3).finish("ok")
    assert (len(run.rows), run.result) == (2, None)


def test_a_damaged_record_is_a_run_to_be_taken_up(tmp_path: Path) -> None:
    """A sweep trains it again, and what it holds is written anew."""
    for damaged in ("run.json", "result.json"):
        folder = unfinished(tmp_path / damaged, "abc", status="ok")
        assert RunFolder(folder).kind == "finished"
        (folder / damaged).write_text("null")
        assert RunFolder(folder).kind == "unfinished"
    linked = unfinished(tmp_path / "linked", "abc", status="ok")
    (linked / "config.yaml").symlink_to(tmp_path / "elsewhere")
    assert RunFolder(linked).kind == "unfinished"
