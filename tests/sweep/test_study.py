"""Studies: what their files may say, what is told about wrong ones, and that the shipped ones compose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import cut, stderr_lines
from tiny_run import CONF

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.check import check
from cnnlab.cli.grid import read_request
from cnnlab.config.compose import compose
from cnnlab.config.engine import start

STUDIES = sorted(file.stem for file in (CONF / "study").glob("*.yaml"))

STUDY = """\
question: Does it?
base: {model: lenet, data: synthetic}
factors:
  model.norm: [none, batch]
"""


def told(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], text: str, *words: str) -> list[str]:
    """What is said about a study's file."""
    folder = Path("mine/study")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.yaml").write_text(text)
    assert cnnlab("-cd", "mine", "study=x", "task=preflight", *words) == 2
    return stderr_lines(capsys)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name != "padding")) for name in STUDIES]
)
def test_every_shipped_study_composes_at_both_sizes_and_its_claims_are_about_what_is_there(name: str) -> None:
    hydra = start(CONF)
    for size in ("cpu", "full"):
        asked = read_request(hydra, read_arguments([f"study={name}", f"study.size={size}"]))
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
        (
            "[none, batch]",
            "[]",
            "mine/study/x.yaml:4:3  factors.model.norm: should list its values, or name its arms",
        ),
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


@pytest.mark.slow
def test_a_claim_about_a_block_that_is_not_there_is_told_before_anything_is_trained(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    claims = "claims: [{factor: model.norm, arm: batch, metric: layer/body.c7/params}]\n"
    said = "mine/study/x.yaml:1:43  claims[0].metric: there is no block 'body.c7'; did you mean 'body.c3'?"
    assert told(cnnlab, capsys, claims + STUDY) == [said]
    assert cnnlab("-cd", "mine", "study=x") == 2
    assert stderr_lines(capsys) == [said]
    assert not Path("outputs").exists()
    assert cnnlab("-cd", "mine", "study=x", "task=validate") == 2
    assert stderr_lines(capsys)[0] == said


AT = "mine/study/x.yaml:"
AT_ONCE: list[tuple[str, list[str]]] = [
    # its own names, those of its factors' settings, its claims
    (
        """\
qestion: Does it?
base: {model: lenet, data: synthetic}
factors: {model.nrm: [none, batch], optimizer.lr: [0.1, 0.2]}
claims: [{factor: optimizer.lr, arm: 0.3, metric: tset/acc}]
""",
        [
            "1:1  qestion: a study has no such setting; did you mean 'question'?",
            "3:11  model.nrm: a model has no such setting; did you mean 'norm'?",
            "4:43  claims[0].metric: no run records 'tset/acc'; did you mean 'test/acc'?",
            "4:33  claims[0].arm: optimizer.lr has no value '0.3'; did you mean '0.2'?",
        ],
    ),
    # settings that it may not set, its seeds, an arm's shapes, a claim
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic, plugins: [evil], hydra.run.dir: x}
factors: {pool: {max: {}, big: {model.kinds.max_pool.kernel_size: 50}}}
seeds: 0
claims: [{factor: pool, arm: bg}]
""",
        [
            "4:1  seeds: should be a number of seeds (at most 10,000), or a list of them",
            "2:39  base.plugins: is no setting that a study may set",
            "2:56  base.hydra.run.dir: is no setting that a study may set",
            "conf/model/lenet.yaml[s2]  model.body.s2: the feature map vanishes: max_pool with kernel_size 50, …",
            "    input 1×28×28 → c1 6×28×28 → s2 ✗",
            "5:25  claims[0].arm: pool has no value 'bg'; did you mean 'big'?",
        ],
    ),
    # data and shapes; what is tuned
    (
        """\
question: Does it?
base: {model: lenet, data.batch_size: 0}
factors: {model.body.c3.kernel_size: [5, 50]}
margin: -1
tuned: [lr]
""",
        [
            "4:1  margin: should be above 0, not -1",
            "2:22  data.batch_size: should be at least 1, not 0",
            "conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: conv with kernel_size 50, …",
            "    input …",
            "    works instead: …",
            "5:9  tuned[0]: 'lr' is not varied here; there are model.body.c3.kernel_size, seed",
        ],
    ),
    # several in one claim; what claims would need, were it not at fault, is no fault of theirs
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic}
factors: {model.norm: [none, batch]}
metrics: [shft]
target: 3
claims:
  - {factor: model.norm, arm: batch, metric: shift/acc_1}
  - {factor: model.norm, arm: batch, metric: epochs to target}
  - {factor: model.norm, arm: none, refrence: batch, margin: 0}
  - {factor: model.norn, arm: batch, margin: 0}
  - {factor: model.norm, arm: batch, metric: layer/body.c9/params}
  - {factor: model.norm, arm: batch, metric: seconds, scale: log, margin: 1, value: 0}
""",
        [
            "4:1  metrics: should be one of shift, gap, gradients, not 'shft'; did you mean 'shift'?",
            "5:1  target: should be below 1, not 3",
            "9:54  claims[2].margin: should be above 0, not 0",
            "9:37  claims[2].refrence: a claim has no such setting; did you mean 'reference'?",
            "10:38  claims[3].margin: should be above 0, not 0",
            "10:6  claims[3].factor: 'model.norn' is not varied here; did you mean 'model.norm'?",
            "11:38  claims[4].metric: there is no block 'body.c9'; did you mean 'body.c3'?",
            "12:67  claims[5].margin: is a ratio here and should be above 1, not 1",
            "12:78  claims[5].value: is compared as a ratio and should be above 0, not 0",
        ],
    ),
    # factors, arms and what is different at full size
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic, optimizer.lr: -1}
factors:
  model.norm: []
  pool: {max: 3, avg: {model.kinds.max_pool.blok: 3}}
