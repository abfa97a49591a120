import os
import re
from pathlib import Path

import pytest

from cnnlab.errors import Exit, UserError
from cnnlab.tracking.lock import Lock

HOLDER = """
import os, sys
from cnnlab.tracking.lock import Lock
lock = Lock(sys.argv[1])
if sys.argv[2] == "fork":
    if os.fork() == 0:  # like a worker that outlives its parent
        os.close(1)
        sys.stdin.read()
        os._exit(0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["alone", "fork"])
def test_a_folder_in_use_is_refused_until_its_holder_is_killed(tmp_path: Path, start, said, how: str) -> None:
    holder = start(HOLDER, tmp_path, how)
    assert said(holder) == "held"
    with pytest.raises(UserError) as caught:
        Lock(tmp_path)
    assert caught.value.code == Exit.USER
    wanted = rf"hydra.run.dir: {tmp_path} is in use by pid {holder.pid} on \S+; wait for it, or choose another folder"
    assert re.fullmatch(wanted, str(caught.value))
    holder.kill()
    holder.wait()
    Lock(tmp_path).release()


def test_this_process_cannot_hold_a_folder_twice_but_again(tmp_path: Path) -> None:
    with Lock(tmp_path), pytest.raises(UserError, match=f"in use by pid {os.getpid()}, this process"):
        Lock(tmp_path / ".")
    with Lock(tmp_path):
        pass


def test_a_refused_folder_stays_with_its_holder(tmp_path: Path, start, said) -> None:
    holder = start(HOLDER, tmp_path, "alone")
    assert said(holder) == "held"
    for _ in range(2):
        with pytest.raises(UserError, match=f"in use by pid {holder.pid}"):
            Lock(tmp_path)


def test_the_leftovers_of_killed_writers_go_when_the_folder_is_held(tmp_path: Path) -> None:
    (tmp_path / ".result.json.123-456.part").touch()
    (tmp_path / ".mine.part").touch()
    with Lock(tmp_path):
        assert sorted(os.listdir(tmp_path)) == [".mine.part", "run.lock"]
