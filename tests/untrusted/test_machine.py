"""Where the environment takes the lock off torch.load, nothing is run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import cnnlab as package
from cnnlab.errors import UserError
from cnnlab.untrusted.machine import FORCED


@pytest.mark.parametrize(
    "words", [["task=summary"], ["task=test", "ckpt_path=x"], ["-m", "seed=0,1"], ["--cfg", "job"]]
)
def test_a_forced_load_is_refused(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv(FORCED, "1")
    assert cnnlab(*words) == 2
    assert capsys.readouterr().err.startswith(f"{FORCED}=1 lets files of weights run code; unset it")


def test_python_refuses_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, "yes")
    with pytest.raises(UserError, match="lets files of weights run code"):
        package.load("anything")
    monkeypatch.setenv(FORCED, "0")
    with pytest.raises(UserError, match="there is no anything"):
        package.load("anything")


def test_help_needs_no_environment(cnnlab: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, "1")
    assert cnnlab("--help") == 0