full: {base: {task: test}, seeds: many}
claims: [{factor: pool, arm: max}, {factor: model.norm, arm: batch}, {factor: pool, arm: max, margin: x}]
""",
        [
            "6:28  full.seeds: should be a number of seeds (at most 10,000), or a list of them",
            "4:3  factors.model.norm: should list its values, or name its arms",
            "5:10  factors.pool.max: should be a mapping of the settings that make this arm",
            "6:15  full.base.task: is no setting that a study may set",
            "2:39  optimizer.lr: should be above 0, not -1",
            "5:24  model.kinds.max_pool.blok: max_pool has no such setting; there are kernel_size, …",
            "7:95  claims[2].margin: should be a number, not 'x'",
        ],
    ),
    # blocks to go through, of a network that is not there either
    (
        """\
question: Does it?
base: {model: lenett, data: synthetic, trainer.max_epochs: 0}
factors: {"each(model.body.c*).norm": batch}
claims: [{factor: "each(model.body.c*).norm", arm: c1, metric: layer/body.c1/params}, {factor: x}]
""",
        [
            "2:8  model: there is no model 'lenett'; did you mean 'lenet'?",
            "2:40  trainer.max_epochs: should be at least 1, not 0",
            "4:87  claims[1].arm: a claim about x needs the arm it is about",
        ],
    ),
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic, model.body.c1.chanels: 3}
factors: {"each(model.body.x*).norm": batch, model.norm: [none, bach]}
claims: [{factor: "each(model.body.x*).norm", arm: c1}, {factor: model.norm, arm: bach, metric: 3}]
""",
        [
            "3:11  each(model.body.x*).norm: no block is called 'model.body.x*'; did you mean 'model.body.s4'?",
            "2:39  model.body.c1.chanels: conv has no such setting; did you mean 'channels'?",
            "3:46  model.norm: should be one of batch, …",
            "4:89  claims[1].metric: should be text, not 3",
        ],
    ),
    # neither what is fixed nor what is varied can be read
    (
        """\
question: Does it?
base: [lenet]
factrs: {model.norm: [none, batch]}
claims: [{factor: model.norm, arm: batch, metric: seconds}]
show: [test/ac]
""",
        [
            "2:1  base: should be a mapping of settings, NAME: VALUE",
            "3:1  factrs: a study has no such setting; did you mean 'factors'?",
            "4:10  claims[0].margin: seconds has no margin that goes without saying: the smallest difference that …",
            "5:8  show[0]: no run records 'test/ac'; did you mean 'test/acc'?",
        ],
    ),
    # names that YAML does not read as text
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic, on: 3, augment.flip: maybe}
factors: {model.norm: [none, batch]}
claims: [{factor: model.norm, arm: batc}]
""",
        [
            "2:39  'on', which YAML reads as bool, cannot be a name; put it in quotes, or write another",
            "2:46  augment.flip: should be true or false, not 'maybe'",
            "4:31  claims[0].arm: model.norm has no value 'batc'; did you mean 'batch'?",
        ],
    ),
    # claims that say rightly what the factors misspell
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic}
factors: {model.nrm: [none, batch], model.act: [relu, sigmod]}
claims: [{factor: model.norm, arm: batch}, {factor: model.act, arm: sigmoid, metric: tset/acc}]
""",
        [
            "3:11  model.nrm: a model has no such setting; did you mean 'norm'?",
            "3:37  model.act: should be one of relu, …",
            "4:78  claims[1].metric: no run records 'tset/acc'; did you mean 'test/acc'?",
        ],
    ),
    # of more jobs than anybody would wait for some are looked at
    (
        """\
question: Does it?
base: {model: lenet, data: synthetic}
factors: {model.norm: [none, bach], optimizer.lr: [1, 2, 3, 4, 5, 6, 7, 8, 9, -10]}
seeds: 1000
claims: [{factor: model.norm, arm: x}]
""",
        [
            "3:1  this makes 20,000 jobs; 10,000 are the most",
            "3:11  model.norm: should be one of batch, …",
            "3:37  optimizer.lr: should be above 0, not -10",
            "5:31  claims[0].arm: model.norm has no value 'x'; there are none, bach",
        ],
    ),
]


