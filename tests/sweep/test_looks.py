"""`seed=auto` and `looks=[…]`: seeds written out, and what cannot be looks."""

from __future__ import annotations

import pytest

from cnnlab.errors import UserError
from cnnlab.sweep.looks import read_seed_words


def test_auto_stands_for_as_many_seeds_as_the_last_look_has() -> None:
    read = read_seed_words(["model=lenet", "seed=auto"])
    assert read.looks == (3, 5, 10, 20)
    assert read.words == ["model=lenet", f"seed={','.join(map(str, range(20)))}"]
    assert read_seed_words(["looks=[2, 4]", "jobs=2"]).words == ["jobs=2", "seed=0,1,2,3"]


def test_seeds_that_are_listed_are_left_as_they_are() -> None:
    assert read_seed_words(["seed=0,1", "model.norm=none,batch"]).words == ["seed=0,1", "model.norm=none,batch"]


@pytest.mark.parametrize("looks", ["[5,3]", "[3,3]", "[1,5]", "[3,2000]", "x", "[]", "[3,four]", "3..5"])
def test_looks_that_go_backwards_or_are_none_are_refused(looks: str) -> None:
    with pytest.raises(UserError) as raised:
        read_seed_words([f"looks={looks}"])
    (fault,) = raised.value.faults
    assert fault.path == "looks"
    assert f"looks=[3,5,10,20], not {looks}" in fault.message


def test_seeds_and_looks_together_are_refused() -> None:
    with pytest.raises(UserError, match="leave the seeds out, or write seed=auto"):
        read_seed_words(["looks=[3,5]", "seed=0,1,2"])
