import json
import os
import re
import time
from pathlib import Path

import pytest

from cnnlab.errors import UserError
from cnnlab.tracking import folder as folders
from cnnlab.tracking.folder import enter, enter_any, new_folder
from cnnlab.tracking.lock import Lock

MAKER = """
import sys
from cnnlab.tracking.folder import new_folder
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    print(new_folder(sys.argv[1], "lenet").name, flush=True)
"""


def unfinished(folder: Path, identity: str, **result: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"identity": identity}))
    if result:
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_processes_that_start_in_the_same_second_never_share_a_folder(tmp_path: Path, start, said) -> None:
    makers = [start(MAKER, tmp_path) for _ in range(3)]
    assert [said(maker) for maker in makers] == ["ready"] * 3
    for maker in makers:
        maker.stdin.write("\n")
        maker.stdin.flush()
    names = [said(maker) for maker in makers for _ in range(20)]
    assert len(set(names)) == 60
    assert sorted(names) == sorted(os.listdir(tmp_path))


def test_a_folder_is_named_by_the_time_and_what_is_trained(tmp_path: Path) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_d2l-lenet", new_folder(tmp_path / "a" / "b", "d2l/lenet").name)


def test_a_folder_that_cannot_be_made_is_the_users_to_know(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught:
        new_folder(tmp_path / "file" / "runs", "lenet")
    assert str(caught.value) == f"hydra.run.dir: {tmp_path}/file/runs cannot be used: not a directory"


def test_a_folder_of_another_experiment_is_refused_and_let_go(tmp_path: Path) -> None:
    unfinished(tmp_path, "abc")
    with pytest.raises(UserError, match="holds another experiment \\(abc, this one is def\\)"):
        enter(tmp_path, "def")
    lock, found = enter(tmp_path, "abc")
    assert (found.kind, found.identity, found.status) == ("unfinished", "abc", None)
    lock.release()


def test_somebody_elses_files_are_never_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine: true")
    with pytest.raises(UserError, match=r"holds config.yaml, but of no run; choose another folder"):
        enter(tmp_path, "abc")
    assert os.listdir(tmp_path) == ["config.yaml"]


def test_the_same_command_goes_on_with_its_newest_interrupted_run(tmp_path: Path) -> None:
    unfinished(tmp_path / "other", "def")
    unfinished(tmp_path / "done", "abc", status="ok")
    unfinished(tmp_path / "broke", "abc", status="failed")
    old = unfinished(tmp_path / "old", "abc", status="interrupted")
    new = unfinished(tmp_path / "new", "abc")
    os.utime(old / "run.json", (time.time() - 100,) * 2)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    first, found = enter_any(tmp_path, "lenet", "abc")
    assert (first.folder, found.kind) == (new, "unfinished")
    second, _ = enter_any(tmp_path, "lenet", "abc")  # beside the first, which is in use
    assert second.folder == old
    third, found = enter_any(tmp_path, "lenet", "abc")
    assert found.kind == "empty"
    assert third.folder.name.endswith("_lenet")
    for lock in (first, second, third):
        lock.release()


def test_a_run_finished_while_its_lock_was_awaited_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = unfinished(tmp_path / "done", "abc", status="ok")
    monkeypatch.setattr(folders, "interrupted", lambda *_: [done])
    lock, found = enter_any(tmp_path, "lenet", "abc")
    assert found.kind == "empty"
    lock.release()
    Lock(done).release()
