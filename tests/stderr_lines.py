"""What the command line said on its error stream, in a form that tests can pin."""

from __future__ import annotations

import re

import pytest
from tiny_run import CONF


def stderr_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Its lines, with shipped files named as by `named`."""
    return named(capsys.readouterr().err).splitlines()


def named(said: str) -> str:
    """Places in shipped files, whose lines may move, told by what stands there: `conf/model/lenet.yaml[c1]`."""
    return re.sub(rf"(?:{CONF}|\bconf)/(\S+\.yaml):(\d+):(\d+)", _word, said).replace(str(CONF), "conf")


def _word(place: re.Match[str]) -> str:
    line = (CONF / place[1]).read_text().splitlines()[int(place[2]) - 1]
    word = re.split(r"[:\s]", line[int(place[3]) - 1 :])[0]
    return f"conf/{place[1]}[{word}]"


def cut(lines: list[str], like: list[str]) -> list[str]:
    """`lines`, each cut where the one it is compared to ends in `…`."""
    pairs = zip(lines, [*like, *lines[len(like) :]], strict=False)
    return [line[: len(said) - 1] + "…" if said.endswith("…") else line for line, said in pairs]
