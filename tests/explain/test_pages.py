"""docs/explain.md and docs/lint.md: each command on them says what stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import CONF

DOCS = CONF.parent / "docs"
SHOWN = [
    (page, block)
    for page in ("explain", "lint")
    for block in re.findall(r"```\n\$ (.+?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
]


def moved(text: str) -> str:
    """Without the numbers of lines, which other changes move."""
    return re.sub(r"(\.(?:py|yaml))(:\d+)+", r"\1", text)


@pytest.mark.parametrize(("page", "block"), SHOWN, ids=[f"{page} {i}" for i, (page, _) in enumerate(SHOWN)])
def test_a_command_says_what_the_page_shows(
    page: str,
    block: str,
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(CONF.parent)
    command, *lines = moved(block).rstrip("\n").split("\n")
    assert cnnlab(*shlex.split(command)[2:]) == 0
    said = moved(capsys.readouterr().out).rstrip("\n")
    shown = "\n".join(lines)
    if shown.startswith("…\n"):
        assert f"\n{shown[2:]}".rstrip("…\n") in said
        assert shown.endswith("…") or said.endswith(shown[2:])
    elif shown.endswith("\n…"):
        assert said.startswith(shown[:-2])
    else:
        assert said == shown


def test_the_table_of_smells_is_the_list() -> None:
    from cnnlab.lint.smells import SMELLS, name

    page = (DOCS / "lint.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == [name(smell) for smell in SMELLS]


def test_pages_are_short() -> None:
    for page in ("explain", "lint"):
        assert len(Path(DOCS / f"{page}.md").read_text(encoding="utf-8").splitlines()) < 200