LONG = (2, 6, 8, 9, 10)
"""those of many jobs, or of a kind that another one is of"""


@pytest.mark.parametrize(
    ("text", "said"),
    [pytest.param(*case, id=str(n), marks=[pytest.mark.slow] * (n in LONG)) for n, case in enumerate(AT_ONCE)],
)
def test_all_that_is_wrong_in_a_study_is_told_at_once_and_what_follows_from_it_is_not(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], text: str, said: list[str]
) -> None:
    wanted = [f"{AT}{one}" if one[0].isdigit() else one for one in said]
    assert cut(told(cnnlab, capsys, text), wanted) == wanted


def test_a_faulty_full_size_hides_nothing_else(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    text = "full: {base: {task: test, loss.label_smoothing: 2}, factors: {model.act: []}}\n"
    text += "claims: [{factor: model.act, arm: x}]\n"
    assert told(cnnlab, capsys, text + STUDY, "study.size=full") == [
        f"{AT}1:15  full.base.task: is no setting that a study may set",
        f"{AT}1:63  full.factors.model.act: should list its values, or name its arms",
        f"{AT}1:27  loss.label_smoothing: should be below 1, not 2",
    ]


def test_what_is_wrong_on_the_command_line_is_told_with_what_is_wrong_in_the_study(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    text = STUDY + "claims: [{factor: model.norm, arm: x}]\n"
    words = ["optimizer.lr=range(0,1e9)", "model.act=rlu", "each(model.body.x*).norm=none", "hydra/launcher=basic"]
    wanted = [
        "command line  each(model.body.x*).norm: no block is called 'model.body.x*'; did you mean 'model.body.s4'?",
        "command line  optimizer.lr: is a range of more than 10,000 values",
        "command line  model.act: should be one of relu, …",
        f"{AT}5:31  claims[0].arm: model.norm has no value 'x'; there are none, batch",
        "command line  study: runs by cnnlab's own means; leave hydra/launcher and the like out",
    ]
    assert cut(told(cnnlab, capsys, text, *words), wanted) == wanted


@pytest.mark.parametrize("more", [[], ["hydra/launcher=basic"]])
def test_of_a_sweep_that_is_too_large_some_jobs_are_looked_at_whoever_would_run_it(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    words = ["-m", "data=synthetic", "model.norm=none,bach", "seed=range(0,9000)", "data.subset=range(1,3)"]
    assert cnnlab(*words, *more) == 2
    wanted = [
        "command line  this makes 36,000 jobs; 10,000 are the most",
        "command line  model.norm: should be one of …",
    ]
    assert cut(stderr_lines(capsys), wanted) == wanted


def test_a_study_that_is_not_there_is_told(cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    absent = "command line  study: there is no study 'batchnrm'; did you mean 'batchnorm'?"
    size = "command line  study.size: should be one of cpu, full, not 'huge'"
    assert cnnlab("study=batchnrm") == 2
    assert stderr_lines(capsys) == [absent]
    assert cnnlab("study=batchnorm", "study.size=huge") == 2
    assert stderr_lines(capsys) == [size]
    assert cnnlab("study=batchnrm", "study.size=huge") == 2
    assert stderr_lines(capsys) == [absent, size]


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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert stderr_lines(capsys)[0].startswith(
        "command line  each(model.body.x*).norm: no block is called 'model.body.x*'"
    )


def test_preflight_tells_all_jobs_faults_at_once_and_which_are_the_same(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", "task=preflight", "data=synthetic", "threads=1"]
    assert cnnlab(*words, "model.norm=none,grup", "optimizer.lr=0.1,-1", "seed=0,1") == 2
    said = stderr_lines(capsys)
    assert len(said) == 2
    assert said[0] == "command line  optimizer.lr: should be above 0, not -1"
    assert said[1].startswith("command line  model.norm: should be one of batch, group")
    assert cnnlab(*words, "model.norm=none,null", "format=json") == 0
    assert [arm["same_as"] for arm in json.loads(capsys.readouterr().out)["arms"]] == [None, "norm=none"]
