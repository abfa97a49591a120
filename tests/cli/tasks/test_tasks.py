"""Tasks as records: what derives from them, and tasks of plugins."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_modules import Write, modules
from stderr_lines import stderr_lines
from tiny_run import CONF

from cnnlab.cli.help import help_text
from cnnlab.cli.tasks import SHIPPED, TASKS

COUNT = """
from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class CountBlocks(Task):
    name = "count_blocks"
    help = "how many blocks the network has"
    takes = ("key",)
    needs = ("shapes",)

    def run(self, context: TaskContext) -> Exit:
        count = sum(len(stack) for stack in context.run.network.sections.values())
        (context.folder / "count.txt").write_text(f"{count} {context.run.top.key}")
        return Exit.DONE
"""


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    with modules(tmp_path) as write:
        yield write
    TASKS.brought.clear()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_task_is_named_as_its_file_and_listed(name: str) -> None:
    task = TASKS[name]
    assert task.name == name
    assert f"  task={name:<11}{task.help}\n" in help_text([CONF])


def test_the_schema_knows_the_tasks() -> None:
    schema = json.loads((CONF / "schema" / "global.json").read_text(encoding="utf-8"))
    assert next(iter(schema["definitions"]["part"]["properties"]["task"]["anyOf"]))["enum"] == list(SHIPPED)


def test_the_records_of_tasks_are_light() -> None:
    code = "import sys; from cnnlab.cli.tasks import TASKS; list(TASKS.values()); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "hydra", "omegaconf", "pydantic", "rich", "numpy"} & set(loaded)


def test_a_plugins_task_has_its_folder_and_takes_its_settings(cnnlab: Callable[..., int], write: Write) -> None:
    write("counting", COUNT)
    words = ("plugins=counting", "task=count_blocks", "model=lenet", "key=body.c1", "hydra.run.dir=out")
    assert cnnlab(*words) == 0
    assert Path("out/count.txt").read_text() == "8 body.c1"
    assert Path("out/run.log").exists()


def test_a_plugins_task_is_done_for_every_job_of_a_sweep(cnnlab: Callable[..., int], write: Write) -> None:
    write("counting", COUNT)
    words = ("plugins=counting", "task=count_blocks", "model=lenet,resnet18", "hydra.sweep.dir=out")
    assert cnnlab("-m", *words) == 0
    assert [Path(f"out/{job}/count.txt").read_text() for job in (0, 1)] == ["8 None", "8 None"]


def test_what_a_plugins_task_needs_is_checked(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("counting", COUNT)
    assert cnnlab("plugins=counting", "task=count_blocks", "model=lenet", "data.size=8") == 2
    assert "the feature map vanishes" in stderr_lines(capsys)[0]
    assert cnnlab("plugins=counting", "task=count_block") == 2
    assert stderr_lines(capsys)[0].endswith("count_blocks, not 'count_block'; did you mean 'count_blocks'?")


WRONG = """
from cnnlab.cli.tasks import Task


class Train(Task):
    name = "train"
    takes = ["key"]
    needs = ("images",)
"""


def test_all_that_is_wrong_with_a_plugins_task_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    write("mistaken", WRONG)
    assert cnnlab("plugins=mistaken", "task=summary") == 2
    assert stderr_lines(capsys) == [
        "command line  plugins: mistaken.Train needs a help, such as help = 'how many blocks the network has' "
        "(mistaken.py:5)",
        "command line  plugins: mistaken.Train: there is a task 'train' already; give it another `name` "
        "(mistaken.py:6)",
        "command line  plugins: mistaken.Train.takes: should be a tuple of words, as in takes = ('shapes',), "
        "not ['key'] (mistaken.py:7)",
        "command line  plugins: mistaken.Train.needs: there are data and shapes, not 'images' (mistaken.py:8)",
        "command line  plugins: mistaken.Train needs a method run(self, context) (mistaken.py:5)",
    ]
