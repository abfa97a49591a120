"""The loggers that a run names: the shipped ones' settings, and one of a user's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_modules import Write, modules
from stderr_lines import stderr_lines
from tiny_run import SMALL, result

LOG = '''
import json

from cnnlab.settings import Natural
from cnnlab.tracking.loggers import LoggedRun, Logger


class Notebook(Logger):
    """Lines in a file of one's own."""

    file: str = "notes.txt"
    """where they are written, in the run's folder"""
    digits: Natural = 3

    def follow(self, run: LoggedRun):
        run.say(f"notes in {self.file}")
        return Page(run.folder / self.file, self.digits)


class Page:
    def __init__(self, file, digits):
        self.file, self.digits = file, digits

    def epoch(self, row):
        with self.file.open("a") as file:
            print(row["epoch"], round(row["val/acc"], self.digits), file=file)

    def end(self, code):
        with self.file.open("a") as file:
            print("end", code, json.loads(self.file.with_name("result.json").read_text())["status"], file=file)


class Wrong(Logger):
    def follow(self, run):
        return 3
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    monkeypatch.chdir(tmp_path)
    with modules(tmp_path) as write:
        write("own", LOG)
        yield write


@pytest.mark.usefixtures("own", "no_pictures")
def test_a_logger_of_ones_own_hears_of_each_epoch_and_of_the_end(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "plugins=own", "hydra.run.dir=run"]
    assert cnnlab(*words, "logger.notebook={file: mine.txt, digits: 2}") == 0
    assert "notes in mine.txt" in capsys.readouterr().out
    first, second, last = Path("run/mine.txt").read_text().splitlines()
    rows = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert (first, second) == tuple(f"{row['epoch']} {round(row['val/acc'], 2)}" for row in rows)
    assert last == "end 0 ok"
    identity = result(Path("run"))["identity"]
    assert cnnlab(*[*SMALL, "plugins=own", "hydra.run.dir=plain"]) == 0
    assert result(Path("plain"))["identity"] == identity


@pytest.mark.usefixtures("own", "no_pictures")
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("logger.notebok={}", "logger.notebok: logger has no such setting"),
        ("logger.notebook={fle: x}", "logger: notebook.fle: notebook has no such setting; did you mean 'file'?"),
        ("logger.notebook={digits: -1}", "logger: notebook.digits: should be at least 0, not -1"),
        ("logger.wrong={}", "its follow() returns int, not an object with epoch(row) and end(code) (own.py:"),
    ],
)
def test_what_is_wrong_with_it_is_told(
    word: str, message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "plugins=own", word) == 2
    told = "\n".join(stderr_lines(capsys))
    assert message in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("own")
def test_the_schema_has_its_settings(cnnlab: Callable[..., int]) -> None:
    assert cnnlab("task=schema", "dir=schemas", "plugins=own") == 0
    assert "where they are written, in the run's folder" in Path("schemas/logger.json").read_text()
