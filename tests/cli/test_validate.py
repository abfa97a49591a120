"""task=validate and task=schema: the files of a configuration, by themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import stderr_lines
from tiny_run import CONF

MINE = {
    "model/a.yaml": "defaults: [resnet18, _self_]\nbody:\n  stage2: {strid: 2}\n  stage3: {norm: batsh}\n",
    "model/b.yaml": "defaults: [lenet, _self_]\nbody: {c3: {kernel_size: 99}}\n",
    "model/c.yaml": "body: {c1: [conv\n",
    "blocks/d.yaml": "own: {params: {c: 8}, block: conv, channels: $c, kernal_size: 3}\n",
    "data/e.yaml": "defaults: [cifar10, _self_]\nnames: [cat, dog]\n",
    "study/f.yaml": "question: x\nbase: {model: lenet}\nfactors: {model.norm: [none, bach]}\n",
    "optimizer/g.yaml": "kind: sgd\nlr: -1\n",
    "model/good.yaml": "defaults: [lenet, _self_]\nnorm: batch\n",
}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    for name, text in MINE.items():
        file = tmp_path / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "mine"


@pytest.mark.slow
def test_all_faults_of_all_files_are_told_at_once_with_their_places(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], mine: Path
) -> None:
    assert cnnlab("task=validate", "dir=mine") == 2
    said = stderr_lines(capsys)
    starts = [line.split("  ")[0] for line in said if not line.startswith(" ")]
    assert starts[:-1] == [
        "mine/blocks/d.yaml:1:50",
        "mine/data/e.yaml:2:1",
        "mine/model/a.yaml:3:12",
        "mine/model/a.yaml:4:12",
        "mine/model/b.yaml:2:8",
        "mine/model/c.yaml:2:1",
        "mine/optimizer/g.yaml:2:1",
        "mine/study/f.yaml:3:11",
    ]
    assert starts[-1] == "8 faults in 7 of 8 files"
    assert "did you mean 'kernel_size'" in said[0]
    assert "the feature map vanishes" in next(line for line in said if line.startswith("mine/model/b.yaml"))


def test_a_machine_can_read_it(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], mine: Path) -> None:
    assert cnnlab("task=validate", "dir=mine/model/a.yaml", "format=json") == 2
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == 1
    first = said["faults"][0]
    assert (first["file"], first["line"], first["column"]) == ("mine/model/a.yaml", 3, 12)
    assert first["path"] == "model.body.stage2.strid"
    assert first["message"] == "residual has no such setting; did you mean 'stride'?"


def test_good_files_are_told_so(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], mine: Path) -> None:
    assert cnnlab("task=validate", "dir=mine/model/good.yaml") == 0
    assert capsys.readouterr().out == "1 file, no fault\n"


OWN = """question: x
base: {model: lenet, data.subset: 100}
factors: {model.body.c1.norm: [none, batch], model: {seed: {optimizer.lr: 0.2}, data: {optimizer.lr: 0.1}}}
full: {base: {data: fashion_mini}}
"""


@pytest.mark.parametrize(
    ("words", "at_fault"),
    [
        pytest.param(["model=resnet18", "model.body.stage1.repeat=3"], [], marks=pytest.mark.slow),
        pytest.param(["++model=resnet18"], [], marks=pytest.mark.slow),
        pytest.param(["optimizer.lr=-1"], [], marks=pytest.mark.slow),
        (["data.batch_size=0"], ["data.batch_size"]),
        # the full size has data of its own, the small one has not
        pytest.param(["data=nope"], ["data"], marks=pytest.mark.slow),
        pytest.param(["data.subset=0"], [], marks=pytest.mark.slow),
        pytest.param(["study=own", "optimizer.momentum=2"], ["optimizer.momentum"], marks=pytest.mark.slow),
    ],
)
def test_other_overrides_hold_for_every_file_but_where_a_study_sets_its_own(
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    at_fault: list[str],
) -> None:
    study = tmp_path / "mine" / "study" / "own.yaml"
    study.parent.mkdir(parents=True)
    study.write_text(OWN)
    where = [] if "study=own" in words else ["dir=mine/study"]
    assert cnnlab("task=validate", *where, *words, *(["--config-dir=mine"] if not where else [])) == 2 * bool(at_fault)
    said = stderr_lines(capsys)
    assert all(any(key in line for line in said) for key in at_fault)


def test_what_is_typed_wrong_is_told_once_and_not_for_every_file(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], mine: Path
) -> None:
    assert cnnlab("task=validate", f"dir={CONF / 'optimizer'}", "model=resnet81", "data.batch_size=0") == 2
    assert [line.split("  ")[0] for line in stderr_lines(capsys)] == [
        "command line",
        "command line",
        "2 faults on the command line",
    ]


@pytest.mark.slow
def test_overrides_of_a_network_hold_for_a_study_without_one(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    study = tmp_path / "mine" / "study" / "own.yaml"
    study.parent.mkdir(parents=True)
    study.write_text("question: x\nbase: {data.subset: 100}\nfactors: {model.body.c1.norm: [none, batch]}\n")
    assert cnnlab("task=validate", "dir=mine/study", "model=resnet18") == 2
    assert "there is no block 'c1'" in stderr_lines(capsys)[0]


def test_a_folder_of_images_need_not_say_where_it_lies(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=validate", f"dir={CONF / 'data'}") == 0
    assert capsys.readouterr().out == "7 files, no fault\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dir=nowhere"], "command line  dir: there is no YAML file at nowhere"),
        (["-m", "seed=0,1"], "command line  task: validate is of files, not of a run; leave out -m"),
    ],
)
def test_what_cannot_be_validated_is_told(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cnnlab("task=validate", *words) == 2
    assert said in stderr_lines(capsys)


@pytest.mark.slow
def test_the_schema_is_written_once_with_the_blocks_of_plugins(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], mine: Path
) -> None:
    assert cnnlab("task=schema", "--config-dir", "mine") == 0
    assert cnnlab("task=schema", "--config-dir", "mine") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.match(r"mine/schema: \d+ schemas, changed: model.json, ", first)
    assert re.fullmatch(r"mine/schema: \d+ schemas, none changed", second)
    model = json.loads((mine / "schema" / "model.json").read_text())
    assert "own" in model["definitions"]["kind"]["anyOf"][0]["enum"]
    assert cnnlab("task=schema", f"dir={mine / 'model' / 'a.yaml'}") == 2


@pytest.mark.slow
def test_a_study_of_billions_of_jobs_is_told_and_not_counted_one_by_one(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    values = "[" + ", ".join(str(n) for n in range(1, 101)) + "]"
    names = (
        "trainer.max_epochs",
        "data.batch_size",
        "trainer.max_steps",
        "trainer.accumulate_grad_batches",
        "data.subset",
    )
    Path("mine/study").mkdir(parents=True)
    factors = "".join(f"  {name}: {values}\n" for name in names)
    Path("mine/study/huge.yaml").write_text(f"question: x\nbase: {{model: lenet}}\nfactors:\n{factors}")
    assert cnnlab("-cd", "mine", "task=validate", "dir=mine") == 2
    assert "jobs; 10,000 are the most" in capsys.readouterr().err
