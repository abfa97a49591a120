"""Studies: what their files may say, what is told about wrong ones, and that the shipped ones compose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small import CONF
from spoken import spoken

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.check import check
from cnnlab.cli.grid import ask
from cnnlab.config.compose import compose
from cnnlab.config.engine import start

STUDIES = sorted(file.stem for file in (CONF / "study").glob("*.yaml"))

STUDY = """\
question: Does it?
base: {model: lenet, data: synthetic}
factors:
  model.norm: [none, batch]
  optimizer.lr: [0.1, 1e-3]
"""


def told(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], text: str, *words: str) -> list[str]:
    """What is said about a study's file."""
    folder = Path("mine/study")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.yaml").write_text(text)
    assert cnnlab("-cd", "mine", "study=x", "task=preflight", *words) == 2
    return spoken(capsys)


@pytest.mark.parametrize("name", STUDIES)
def test_every_shipped_study_composes_at_both_sizes_and_its_claims_are_about_what_is_there(name: str) -> None:
    hydra = start(CONF)
    for size in ("cpu", "full"):
        asked = ask(hydra, read_arguments([f"study={name}", f"study.size={size}"]))
        cells = list(
            {
                tuple(cell.labels[key] for key in cell.labels if key != "seed"): cell for cell in asked.grid.cells()
            }.values()
        )
        for cell in cells if size == "cpu" else cells[-1:]:
            _, noted = check(compose(hydra.config_loader, "config", cell.words))
            assert not noted, (name, size, cell.labels)


def test_the_source_has_nine_claims_and_each_has_its_study() -> None:
    files = [(CONF / "study" / f"{name}.yaml").read_text() for name in STUDIES]
    for number in range(1, 10):
        assert any(f"\n# C{number}: " in text for text in files)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "model.norm",
            "model.nrm",
            "mine/study/x.yaml:4:3  model.nrm: a model has no such setting; did you mean 'norm'?",
        ),
        ("[none, batch]", "[none, bach]", "mine/study/x.yaml:4:3  model.norm: should be one of batch, group, …"),
        ("[none, batch]", "[]", "mine/study/x.yaml:3:1  factors: model.norm should list its values, or name its arms"),
        (
            "question",
            "qestion",
            "mine/study/x.yaml:1:1  qestion: a study has no such setting; did you mean 'question'?",
        ),
        (
            "Does it?",
            "Does it?\nseeds: 0",
            "mine/study/x.yaml:2:1  seeds: should be a number of seeds (at most 10,000), or a list of them",
        ),
        ("Does it?", "Does it?\nmargin: 0", "mine/study/x.yaml:2:1  margin: should be above 0, not 0"),
        ("Does it?", "Does it?\nmetrics: [shft]", "mine/study/x.yaml:2:1  metrics: should be one of shift, gap, …"),
        ("Does it?", "Does it?\ntuned: [lr]", "mine/study/x.yaml:2:9  tuned[0]: 'lr' is not varied here; …"),
        (
            "Does it?",
            "Does it?\nclaims: [{factor: model.norm, arm: group}]",
            "mine/study/x.yaml:2:31  claims[0].arm: model.norm has no value 'group'; …",
        ),
        ("Does it?", "Does it?\nhydra: {}", "mine/study/x.yaml:2:1  hydra: a study has no such setting; …"),
        ("{model:", "{model: foo, a:", "mine/study/x.yaml:2:8  model: there is no model 'foo'; …"),
        ("base:", "base", "mine/study/x.yaml:2:25  is not YAML: …"),
    ],
)
def test_what_is_wrong_in_a_study_is_told_with_its_place(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    lines = told(cnnlab, capsys, STUDY.replace(old, new, 1))
    start = said.removesuffix("…").rstrip()
    assert any(line.startswith(start) if said.endswith("…") else line == said for line in lines), lines


def test_a_claim_about_a_block_that_is_not_there_is_told_before_anything_is_trained(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    claims = "claims: [{factor: model.norm, arm: batch, metric: layer/body.c7/params}]\n"
    said = "mine/study/x.yaml:1:43  claims[0].metric: there is no block 'body.c7'; did you mean 'body.c3'?"
    assert told(cnnlab, capsys, claims + STUDY) == [said]
    assert cnnlab("-cd", "mine", "study=x") == 2
    assert spoken(capsys) == [said]
    assert not Path("outputs").exists()
    assert cnnlab("-cd", "mine", "study=x", "task=validate") == 2
    assert spoken(capsys)[0] == said


def test_a_study_that_is_not_there_is_told(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("study=batchnrm") == 2
    assert spoken(capsys) == ["command line  study: there is no study 'batchnrm'; did you mean 'batchnorm'?"]
    assert cnnlab("study=batchnorm", "study.size=huge") == 2
    assert spoken(capsys) == ["command line  study.size: should be one of cpu, full, not 'huge'"]


def test_a_study_of_counts_trains_nothing_and_has_its_verdicts(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("study=inception") == 0
    (folder,) = Path("outputs").iterdir()
    found = json.loads((folder / "comparison.json").read_text())
    assert {contrast["verdict"] for contrast in found["contrasts"]} == {"supported"}
    assert (folder / "report.html").stat().st_size > 1000
    assert not list(folder.glob("*/metrics.jsonl"))
    assert (
        json.loads((folder / "block=conv3x3-s0" / "result.json").read_text())["params"] == 442_368 + 256 * 28 * 28 * 10
    )


def test_the_command_line_has_the_last_word(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "study=pooling",
        "data=synthetic",
        "data.subset=null",
        "threads=1",
        "seed=7",
        "task=preflight",
        "format=json",
    ]
    assert cnnlab(*words, "model.body.c1.channels=2") == 0
    found = json.loads(capsys.readouterr().out)
    assert [arm["arm"] for arm in found["arms"]] == [f"pooling={name}" for name in ("none", "max", "avg", "max+moved")]
    assert {arm["jobs"] for arm in found["arms"]} == {1}
    assert found["waiting"] == 4
    assert found["arms"][0]["params"] < 61_706
    assert all(arm["seconds"] > 0 for arm in found["arms"])
    assert not Path("outputs").exists()


def test_one_block_is_left_out_at_a_time(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data=synthetic", "threads=1", "task=preflight", "-m", "model.norm=batch"]
    assert cnnlab(*words, "each(model.body.c*).norm=none", "format=json") == 0
    arms = json.loads(capsys.readouterr().out)["arms"]
    assert [(arm["arm"], 61_728 - arm["params"]) for arm in arms] == [
        ("norm=as-is", 0),
        ("norm=c1", 2 * 6 - 6),
        ("norm=c3", 2 * 16 - 16),
    ]
    assert cnnlab(*words, "each(model.body.x*).norm=none") == 2
    assert spoken(capsys)[0].startswith("command line  each(model.body.x*).norm: no block is called 'model.body.x*'")


def test_preflight_tells_all_jobs_faults_at_once_and_which_are_the_same(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", "task=preflight", "data=synthetic", "threads=1"]
    assert cnnlab(*words, "model.norm=none,grup", "optimizer.lr=0.1,-1", "seed=0,1") == 2
    said = spoken(capsys)
    assert len(said) == 2
    assert said[0] == "command line  optimizer.lr: should be above 0, not -1"
    assert said[1].startswith("command line  model.norm: should be one of batch, group")
    assert cnnlab(*words, "model.norm=none,null", "format=json") == 0
    assert [arm["same_as"] for arm in json.loads(capsys.readouterr().out)["arms"]] == [None, "norm=none"]
