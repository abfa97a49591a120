"""`task=diff`: what differs, as a table, as JSON, as a page; and what is wrong in `against`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import cut, stderr_lines

PAGE = (Path(__file__).parents[2] / "docs" / "diff.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```\n\$ python run.py (.+?)\n(.+?)```", PAGE, re.DOTALL)


@pytest.fixture
def diff(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """task=diff with more words: what it says on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> str:
        assert cnnlab("task=diff", *words, "hydra.run.dir=out") == 0
        return capsys.readouterr().out

    return run


def test_equal_networks_have_equal_blocks(diff: Callable[..., str]) -> None:
    assert diff("model=lenet", "against=model=lenet").splitlines() == [
        "all 8 blocks are equal",
        "parameters 61,706 → 61,706",
        "MACs 416,520 → 416,520",
        "5 of 5 layers here would take the weights of the other (weights=ITS_RUN)",
    ]


@pytest.mark.parametrize(("words", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_the_page_on_it_shows_what_it_says(
    cnnlab: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    shown: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "118")
    cnnlab(*shlex.split(words), "hydra.run.dir=out")
    said = capsys.readouterr()
    assert [line.rstrip() for line in (said.out + said.err).splitlines()] == shown.splitlines()


def test_a_single_block_is_the_first_of_its_copies(diff: Callable[..., str]) -> None:
    said = diff("model=resnet18", "model.body.stage4.repeat=1", "against=model=resnet18")
    assert [line.split()[0] for line in said.splitlines()[2:-3]] == ["body.stage4.1", "head.pool", "head.fc", "9"]


def test_json_has_both_sides(diff: Callable[..., str]) -> None:
    new = "'model.body.new={block: norm, norm: {kind: group, groups: 4}, after: s4}'"
    words = f"model=lenet model.body.c1.channels=8 model.head.f6=null {new}"
    found = json.loads(diff("model=lenet", f"against={words}", "format=json"))
    assert found["params"][0] == 61_706
    assert found["input"] == [[1, 28, 28]] * 2
    blocks = {row["name"]: row for row in found["blocks"]}
    assert blocks["body.c1"]["settings"] == {"channels": [6, 8]}
    assert (blocks["body.c1"]["this"]["params"], blocks["body.c1"]["against"]["params"]) == (156, 208)
    assert blocks["body.c1"]["weights"] == {"layers": 1, "taken": 0, "notes": ["8×1×5×5 there, 6×1×5×5 here"]}
    assert blocks["head.f6"]["against"] is None
    assert blocks["body.new"]["this"] is None
    assert found["equal"] + len(blocks) == 9


def test_blocks_within_blocks_and_sources_are_compared(diff: Callable[..., str]) -> None:
    other = "model=squeezenet1_0 model.body.fire3.squeeze=8 model.body.fire5.from=pool4 data.size=64"
    found = json.loads(diff("model=squeezenet1_0", "data.size=64", f"against={other}", "format=json"))
    settings = {row["name"]: row["settings"] for row in found["blocks"]}
    assert settings["body.fire3"]["body.squeeze.channels"] == [16, 8]
    assert settings["body.fire3"]["body.expand.branches.one.channels"] == [64, 32]
    assert settings["body.fire5"] == {"from": [None, ["pool4"]]}


def test_auxiliary_heads_are_compared(diff: Callable[..., str]) -> None:
    head = "{pool: {block: global_avg_pool}, fc: {block: linear, features: classes}}"
    found = json.loads(
        diff("model=lenet", f"model.aux.early={{from: s2, head: {head}}}", "against=model=lenet", "format=json")
    )
    assert [row["name"] for row in found["blocks"]] == ["aux.early.head.pool", "aux.early.head.fc"]
    assert all(row["against"] is None for row in found["blocks"])
    assert found["params_aux"] == [70, 0]


def test_an_auxiliary_heads_place_and_weight_and_the_order_of_blocks_count(diff: Callable[..., str]) -> None:
    head = "{pool: {block: global_avg_pool}, fc: {block: linear, features: classes}}"
    aux, norm = f"model.aux.early={{from: s2, weight: 0.3, head: {head}}}", "model.body.n={block: norm, after: s2}"
    other = f"model=lenet '{aux.replace('s2', 'c1').replace('0.3', '0.5')}' '{norm.replace('s2', 'c1')}'"
    found = json.loads(diff("model=lenet", aux, norm, f"against={other}", "format=json"))
    settings = {row["name"]: row["settings"] for row in found["blocks"]}
    assert settings["aux.early.head.pool"] == {"aux.from": ["s2", "c1"], "aux.weight": [0.3, 0.5]}
    assert settings["body.n"] == {"after": ["body.s2", "body.c1"]}
    assert settings["body.s2"] == {"after": ["body.c1", "body.n"]}
    assert settings["body.c3"] == {"after": ["body.n", "body.s2"]}


def test_data_are_those_of_this_network(diff: Callable[..., str]) -> None:
    found = json.loads(diff("model=resnet18", "data=cifar10", "against=model=resnet34", "format=json"))
    assert found["input"] == [[3, 32, 32]] * 2
    said = diff("model=lenet", "data=cifar10", "against=model=lenet data=mnist")
    assert said.startswith("lenet data=cifar10 → lenet data=mnist")
    assert "images 3×32×32 → 1×28×28" in said


def test_a_file_cannot_say_what_to_compare_with(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "debug").mkdir()
    (tmp_path / "evil.py").write_text("raise SystemExit('run')")
    (tmp_path / "debug" / "bad.yaml").write_text("# @package _global_\nagainst: model=lenet plugins=evil\n")
    assert cnnlab("--config-dir", ".", "task=diff", "debug=bad") == 2
    assert "debug/bad.yaml:2:1  against: what is to be done" in capsys.readouterr().err


def test_brackets_are_shown_as_they_are(diff: Callable[..., str]) -> None:
    said = diff("model=lenet", "model.body.c1.kernel_size=[5,3]", "against=model=lenet")
    assert "model.body.c1.kernel_size=[5,3] → lenet" in said
    assert "kernel_size [5, 3] → 5" in said


def test_the_page_marks_the_blocks_that_differ(diff: Callable[..., str], tmp_path: Path) -> None:
    said = diff("model=resnet18", "against=model=resnet34 model.norm=none", "format=html")
    assert said.endswith("diff.html\n")
    page = (tmp_path / "out" / "diff.html").read_text(encoding="utf-8")
    assert page.count('class="flow"') == 2
    assert 'data-block="body.stage1" class="opens altered"' in page
    assert 'data-block="head.fc"' in page
    assert 'data-block="head.fc" class="altered"' not in page
    assert "norm batch → none" in page


@pytest.mark.parametrize(
    ("against", "lines"),
    [
        (
            "model=resnet3 modl.x=2",
            [
                "command line  against: model: there is no model 'resnet3'; did you mean 'resnet34'?",
                "command line  against: modl.x: cnnlab has no such setting; did you mean 'model'?",
            ],
        ),
        (
            "model=lenet model.body.c9.channels=2",
            ["command line  against: model.body.c9: there is no block 'c9' (a new one needs its kind: block: conv)"],
        ),
        ("model=lenet 'x", ["command line  against: model=lenet 'x: a quote without its end"]),
        (
            "-m model=lenet",
            [
                "command line  against: -m model=lenet: settings alone can stand here, "
                "as in 'model=resnet34 model.norm=none'"
            ],
        ),
        ("--frozen", ["command line  against: there is no option --frozen…"]),
        (
            "model=lenet,resnet18",
            ["command line  against: model: several values (lenet,resnet18) are more than one network"],
        ),
        (
            "model=lenet model.body.c3.kernel_size=40",
            [
                "command line  against: conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: conv with "
                "kernel_size 40, padding valid needs at least 40×40, has 14×14"
            ],
        ),
    ],
)
def test_what_is_wrong_in_against_is_told_with_its_place(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], against: str, lines: list[str]
) -> None:
    assert cnnlab("task=diff", "model=lenet", f"against={against}") == 2
    assert cut(stderr_lines(capsys), lines)[: len(lines)] == lines


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("task=diff", "against: task=diff compares with another network: against='model=resnet34 model.norm=none'"),
        (
            "task=diff model=lenet data.sze=3 against=model=lenet",
            "command line  data.sze: data has no such setting; did you mean 'size'?",
        ),
        ("task=summary against=model=lenet", "command line  against: is for task=diff, not for task=summary"),
    ],
)
def test_against_belongs_to_diff(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: str, line: str
) -> None:
    assert cnnlab(*words.split()) == 2
    assert stderr_lines(capsys)[-1].endswith(line)
